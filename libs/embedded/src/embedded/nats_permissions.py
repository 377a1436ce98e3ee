"""Who may publish and read what: a service publishes its own facts and no others.

Whose facts each service hears stands in deploy/topology.toml. The subjects under `$JS.API` are JetStream's
own API (NATS documentation, "NATS API Reference").
"""

from embedded.topology import Service, topology

ADMIN = "admin"


def permissions(user: str) -> dict[str, dict[str, list[str]]]:
    """Return one service's permissions in the form of NATS' configuration. Raises KeyError for no service."""
    service = topology().services[user]
    publish = ["$JS.API.INFO", "$JS.API.STREAM.NAMES"]
    subscribe = [f"_INBOX_{user}.>"]
    if service.publishes:
        stream = user.upper()
        publish += [
            f"tintype.{user}.v1.>",
            f"$JS.API.STREAM.CREATE.{stream}",
            f"$JS.API.STREAM.UPDATE.{stream}",
            f"$JS.API.STREAM.INFO.{stream}",
        ]
    if service.internal_messages:
        # Outside of `tintype.`: in no stream, and heard by nobody else.
        publish.append(f"internal.{user}.>")
        subscribe.append(f"internal.{user}.>")
    for context in service.listens_to:
        publish += _reading(service, context.upper())
    if service.ephemeral_consumers:
        subscribe.append("tintype.>")
    return {"publish": {"allow": publish, "deny": _of_others(user)}, "subscribe": {"allow": subscribe}}


def _reading(service: Service, stream: str) -> list[str]:
    # Consumers that are not durable live as long as a client's connection, under names of their own; those
    # of others are denied by name.
    names = ["*"] if service.ephemeral_consumers else _durables(service.name)
    subjects = [f"$JS.API.STREAM.INFO.{stream}"]
    for name in names:
        subjects += _consuming(stream, name)
    if service.ephemeral_consumers:
        subjects += [f"$JS.API.CONSUMER.DELETE.{stream}.*", f"$JS.FC.{stream}.>"]
    return subjects


def _of_others(user: str) -> list[str]:
    """List what nobody else may do to a service's durable consumers: take, acknowledge, change or delete."""
    return [
        subject
        for other in topology().services.values()
        if other.name != user
        for context in other.listens_to
        for name in _durables(other.name)
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
