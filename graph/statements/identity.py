"""Statements that read evidence for resolution and write what it concludes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class PageParameters:
    """At most ``limit`` nodes whose key comes after one."""

    after: str
    limit: int


VersionRow = tuple[
    int,
    int,
    str,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    str | None,
    list[str] | None,
]
"""What one version states, as a list.

Seconds and nanoseconds of ``at``, id, given, middle and family name, suffix, full name, gender, birth date (ISO), street, city,
region, postal code, country, and values that were not understood (JSON).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPageRow:
    """A page of records, each as a list in the order of ``ClaimRow``'s fields."""

    claims: list[tuple[str, str, str | None, list[VersionRow], list[str]]]


READ_CLAIMS = Statement(name="identity/read_claims", parameters=PageParameters, row=ClaimPageRow, plain=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A record with its versions, in any order, and its identifiers."""

    record_id: str
    source: str
    entity_type: str | None
    versions: list[VersionRow]
    identifiers: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierPageRow:
    """A page of identifiers: how many were read and the last of them."""

    read: int
    last: str | None
    identifiers: list[tuple[str, bool, list[tuple[str, int, int]]]]
    """Lists of key, whether no record states it, and what was seen with it since (key, seconds, nanoseconds)."""


READ_IDENTIFIERS = Statement(name="identity/read_identifiers", parameters=PageParameters, row=IdentifierPageRow, plain=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingRow:
    """Two identifiers seen together."""

    left_key: str
    right_key: str
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeParameters:
    """One purpose."""

    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """An identity that is not retired."""

    identity_id: str


FIND_IDENTITY = Statement(name="identity/find_identity", parameters=PurposeParameters, row=IdentityRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposePageParameters:
    """At most ``limit`` identities of a purpose whose id comes after one."""

    purpose: str
    after: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPageRow:
    """A page of identities."""

    identities: list[tuple[str, int, int, list[str]]]
    """Lists of id, seconds and nanoseconds of its creation, and members: identifier keys, record ids, or individuals' ids."""


READ_IDENTITIES = Statement(name="identity/read_identities", parameters=PurposePageParameters, row=IdentityPageRow, plain=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipRow:
    """A current membership; ``member`` is an identifier key, a record id, or an individual's id."""

    member: str
    identity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLinksParameters:
    """Links as columns: numbers of the members at their ends and their weights."""

    graph_name: str
    sources: Sequence[int]
    targets: Sequence[int]
    weights: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionRow:
    """Size of a projected graph."""

    node_count: int
    relationship_count: int


PROJECT_LINKS = Statement(name="identity/project_links", parameters=ProjectLinksParameters, row=ProjectionRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphParameters:
    """A projected graph."""

    graph_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """The component or community of a member's number."""

    node: int
    component: int


STREAM_COMPONENTS = Statement(name="identity/stream_components", parameters=GraphParameters, row=ComponentRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeidenParameters:
    """A projected graph and Leiden's resolution."""

    graph_name: str
    gamma: float


STREAM_COMMUNITIES = Statement(name="identity/stream_communities", parameters=LeidenParameters, row=ComponentRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedRow:
    """A projected graph that is no more."""

    graph_name: str


DROP_PROJECTION = Statement(name="identity/drop_projection", parameters=GraphParameters, row=DroppedRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMap:
    """One change of a plan, as maps."""

    decision_id: str
    identity_id: str
    kind: str
    purpose: str
    policy_version: str
    actor: str
    at: datetime
    before: str
    after: str
    reason: str
    run_id: str
    openings: Sequence[str]
    closings: Sequence[Sequence[str]]
    """Pairs of member and identity id."""
    redirects: Sequence[str]
    """Identities that from now on redirect to ``identity_id``."""
    retired: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyParameters:
    """A batch of changes."""

    changes: Sequence[ChangeMap]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRow:
    """How many changes were written."""

    applied: int


APPLY_INDIVIDUAL_CHANGES = Statement(name="identity/apply_individual_changes", parameters=ApplyParameters, row=AppliedRow)
APPLY_OPERATIONAL_CHANGES = Statement(name="identity/apply_operational_changes", parameters=ApplyParameters, row=AppliedRow)
APPLY_HOUSEHOLD_CHANGES = Statement(name="identity/apply_household_changes", parameters=ApplyParameters, row=AppliedRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormParameters:
    """A batch of decisions that form identities, as columns: one decision and one identity at each position."""

    identity_ids: Sequence[str]
    decision_ids: Sequence[str]
    afters: Sequence[str]
    """JSON."""
    reasons: Sequence[str]
    kind: str
    purpose: str
    policy_version: str
    actor: str
    at: datetime
    before: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOfMembersParameters(FormParameters):
    """With the records and identifiers that enter, each with the position of its identity. Sorted, for the server's sake."""

    records: Sequence[str]
    record_positions: Sequence[int]
    identifiers: Sequence[str]
    identifier_positions: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormHouseholdsParameters(FormParameters):
    """With the individuals that enter, each with the position of its household. Sorted, for the server's sake."""

    individuals: Sequence[str]
    individual_positions: Sequence[int]


FORM_INDIVIDUALS = Statement(name="identity/form_individuals", parameters=FormOfMembersParameters, row=AppliedRow)
FORM_OPERATIONAL = Statement(name="identity/form_operational", parameters=FormOfMembersParameters, row=AppliedRow)
FORM_HOUSEHOLDS = Statement(name="identity/form_households", parameters=FormHouseholdsParameters, row=AppliedRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBackRow:
    """Something held back and not released."""

    id: str
    purpose: str
    reason: str
    detail: str
    members: list[str]
    since: datetime


READ_HELD_BACK = Statement(name="identity/read_held_back", parameters=PurposeParameters, row=HeldBackRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBackParameters:
    """A batch of what a purpose holds back from a moment on, as columns; positions are those of its ``ids``."""

    purpose: str
    since: datetime
    ids: Sequence[str]
    reasons: Sequence[str]
    details: Sequence[str]
    records: Sequence[str]
    """Members that are known to be records."""
    record_positions: Sequence[int]
    others: Sequence[str]
    """Members of any kind."""
    other_positions: Sequence[int]


HOLD_BACK = Statement(name="identity/hold_back", parameters=HoldBackParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseParameters:
    """A batch of what is no longer held back."""

    ids: Sequence[str]
    until: datetime


RELEASE_HELD_BACK = Statement(name="identity/release_held_back", parameters=ReleaseParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseParameters:
    """Who wants leases, from now until when, and until when to be next where somebody else has one."""

    names: Sequence[str]
    holder: str
    now: datetime
    until: datetime
    waits_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """Who holds a lease, or is next to, and until when; None where nobody does."""

    name: str
    holder: str | None
    until: datetime | None


TAKE_LEASES = Statement(name="identity/take_leases", parameters=LeaseParameters, row=LeaseRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockParameters:
    """Leases, and now."""

    names: Sequence[str]
    now: datetime


LOCK_LEASES = Statement(name="identity/lock_leases", parameters=LockParameters, row=LeaseRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLeasesParameters:
    """Leases and their holder."""

    names: Sequence[str]
    holder: str


RELEASE_LEASES = Statement(name="identity/release_leases", parameters=ReleaseLeasesParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunParameters:
    """A resolution run."""

    id: str
    purpose: str
    policy_version: str
    started_at: datetime
    finished_at: datetime | None
    counts: str
    estimates: str | None


RECORD_RUN = Statement(name="identity/record_run", parameters=RunParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRow:
    """The latest moment at which an identity of a purpose changed."""

    latest: datetime | None


READ_LATEST_DECISION = Statement(name="identity/read_latest_decision", parameters=PurposeParameters, row=LatestRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberParameters:
    """Members, by identifier key or record id."""

    members: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityIdsParameters:
    """Some identities."""

    identity_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOfIndividualRow:
    """A record and its individual."""

    record_id: str
    identity_id: str


READ_RECORDS_OF_INDIVIDUALS = Statement(
    name="identity/read_records_of_individuals",
    parameters=IdentityIdsParameters,
    row=RecordOfIndividualRow,
    hot_path=True,
    plain=True,
)
READ_NEIGHBOUR_CLAIMS = Statement(name="identity/read_neighbour_claims", parameters=MemberParameters, row=ClaimRow, hot_path=True)
READ_NEIGHBOUR_SIGHTINGS = Statement(
    name="identity/read_neighbour_sightings", parameters=MemberParameters, row=SightingRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPurposeParameters:
    """Members and a purpose."""

    members: Sequence[str]
    purpose: str


READ_IDENTITIES_OF_MEMBERS = Statement(
    name="identity/read_identities_of_members", parameters=MemberPurposeParameters, row=MembershipRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityIdParameters:
    """One identity."""

    identity_id: str


READ_MEMBERS_OF_IDENTITY = Statement(
    name="identity/read_members_of_identity", parameters=IdentityIdParameters, row=MembershipRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """A decision as stored; ``before`` and ``after`` are JSON."""

    id: str
    kind: str
    purpose: str
    policy_version: str
    actor: str
    at: datetime
    identity_id: str
    before: str
    after: str
    reason: str


READ_DECISIONS_OF_MEMBERS = Statement(
    name="identity/read_decisions_of_members", parameters=MemberPurposeParameters, row=DecisionRow, hot_path=True
)
READ_HELD_BACK_OF_MEMBERS = Statement(
    name="identity/read_held_back_of_members", parameters=MemberPurposeParameters, row=HeldBackRow, hot_path=True
)
