"""What memory keeps in place of a database, for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from generation.domain.attempt import Attempt
from generation.domain.awaited_upload import AwaitedUpload
from generation.domain.collection import Collection
from generation.domain.entitlements import Entitlements
from generation.domain.events import AccountErased, Event
from generation.domain.generation import Generation
from generation.domain.identifiers import (
    AccountId,
    AttemptId,
    CollectionId,
    EventId,
    GenerationId,
    OutputId,
    ShareId,
    UploadId,
)
from generation.domain.input_media import UsedMedia
from generation.domain.output import Output, Part
from generation.domain.share import Share
from generation.domain.upload import Upload
from generation.ports.answers import StoredAnswer


@dataclass
class Tables:
    """Everything that is stored."""

    generations: dict[GenerationId, Generation] = field(default_factory=dict)
    attempts: dict[AttemptId, Attempt] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    # What is kept beside outputs.
    texts: dict[OutputId, Mapping[Part, bytes]] = field(default_factory=dict)
    shares: dict[ShareId, Share] = field(default_factory=dict)
    entitlements: dict[AccountId, Entitlements] = field(default_factory=dict)
    collections: dict[CollectionId, Collection] = field(default_factory=dict)
    # Which job is in which collection.
    collected: set[tuple[CollectionId, GenerationId]] = field(default_factory=set)
    uploads: dict[UploadId, Upload] = field(default_factory=dict)
    awaited_uploads: dict[UploadId, AwaitedUpload] = field(default_factory=dict)
    # Which job was given which file.
    used_media: list[UsedMedia] = field(default_factory=list)
    deletions: dict[str, datetime] = field(default_factory=dict)
    answers: dict[AttemptId, StoredAnswer] = field(default_factory=dict)
    # Workers whose process is there.
    living: set[str] = field(default_factory=set)
    inbox: set[EventId] = field(default_factory=set)
    # When each erasure was finished.
    erasures: dict[AccountId, datetime | None] = field(default_factory=dict)
    events: list[Event | AccountErased] = field(default_factory=list)
