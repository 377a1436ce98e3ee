"""What people read of webhooks: events, states, and why something did not arrive."""

from gateway.adapters.inbound.console.languages import gettext_noop
from gateway.domain.webhook import AttemptError, DeliveryState, DisabledReason, WebhookEvent

EVENTS = {
    WebhookEvent.GENERATION_SUCCEEDED: gettext_noop("A generation succeeded"),
    WebhookEvent.GENERATION_FAILED: gettext_noop("A generation failed"),
    WebhookEvent.GENERATION_CANCELLED: gettext_noop("A generation was cancelled"),
    WebhookEvent.CREDITS_LOW: gettext_noop("Credits run low"),
    WebhookEvent.CREDITS_CHARGED: gettext_noop("Credits were charged"),
    WebhookEvent.PAYMENT_COMPLETED: gettext_noop("A payment came"),
    WebhookEvent.PAYMENT_REFUNDED: gettext_noop("A payment was refunded"),
}
STATES = {
    DeliveryState.PENDING: gettext_noop("waiting"),
    DeliveryState.SUCCEEDED: gettext_noop("delivered"),
    DeliveryState.FAILED: gettext_noop("given up"),
}
ERRORS = {
    AttemptError.TIMEOUT: gettext_noop("took too long"),
    AttemptError.CONNECTION: gettext_noop("could not be reached"),
    AttemptError.TLS: gettext_noop("its certificate is not valid"),
    AttemptError.ADDRESS_REFUSED: gettext_noop("its address is not a public one"),
    AttemptError.ENDPOINT_DISABLED: gettext_noop("the endpoint was turned off"),
    AttemptError.INTERNAL: gettext_noop("a mistake of ours"),
}
DISABLED = {
    DisabledReason.OWNER: gettext_noop("Off"),
    DisabledReason.GONE: gettext_noop("Off: it answered 410"),
    DisabledReason.FAILING: gettext_noop("Off: nothing arrived for days"),
}
SAID = {
    "TOO_MANY_WEBHOOK_ENDPOINTS": gettext_noop("You have as many as there can be. Remove one first."),
    "WEBHOOKS_OFF": gettext_noop("Webhooks are not set up here."),
}
