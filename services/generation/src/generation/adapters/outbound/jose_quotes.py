"""Quotes as JSON Web Tokens, signed with HMAC-SHA256."""

from datetime import UTC, datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ValidationError

from generation.domain.errors import InvalidQuote
from generation.domain.identifiers import AccountId, ModelId, QuoteId
from generation.domain.quote import Quote

ALGORITHM = "HS256"
AUDIENCE = "tintype.quote"
SIGNED_BYTES_MAX = 2048


class QuoteClaims(BaseModel, strict=True):
    """What is signed."""

    aud: str
    sub: str
    model: str
    input_sha256: str
    credits: int
    exp: int


class JoseQuoteSigner:
    """One secret, shared by every replica of the API."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret.encode())

    def sign(self, quote: Quote) -> QuoteId:
        claims = QuoteClaims(
            aud=AUDIENCE,
            sub=quote.account_id,
            model=quote.model_id,
            input_sha256=quote.input_sha256,
            credits=quote.credits,
            exp=int(quote.expires_at.timestamp()),
        )
        return QuoteId(jwt.encode({"alg": ALGORITHM}, claims.model_dump(), self._key))

    def open(self, signed: QuoteId) -> Quote:
        if len(signed) > SIGNED_BYTES_MAX:
            raise InvalidQuote("the quote is too long to be one")
        try:
            token = jwt.decode(signed, self._key, algorithms=[ALGORITHM])
            claims = QuoteClaims.model_validate(token.claims)
        except (JoseError, ValidationError, ValueError) as error:
            raise InvalidQuote("the quote was not signed here") from error
        if claims.aud != AUDIENCE:
            raise InvalidQuote("the token is no quote")
        return Quote(
            account_id=AccountId(claims.sub),
            model_id=ModelId(claims.model),
            input_sha256=claims.input_sha256,
            credits=claims.credits,
            expires_at=datetime.fromtimestamp(claims.exp, tz=UTC),
        )
