"""How far a subscriber to a journey has been told, as an opaque cursor that holds nothing of a person.

Touchpoints come in the order in which they were written, by the database's clock. A transaction may become visible a while after
its time of writing, so a time alone would lose some: up to ``until`` everything is told, and what was told of what was written
later is known by hash. An identifier that enters the person brings all its touchpoints, whenever they were written: which
identifiers are covered is known by hash, too. ADR 29 says why.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from api.errors import InvalidArgument
from api.types.pages import decode, encode
from graph.model.live import ArrivalPoint

FORMAT: Final = 1
HASH_BYTES: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What was told of an identifier before it left the person: what stands up to ``until`` in the order, and ``told``."""

    until: ArrivalPoint
    told: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What has been told. Identifiers and touchpoints stand here as ``hash_of`` their keys and ids."""

    about: int
    """The identifier that is followed."""
    until: datetime = _EPOCH
    """All that was written up to here and carries a covered identifier is told."""
    covered: frozenset[int] = frozenset()
    told: Mapping[int, datetime] = field(default_factory=dict)
    """Touchpoints told that were written later than ``until``, or than ``floor`` while there is one, and when that was."""
    left: Mapping[int, Left] = field(default_factory=dict)
    entering: frozenset[int] = frozenset()
    """Identifiers whose touchpoints are being told now."""
    floor: datetime = _EPOCH
    """Everything written up to here was visible when the telling began that ``entering`` and ``at`` are about."""
    at: ArrivalPoint | None = None
    """How far that has come; None: not begun, or ended."""

    def cursor(self) -> str:
        """The place as clients get it."""
        place = {
            "f": FORMAT,
            "a": _packed([self.about]),
            "u": _number(self.until),
            "c": _packed(self.covered),
            "t": _packed(self.told),
            "w": [_after(self.floor, written_at) for _, written_at in sorted(self.told.items())],
            "l": [[_packed([key]), _point(left.until), _packed(left.told)] for key, left in sorted(self.left.items())],
            "e": _packed(self.entering),
            "o": _number(self.floor),
            "p": None if self.at is None else _point(self.at),
        }
        return encode(orjson.dumps(place).decode())


def place_of(cursor: str, *, key: str) -> Place:
    """The place that a cursor of the journey of whoever has an identifier stands for.

    Raises:
        InvalidArgument: the cursor is not one of such a journey.
    """
    refused = InvalidArgument("the cursor is not one that this subscription has given")
    try:
        given = orjson.loads(decode(cursor) or "")
        if given["f"] != FORMAT:
            raise refused
        floor = _moment(given["o"])
        written = [floor + number * _MILLISECOND for number in given["w"]]
        place = Place(
            about=next(_unpacked(given["a"])),
            until=_moment(given["u"]),
            covered=frozenset(_unpacked(given["c"])),
            told=dict(zip(_unpacked(given["t"]), written, strict=True)),
            left={
                next(_unpacked(left)): Left(until=_point_of(until_point), told=frozenset(_unpacked(told)))
                for left, until_point, told in given["l"]
            },
            entering=frozenset(_unpacked(given["e"])),
            floor=floor,
            at=None if given["p"] is None else _point_of(given["p"]),
        )
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, StopIteration):
        raise refused from None
    if place.about != hash_of(key):
        raise InvalidArgument("the cursor is of another identifier's journey")
    return place


def hash_of(text: str) -> int:
    """64 bits that stand for a key or an id."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=HASH_BYTES).digest(), "big")


def _packed(hashes: Collection[int]) -> str:
    return base64.b64encode(b"".join(each.to_bytes(HASH_BYTES, "big") for each in sorted(hashes))).decode()


def _unpacked(packed: str) -> Iterator[int]:
    whole = base64.b64decode(packed, validate=True)
    if len(whole) % HASH_BYTES:
        raise ValueError("a hash is cut off")
    return (int.from_bytes(whole[start : start + HASH_BYTES], "big") for start in range(0, len(whole), HASH_BYTES))


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)


def _after(start: datetime, moment: datetime) -> int:
    """Milliseconds from one to the other, rounded up: what is kept for longer is never told twice."""
    return -((start - moment) // _MILLISECOND)


def _point(point: ArrivalPoint) -> list[int | str]:
    return [_number(point.written_at), _number(point.recorded_at), point.id]


def _point_of(given: Any) -> ArrivalPoint:
    written_at, recorded_at, id_ = given
    if not isinstance(id_, str):
        raise TypeError("an id is text")
    return ArrivalPoint(written_at=_moment(written_at), recorded_at=_moment(recorded_at), id=id_)


def hashes_of(texts: Iterable[str]) -> dict[int, str]:
    """Hash to what it stands for."""
    return {hash_of(text): text for text in texts}
