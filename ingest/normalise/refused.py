"""What cannot be understood: whole events, and single values of otherwise good ones."""

from dataclasses import dataclass
from typing import Any

from graph.errors import KindredError

ECHO_CHARACTERS = 80
"""Messages quote no more of a value than this."""


class EventRefused(KindredError):  # noqa: N818 - states what was observed, as the others do
    """An event that cannot be taken at all.

    ``code`` is one of ``malformed_json``, ``not_an_object``, ``event_too_large``, ``too_deep``, ``unknown_event_type``,
    ``invalid_field``, ``too_many_identifiers``, ``timestamp_out_of_range``, ``no_identifier``. ``field`` is the path of the
    field at fault, None where it is the whole.
    """

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


@dataclass(frozen=True, slots=True)
class Unusable:
    """A value that is no evidence; ``reason`` is a sentence that states what was observed."""

    reason: str


def quoted(value: Any) -> str:
    """A value for a message, on one line, cut to ``ECHO_CHARACTERS``."""
    text = value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)
    return repr(text[:ECHO_CHARACTERS])[: ECHO_CHARACTERS + 2]


def kind_of(value: Any) -> str:
    """A JSON value's kind, for a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
