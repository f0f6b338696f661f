"""Health of the graph: what happens day by day, how large identities are, which look wrong, what matching expects of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from graph.model.identity import Purpose
from graph.model.ids import IdentityId

SIZES = ((0, 0), (1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 32), (33, None))
"""Bounds of the size distribution, both within; None is without end."""
SAYS_NOTHING = ("blocked", "generic", "shared")
"""Reasons of what is held back because a value says nothing of one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCount:
    """How many identities have a size."""

    at_least: int
    at_most: int | None
    """None: any larger."""
    identities: int

    @property
    def name(self) -> str:
        """As a person would write it: ``2``, ``3-4``, ``33+``."""
        if self.at_most is None:
            return f"{self.at_least}+"
        return str(self.at_least) if self.at_least == self.at_most else f"{self.at_least}-{self.at_most}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceActivity:
    """What happened on one day to the records of one source."""

    source: str
    added: int = 0
    """Records of which the first version arrived."""
    recognised: int = 0
    """Records that entered an identity for the first time, and the identity was there before."""
    new: int = 0
    """Records that entered an identity for the first time, and the identity was formed with them."""
    merged: int = 0
    """Identities that ended in others and held records of the source."""
    split: int = 0
    """Identities that were split off others and took records of the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayActivity:
    """What happened on one day (UTC) to the identities of one purpose. Of households, individuals are what enters them."""

    day: date
    added: int = 0
    recognised: int = 0
    new: int = 0
    formed: int = 0
    """Identities formed of what was in none."""
    merged: int = 0
    """Identities that ended in others."""
    split: int = 0
    """Identities that were split off others."""
    sources: tuple[SourceActivity, ...] = ()
    """By source's name. An identity of several sources counts under each, so that merged and split do not add up."""
    decisions: Mapping[str, int] = field(default_factory=dict)
    """By kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One thing that speaks against an identity's being of one person, or one home."""

    kind: str
    strength: float
    """Chance, from 0 to 1, by which it alone would make one doubt."""
    detail: str
    """In words, without any value that a person could be known by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedIdentity:
    """An identity with its size and what speaks against it."""

    identity_id: IdentityId
    records: int
    members: int
    suspicion: float
    """From 0 to 1: all suspicions taken together as if they were independent."""
    reasons: tuple[Suspicion, ...] = ()
    """The strongest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimated share with an interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """What matching expects of its own precision and recall over pairs of records."""

    method: str
    linked_pairs: int
    precision: Estimate | None = None
    recall: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A resolution that came to its end."""

    id: str
    finished_at: datetime
    policy_version: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    """By stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthState:
    """What was found when the identities of one purpose were measured."""

    purpose: Purpose
    measured_at: datetime
    seconds: float
    """How long measuring took."""
    identities: int
    records: int
    members: int
    record_sizes: tuple[SizeCount, ...]
    member_sizes: tuple[SizeCount, ...]
    largest: tuple[RatedIdentity, ...]
    """The most records first."""
    suspicious: tuple[RatedIdentity, ...]
    """The most suspicious first."""
    held_back: Mapping[str, int]
    """Findings by reason."""
    estimates: Estimates | None
    run: RunSummary | None
    """The last resolution that changed anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericValue:
    """An identifier that a policy leaves out because it says nothing of one person."""

    namespace: str
    value: str
    reason: str
    detail: str
    since: datetime
    carriers: int
    """Records and touchpoints that carry it, retracted ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFacts:
    """What a survey finds of one identity."""

    identity_id: IdentityId
    members: int
    records: int
    individuals: int
    """Of a household: who lives in it. 0 otherwise."""
    namespaces: Mapping[str, int]
    """Values of each namespace of which a person has few."""
    pairs: int
    """Scored pairs of its records."""
    apart: int
    """Of these, pairs that were found to be of two people."""
    weakest: float | None
    """The least weight of a pair that was found to be of one, in bits."""
    surnames: int
    """Different ones that its records state; so are the next two."""
    given_names: int
    birth_dates: int
    named: int
    """Records that state a name."""
    held: int
    """Doubtful links and broken limits that touch it."""
