"""Ids, so that one can't be taken for another."""

from typing import NewType

AccountId = NewType("AccountId", str)
EventId = NewType("EventId", str)
