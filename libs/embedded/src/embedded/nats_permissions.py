"""Who may publish and read what: a service publishes its own facts and no others.

The subjects under `$JS.API` are JetStream's own API (NATS documentation, "NATS API Reference").
"""

ADMIN = "admin"

# Whose facts each service listens to.
LISTENS_TO: dict[str, tuple[str, ...]] = {
    "identity": (),
    "billing": ("identity",),
    "ledger": ("identity", "billing", "generation"),
    "generation": ("ledger",),
    "gateway": ("identity", "billing", "ledger", "generation"),
}

# Services that publish facts, and so own a stream.
PRODUCERS = ("identity", "billing", "ledger", "generation")


def permissions(user: str) -> dict[str, dict[str, list[str]]]:
    """Return one user's permissions in the form of NATS' configuration."""
    publish = ["$JS.API.INFO", "$JS.API.STREAM.NAMES"]
    subscribe = [f"_INBOX_{user}.>"]
    if user in PRODUCERS:
        stream = user.upper()
        publish += [
            f"tintype.{user}.v1.>",
            f"$JS.API.STREAM.CREATE.{stream}",
            f"$JS.API.STREAM.UPDATE.{stream}",
            f"$JS.API.STREAM.INFO.{stream}",
        ]
    for context in LISTENS_TO.get(user, ()):
        publish += _reading(user, context.upper())
    if user == "gateway":
        subscribe.append("tintype.>")
    return {"publish": {"allow": publish, "deny": _of_others(user)}, "subscribe": {"allow": subscribe}}


def _reading(user: str, stream: str) -> list[str]:
    # The gateway's consumers live as long as a client's connection, under names of their own; those of the
    # others are durable.
    names = ["*"] if user == "gateway" else _durables(user)
    subjects = [f"$JS.API.STREAM.INFO.{stream}"]
    for name in names:
        subjects += _consuming(stream, name)
    if user == "gateway":
        subjects += [f"$JS.API.CONSUMER.DELETE.{stream}.*", f"$JS.FC.{stream}.>"]
    return subjects


def _of_others(user: str) -> list[str]:
    """What nobody else may do to a service's durable consumers: take, acknowledge, change or delete."""
    return [
        subject
        for other, contexts in LISTENS_TO.items()
        if other not in (user, "gateway")
        for context in contexts
        for name in _durables(other)
        for subject in (
            *_consuming(context.upper(), name),
            f"$JS.API.CONSUMER.DELETE.{context.upper()}.{name}",
        )
    ]


def _durables(user: str) -> list[str]:
    return [user, f"{user}-worker"]


def _consuming(stream: str, name: str) -> list[str]:
    return [
        f"$JS.API.CONSUMER.CREATE.{stream}.{name}",
        f"$JS.API.CONSUMER.CREATE.{stream}.{name}.>",
        f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{name}",
        f"$JS.API.CONSUMER.INFO.{stream}.{name}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}",
        f"$JS.ACK.{stream}.{name}.>",
    ]
