"""The base of request bodies: unknown fields are refused, and nothing is echoed."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.price import Price
from gateway.domain.subscription import BillingInterval

Email = Annotated[
    str, Field(min_length=3, max_length=320, description="An email address.", examples=["ada@example.com"])
]
Password = Annotated[
    str,
    Field(
        min_length=1, max_length=1024, description="A password.", examples=["correct horse battery staple"]
    ),
]
Token = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4096,
        description="A token that was given or mailed, whole.",
        examples=["rt_q83vEjRWeJq83v8TVnearA"],
    ),
]
Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="Six digits of an authenticator app, or a recovery code.",
        examples=["492039"],
    ),
]
_CLIENT_DATA = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoicnRydjFZMVEifQ"
PasskeyAnswer = Annotated[
    dict[str, Any],
    Field(
        description="What `navigator.credentials.get` gave, as `toJSON()` writes it; at most 16 KiB.",
        examples=[
            {
                "id": "Y3JlZGVudGlhbA",
                "rawId": "Y3JlZGVudGlhbA",
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": _CLIENT_DATA,
                    "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
                    "signature": "MEUCIQDx",
                    "userHandle": "dXNyXzAxOTMyNGEx",
                },
            }
        ],
    ),
]
NewPasskeyAnswer = Annotated[
    dict[str, Any],
    Field(
        description="What `navigator.credentials.create` gave, as `toJSON()` writes it; at most 16 KiB.",
        examples=[
            {
                "id": "Y3JlZGVudGlhbA",
                "rawId": "Y3JlZGVudGlhbA",
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": _CLIENT_DATA,
                    "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YQ",
                    "transports": ["internal"],
                },
            }
        ],
    ),
]
Url = Annotated[str, Field(max_length=2048)]
# A word of JSON is a text: a strict body would take nothing but the member itself.
Interval = Annotated[BillingInterval, Field(strict=False, examples=["month"])]


class Body(BaseModel):
    """A JSON object with known fields of the exact types."""

    model_config = ConfigDict(
        extra="forbid", strict=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


class ExpectedPrice(Body):
    """What the caller was shown; 409 `PRICE_CHANGED` when something else is asked by now."""

    price_minor: Annotated[int, Field(ge=0, le=1_000_000_000_000, examples=[1000])]
    """The price, in the currency's smallest unit."""
    currency: Annotated[str, Field(pattern="^[a-z]{3}$", examples=["usd"])]
    """ISO 4217, in small letters."""

    def price(self) -> Price:
        """Return it as a price."""
        return Price(price_minor=self.price_minor, currency=self.currency)


def price_of(expected: ExpectedPrice | None) -> Price | None:
    """Return what was shown, where the caller says it."""
    return expected.price() if expected else None
