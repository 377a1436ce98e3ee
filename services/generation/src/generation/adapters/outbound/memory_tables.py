"""What memory keeps in place of a database, for tests."""

from dataclasses import dataclass, field
from datetime import datetime

from generation.domain.attempt import Attempt
from generation.domain.collection import Collection
from generation.domain.entitlements import Entitlements
from generation.domain.events import Event
from generation.domain.generation import Generation
from generation.domain.identifiers import (
    AccountId,
    AttemptId,
    CollectionId,
    EventId,
    GenerationId,
    ShareId,
)
from generation.domain.output import Output
from generation.domain.share import Share
from generation.ports.answers import StoredAnswer


@dataclass
class Tables:
    """Everything that is stored."""

    generations: dict[GenerationId, Generation] = field(default_factory=dict)
    attempts: dict[AttemptId, Attempt] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    shares: dict[ShareId, Share] = field(default_factory=dict)
    entitlements: dict[AccountId, Entitlements] = field(default_factory=dict)
    collections: dict[CollectionId, Collection] = field(default_factory=dict)
    # Which job is in which collection.
    collected: set[tuple[CollectionId, GenerationId]] = field(default_factory=set)
    deletions: dict[str, datetime] = field(default_factory=dict)
    answers: dict[AttemptId, StoredAnswer] = field(default_factory=dict)
    # Workers whose process is there.
    living: set[str] = field(default_factory=set)
    inbox: set[EventId] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
