"""Identifiers: a prefix that people recognise and a UUIDv7, which sorts by the time it was made."""

import uuid_utils


def new_id(prefix: str) -> str:
    """Return a fresh id such as `gen_0192f0c1...`: the prefix, an underscore and 32 hex digits."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


class UuidIds:
    """Makes ids; fits every service's `IdSource` port."""

    def new(self, prefix: str) -> str:
        """Return a fresh id with this prefix."""
        return new_id(prefix)
