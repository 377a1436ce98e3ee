"""Messages from a descriptor: what a caller sends, and here and there what only the types allow."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

DEPTH_MAX = 4
ITEMS_MAX = 3
# Of a field: left out, odd, or usual. Numbers would be drawn from their ends more often than not.
_FATES = st.sampled_from([0, 1, *[2] * 14])

Usual = Mapping[str, Sequence[Any]]

# What callers send, by the name of the field; for others a text or a number that is as good as any.
USUAL: Usual = {
    "account_id": ["usr_1"],
    "user_id": ["usr_1"],
    "amount": [1, 5, 40],
    "source": ["welcome", "payment:pi_1"],
    "payment_id": ["pi_1"],
    "cause": ["refund", "dispute:dp_1"],
    "reservation_id": ["res_1"],
    "ttl_s": [60, 900],
    "page_size": [0, 5],
    "page_token": [""],
    "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    "email": [f"ana_{number}@example.com" for number in range(200)],
    "password": ["the analytical engine"],
    "client_address": [f"203.0.113.{number}" for number in range(200)],
    "model_id": ["local/sketch"],
    "model": ["local/sketch"],
    "quote_id": [""],
    "providers": ["local"],
    "pack_id": ["starter"],
    "success_url": ["https://app.example/thanks"],
    "cancel_url": ["https://app.example/packs"],
    "avatar_url": ["https://example.com/a.png"],
}
# What no id, name, page token, address or time can be, or what is only just one.
ODD_TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "usr_1 ",
            "usr_1.",
            "usr..1",
            "a\x00b",
            "\x00",
            "\n",
            "\x7f",
            "\ufffe",
            "🦊\u200d",
            "-1",
            "9" * 40,
            "AAAA",
            "{}",
            "payment:",
            "https://example.com/\x00",
            "x" * 20_000,
        ]
    ),
    st.text(max_size=20),
)
_DAY_S = 86_400
_NOW_S = 1_767_225_600
USUAL_TIMES = st.integers(-3, 3).map(lambda days: Timestamp(seconds=_NOW_S + days * _DAY_S))
ODD_TIMES = st.builds(
    Timestamp,
    seconds=st.sampled_from([-(2**63), -62_135_596_801, -62_135_596_800, 0, 253_402_300_799, 2**63 - 1]),
    nanos=st.sampled_from([-1, 0, 999_999_999, 10**9, 2**31 - 1]),
)
USUAL_DOCUMENTS = st.sampled_from([{}, {"prompt": "a fox"}, {"prompt": "a fox", "seed": 1}]).map(
    lambda document: ParseDict(document, Struct())
)
_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def messages(descriptor: Descriptor, usual: Usual, depth: int = 0) -> st.SearchStrategy[Message]:
    """Messages of a type: most fields are as a caller would set them, a few are not; so that what is odd
    is met in the midst of what is fine, and what is fine gets far."""
    make = GetMessageClass(descriptor)

    @st.composite
    def message(draw: st.DrawFn) -> Message:
        made = make()
        for field in descriptor.fields:
            if field.message_type is not None and depth >= DEPTH_MAX:
                continue
            if (fate := draw(_FATES)) == 0:
                continue
            _fill(draw, made, field, usual, depth, is_odd=fate == 1)
        return made

    return message()


def corrupt(whole: bytes) -> st.SearchStrategy[bytes]:
    """The bytes of a message with one changed, cut off or added: most of them are no message."""

    @st.composite
    def bytes_of(draw: st.DrawFn) -> bytes:
        place = draw(st.integers(0, len(whole)))
        changed = draw(st.binary(min_size=1, max_size=3))
        return whole[:place] + changed + whole[place + draw(st.integers(0, 3)) :]

    return bytes_of()


def _fill(
    draw: st.DrawFn, message: Any, field: FieldDescriptor, usual: Usual, depth: int, *, is_odd: bool
) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _fill_map(
            draw, getattr(message, field.name), field.message_type.fields_by_name, usual, depth, is_odd=is_odd
        )
    elif field.is_repeated:
        for _ in range(draw(st.integers(0, ITEMS_MAX)) if is_odd else 1):
            getattr(message, field.name).append(draw(_values(field, usual, depth, is_odd=is_odd)))
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(draw(_values(field, usual, depth, is_odd=is_odd)))
    else:
        setattr(message, field.name, draw(_values(field, usual, depth, is_odd=is_odd)))


def _fill_map(draw: st.DrawFn, entries: Any, fields: Any, usual: Usual, depth: int, *, is_odd: bool) -> None:
    for _ in range(draw(st.integers(0, ITEMS_MAX)) if is_odd else 1):
        key = draw(_values(fields["key"], usual, depth, is_odd=is_odd))
        value = draw(_values(fields["value"], usual, depth, is_odd=is_odd))
        if fields["value"].message_type is None:
            entries[key] = value
        else:
            entries[key].CopyFrom(value)


def _values(field: FieldDescriptor, usual: Usual, depth: int, *, is_odd: bool) -> st.SearchStrategy[Any]:
    kind = field.message_type
    if kind is None:
        return _odd(field) if is_odd else _usual(field, usual)
    if kind.full_name == "google.protobuf.Timestamp":
        return ODD_TIMES if is_odd else USUAL_TIMES
    if kind.full_name == "google.protobuf.Struct" and not is_odd:
        return USUAL_DOCUMENTS
    return messages(kind, usual, depth + 1)


def _usual(field: FieldDescriptor, usual: Usual) -> st.SearchStrategy[Any]:
    if field.name in usual:
        return st.sampled_from(usual[field.name])
    if field.cpp_type in _INTEGERS:
        return st.integers(1, 5)
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_ENUM:
            return st.sampled_from([one.number for one in field.enum_type.values if one.number] or [0])
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return st.just(0.5)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.just(b"{}")
    return st.integers(1, 1_000).map(lambda number: f"{field.name}_{number}")


def _odd(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.cpp_type in _INTEGERS:
        least, most = _INTEGERS[field.cpp_type]
        return st.sampled_from([least, least + 1, -1 if least else 2, 0, most - 1, most])
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_ENUM:
            return st.sampled_from([0, 99, -1])
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return st.sampled_from([0.0, -1.0, 1e300, float("nan"), float("inf"), float("-inf")])
    return st.binary(max_size=64) if field.type == FieldDescriptor.TYPE_BYTES else ODD_TEXTS
