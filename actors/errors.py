"""One tree of errors: each class says what the caller does next.

The edges map the tree to their own terms (HTTP status, GraphQL extension, FIX reason) by ``code`` and ``status``; the
wire carries an error as the mapping of ``AlphaMindError.describe`` and ``from_description`` raises it again on the
other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class AlphaMindError(Exception):
    """Base of every error that AlphaMind raises on purpose.

    Args:
        message: One sentence a person understands.
        field: The input at fault, as a path (``orders[3].quantity``), or ``None``.
        value: The offending value as received.
        rule: What was expected.
        remedy: The way out.
        code: A stable code, ``CATEGORY_CONDITION``; the class's own by default.
    """

    default_code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        value: Any = None,
        rule: str | None = None,
        remedy: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value
        self.rule = rule
        self.remedy = remedy
        self.code = code or self.default_code

    def describe(self) -> dict[str, Any]:
        """Return the error as plain data, without the parts that are empty."""
        parts = {
            "kind": type(self).__name__,
            "code": self.code,
            "message": self.message,
            "field": self.field,
            "value": None if self.value is None else str(self.value)[:200],
            "rule": self.rule,
            "remedy": self.remedy,
        }
        return {name: part for name, part in parts.items() if part is not None}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by description, so that the error crosses a Ray call whole."""
        return from_description, (self.describe(),)

    def __str__(self) -> str:
        """Return the sentence, then field, value, rule and remedy where they are known."""
        details = [
            f"{name}: {getattr(self, name)}"
            for name in ("field", "value", "rule", "remedy")
            if getattr(self, name) is not None
        ]
        return f"{self.message} ({'; '.join(details)})" if details else self.message


class InputError(AlphaMindError):
    """The request is wrong as it stands: correct it, then send it again. Nothing was changed."""

    default_code = "INPUT_INVALID"
    status = 422


class ConfigurationError(InputError):
    """The configuration is wrong: mend the named key in the named file."""

    default_code = "CONFIGURATION_INVALID"


class DataError(InputError):
    """A data source as a whole can't be read: mend the file or its column mapping."""

    default_code = "DATA_UNREADABLE"


class OrderRejected(InputError):
    """An order was refused by the gate or the venue; it is journaled and can't be sent again under its id."""

    default_code = "ORDER_REJECTED"


class NotFound(AlphaMindError):
    """What was asked for does not exist (or not for this caller)."""

    default_code = "RESOURCE_NOT_FOUND"
    status = 404


class Conflict(AlphaMindError):
    """The request contradicts what is already there: look at the present state, then decide."""

    default_code = "STATE_CONFLICT"
    status = 409


class Unauthenticated(AlphaMindError):
    """Who is asking is not known: get a token."""

    default_code = "AUTHENTICATION_REQUIRED"
    status = 401


class Forbidden(AlphaMindError):
    """The caller is known and may not do this: ask for the scope."""

    default_code = "PERMISSION_DENIED"
    status = 403


class Unavailable(AlphaMindError):
    """Not now: the same request may succeed later. Nothing was changed."""

    default_code = "SERVICE_UNAVAILABLE"
    status = 503


class PeerLost(Unavailable):
    """The connection broke while a request was under way: it may have run. Ask by key before sending again."""

    default_code = "PEER_LOST"


class ResourcesShort(Unavailable):
    """The machine or cluster has too little of something: free or add what is named."""

    default_code = "RESOURCES_SHORT"


class ProtocolError(AlphaMindError):
    """The other side does not speak this version of the wire protocol: align the versions."""

    default_code = "PROTOCOL_VIOLATION"
    status = 400


class JournalError(AlphaMindError):
    """The journal can't be used: stop, and do not trade on."""

    default_code = "JOURNAL_FAILED"
    status = 503


class JournalCorrupt(JournalError):
    """A record is not what was written: ``field`` names the segment, ``value`` the record. Restore from a copy."""

    default_code = "JOURNAL_CORRUPT"


class JournalFenced(JournalError):
    """A newer owner holds the lease: this process is a stale copy and must end without touching anything."""

    default_code = "JOURNAL_FENCED"


def _tree(root: type[AlphaMindError]) -> dict[str, type[AlphaMindError]]:
    found = {root.__name__: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def from_description(description: Mapping[str, Any]) -> AlphaMindError:
    """Rebuild the error that ``AlphaMindError.describe`` described; an unknown kind becomes the base class."""
    kind = _tree(AlphaMindError).get(str(description.get("kind")), AlphaMindError)
    parts = {name: description.get(name) for name in ("field", "value", "rule", "remedy", "code")}
    return kind(str(description.get("message", "unknown error")), **parts)
