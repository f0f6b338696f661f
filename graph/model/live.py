"""What is seen by those who follow a person live."""

from dataclasses import dataclass
from datetime import datetime

from graph.model.profile import JourneyTouchpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an identifier leads to at one moment, and how much there is of everything: two equal ones mean that nothing is new."""

    now: datetime
    """By the database's clock, which also says when a touchpoint was written."""
    known: bool
    held_back: bool
    identity_id: str | None
    household_id: str | None
    decisions: int
    """How many decisions were ever made about the identity."""
    keys: frozenset[str]
    """Keys of the identity's identifiers; of an identifier that belongs to nobody yet, and is not held back, its own."""
    records: frozenset[str]
    touchpoints: int
    """Touchpoints of each identifier, added up."""
    versions: int
    """Versions of all records."""

    @property
    def topics(self) -> frozenset[str]:
        """What a change of it is about: its identifiers, records, and identities."""
        return self.keys | self.records | {each for each in (self.identity_id, self.household_id) if each}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An identifier whose touchpoints are asked for: those written after ``since``, all where it is None."""

    key: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ArrivalPoint:
    """A place in the order of arrival."""

    written_at: datetime
    recorded_at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A touchpoint, and where it stands in the order of arrival."""

    touchpoint: JourneyTouchpoint
    point: ArrivalPoint
