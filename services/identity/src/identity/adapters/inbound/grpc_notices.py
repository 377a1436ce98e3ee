"""The part of IdentityService that mails what other services noticed."""

from collections.abc import Mapping
from typing import Any

from tintype.identity.v1 import identity_pb2 as pb

from identity.adapters.inbound import fields
from identity.application.mail_news import MailNews, MailNewsHandler
from identity.domain.errors import InvalidField
from identity.domain.identifiers import EventId
from identity.domain.mail import Notice

# What a mail says of each reason; of one that this release does not know, that there is something.
_WHY: Mapping[int, str] = {
    pb.WEBHOOK_DISABLED_REASON_GONE: "it answered that it is gone (410)",
    pb.WEBHOOK_DISABLED_REASON_FAILING: "nothing that was sent there arrived for days",
}


class NoticeAnswers:
    """Answers the call; refusals rise as domain errors."""

    _mail_news: MailNewsHandler

    async def TellWebhookDisabled(
        self, request: pb.TellWebhookDisabledRequest, context: Any
    ) -> pb.TellWebhookDisabledResponse:
        """See the contract. Endpoint and moment say which news it is: told again, it is mailed once."""
        disabled_at = fields.moment(request, "disabled_at")
        if disabled_at is None:
            raise InvalidField("When it was disabled is missing.", field="disabled_at")
        endpoint_id = fields.endpoint_id(request.endpoint_id)
        await self._mail_news(
            MailNews(
                event_id=EventId(f"webhook_disabled.{endpoint_id}.{disabled_at.isoformat()}"),
                user_id=fields.user_id(request.user_id),
                notice=Notice.WEBHOOK_DISABLED,
                details={
                    "host": fields.host(request.host),
                    "why": _WHY.get(request.reason, "something there is to be looked at"),
                },
                happened_at=disabled_at,
            )
        )
        return pb.TellWebhookDisabledResponse()
