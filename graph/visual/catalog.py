"""The graph model as a picture: what each label and relationship type holds, and how it is shown.

One declarative description, from which the Bloom perspective is generated. It says the same as ``docs/graph-model.md`` and as the
database after intake and resolution; tests compare the three.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Type of a property's value. The values are Bloom's names of them."""

    TEXT = "string"
    LIST = "array"
    INTEGER = "bigint"
    NUMBER = "number"
    TIME = "DateTime"
    DATE = "Date"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of a label or relationship type."""

    name: str
    kind: Kind
    shown: bool = True
    """False for what clutters an inspector, such as whole bodies and digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label: what it means, what it holds, how it is shown."""

    name: str
    meaning: str
    properties: tuple[Property, ...]
    key: str
    """The property that is unique."""
    caption: tuple[str, ...]
    """Properties shown on the node, most telling first."""
    colour: str
    size: int = 1
    """Relative size: 1 for evidence, 2 for conclusions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipType:
    """One relationship type and the labels that it joins."""

    name: str
    ends: tuple[tuple[str, str], ...]
    """Pairs of source and target label."""
    properties: tuple[Property, ...] = ()
    colour: str = "#848484"
    width: int = 1


def _texts(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name=name, kind=Kind.TEXT) for name in names)


def _times(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name=name, kind=Kind.TIME) for name in names)


def _hidden(*names: str, kind: Kind = Kind.TEXT) -> tuple[Property, ...]:
    return tuple(Property(name=name, kind=kind, shown=False) for name in names)


_IDENTITY = (*_texts("id", "purpose"), *_times("created_at", "retired_at"))
_SEEN = (*_times("first_seen", "last_seen", "retracted_at"), *_texts("retracted_by", "retracted_reason"))
_HELD = (*_times("valid_from", "valid_to"), *_texts("decision_id"))
_ASSERTED = (*_texts("id", "by", "reason", "purpose", "retracted_by", "retracted_reason"), *_times("at", "retracted_at"))
_IDENTIFIER_OR_RECORD = ("Identifier", "Record")
_PAIRS_OF_EVIDENCE = tuple((left, right) for left in _IDENTIFIER_OR_RECORD for right in _IDENTIFIER_OR_RECORD)
_PURPOSES = ("Individual", "Household", "Operational")

LABELS = (
    Label(
        name="Individual",
        meaning="One person, for reach: leans to recall",
        properties=_IDENTITY,
        key="id",
        caption=("id",),
        colour="#4C8EDA",
        size=2,
    ),
    Label(
        name="Household",
        meaning="One home, once",
        properties=_IDENTITY,
        key="id",
        caption=("id",),
        colour="#F79767",
        size=2,
    ),
    Label(
        name="Operational",
        meaning="One person, for certain: a wrong join is an incident",
        properties=_IDENTITY,
        key="id",
        caption=("id",),
        colour="#569480",
        size=2,
    ),
    Label(
        name="Identifier",
        meaning="An address for a person: e-mail, phone, loyalty card, cookie",
        properties=_texts("key", "namespace", "value"),
        key="key",
        caption=("value", "namespace"),
        colour="#57C7E3",
    ),
    Label(
        name="Record",
        meaning="One row of one source",
        properties=(
            *_texts("id", "source", "source_record_id", "entity_type"),
            *_hidden("home_building", "home_city", "home_namesakes"),
            *_hidden("home_spelling", kind=Kind.LIST),
        ),
        key="id",
        caption=("id",),
        colour="#C990C0",
    ),
    Label(
        name="RecordVersion",
        meaning="What a source claimed of a person at a moment",
        properties=(
            *_texts("id", "source", "entity_type"),
            *_texts("name_given", "given_name", "middle_name", "family_name", "name_suffix", "full_name"),
            Property(name="birth_date", kind=Kind.DATE),
            *_texts("gender", "street", "city", "region", "postal_code", "country", "address_given", "consent", "traits"),
            Property(name="identifier_keys", kind=Kind.LIST),
            Property(name="rejected_values", kind=Kind.LIST),
            *_times("at", "recorded_at"),
            *_hidden("body", "body_sha256"),
        ),
        key="id",
        caption=("name_given", "at"),
        colour="#ECB5C9",
    ),
    Label(
        name="Touchpoint",
        meaning="One interaction: a page view, an order, a store visit",
        properties=(
            *_texts("id", "type", "event", "channel", "source", "title", "url", "currency", "properties"),
            Property(name="value_cents", kind=Kind.INTEGER),
            Property(name="rejected_values", kind=Kind.LIST),
            *_times("at", "recorded_at"),
            *_hidden("written_at", kind=Kind.TIME),
            *_hidden("body", "body_sha256"),
        ),
        key="id",
        caption=("event", "title"),
        colour="#8DCC93",
    ),
    Label(
        name="Product",
        meaning="What is sold",
        properties=(
            *_texts("id", "name", "brand"),
            *_hidden("described_at", "first_described_at", kind=Kind.TIME),
            *_hidden("described_by", "first_described_by", "first_name", "first_brand"),
        ),
        key="id",
        caption=("name", "id"),
        colour="#FFE081",
    ),
    Label(name="Category", meaning="Kind of product", properties=_texts("name"), key="name", caption=("name",), colour="#FFC454"),
    Label(name="Order", meaning="A purchase", properties=_texts("id"), key="id", caption=("id",), colour="#DA7194"),
    Label(name="Store", meaning="A shop", properties=_texts("id"), key="id", caption=("id",), colour="#D9C8AE"),
    Label(name="Campaign", meaning="A campaign", properties=_texts("id"), key="id", caption=("id",), colour="#D9C8AE"),
    Label(name="Offer", meaning="A coupon or offer", properties=_texts("id"), key="id", caption=("id",), colour="#D9C8AE"),
    Label(
        name="Decision",
        meaning="Why a conclusion changed",
        properties=(
            *_texts("id", "kind", "purpose", "policy_version", "actor", "reason", "before", "after", "run_id"),
            *_times("at"),
        ),
        key="id",
        caption=("kind", "at"),
        colour="#F16667",
    ),
    Label(
        name="HeldBack",
        meaning="What a policy left out, and why",
        properties=(*_texts("id", "purpose", "reason", "detail"), *_times("since", "until")),
        key="id",
        caption=("reason", "purpose"),
        colour="#848484",
    ),
    Label(
        name="PolicyVersion",
        meaning="A policy that was published",
        properties=(
            *_texts("id", "purpose"),
            Property(name="number", kind=Kind.INTEGER),
            *_texts("version", "by", "reason"),
            *_times("at"),
            Property(name="based_on", kind=Kind.INTEGER),
            *_hidden("document", "sha256"),
        ),
        key="id",
        caption=("version", "at"),
        colour="#D9D9D9",
    ),
    Label(
        name="MatchModel",
        meaning="What records were scored with",
        properties=(*_texts("id"), *_times("at", "used_at"), *_hidden("evidence_digest", "parameters", "estimates", "scorer")),
        key="id",
        caption=("id",),
        colour="#57C7E3",
    ),
    Label(
        name="ResolutionRun",
        meaning="One resolution of the whole graph",
        properties=(*_texts("id", "purpose", "policy_version", "counts", "estimates"), *_times("started_at", "finished_at")),
        key="id",
        caption=("purpose", "started_at"),
        colour="#D9D9D9",
    ),
    Label(
        name="HealthDay",
        meaning="What happened to the identities of a purpose on a day, and what they were like at its end",
        properties=(
            *_texts("id", "purpose"),
            Property(name="day", kind=Kind.DATE),
            *(
                Property(name=name, kind=Kind.INTEGER)
                for name in ("added", "recognised", "new", "formed", "merged", "split", "identities", "records", "members")
            ),
            *_times("measured_at"),
            *_hidden("sources", "decisions", "state"),
        ),
        key="id",
        caption=("purpose", "day"),
        colour="#D9D9D9",
    ),
)

RELATIONSHIP_TYPES = (
    RelationshipType(name="HAS_VERSION", ends=(("Record", "RecordVersion"),), colour="#ECB5C9"),
    RelationshipType(name="STATES", ends=(("Record", "Identifier"),), properties=_SEEN, colour="#57C7E3", width=2),
    RelationshipType(name="CARRIES", ends=(("Touchpoint", "Identifier"),), colour="#57C7E3", width=2),
    RelationshipType(name="SEEN_WITH", ends=(("Identifier", "Identifier"),), properties=_SEEN, colour="#4C8EDA", width=2),
    RelationshipType(
        name="ABOUT",
        ends=tuple(("Touchpoint", target) for target in ("Product", "Order", "Store", "Campaign", "Offer")),
        properties=(Property(name="quantity", kind=Kind.NUMBER), Property(name="price_cents", kind=Kind.INTEGER)),
        colour="#D9C8AE",
    ),
    RelationshipType(name="IN_CATEGORY", ends=(("Product", "Category"),), properties=_times("first_seen"), colour="#FFC454"),
    RelationshipType(
        name="MATCHES",
        ends=(("Record", "Record"),),
        properties=(
            Property(name="match_weight", kind=Kind.NUMBER),
            Property(name="linked", kind=Kind.BOOLEAN),
            *_texts("comparisons"),
            *_hidden("model"),
            *_times("scored_at", "retracted_at"),
        ),
        colour="#57C7E3",
    ),
    RelationshipType(
        name="PREDICTED",
        ends=(("Record", "Record"),),
        properties=(
            Property(name="probability", kind=Kind.NUMBER),
            Property(name="least", kind=Kind.NUMBER),
            Property(name="alternatives", kind=Kind.INTEGER),
            *_texts("comparisons", "model"),
            *_times("predicted_at", "retracted_at"),
        ),
        colour="#C990C0",
    ),
    RelationshipType(name="ASSERTED_SAME", ends=_PAIRS_OF_EVIDENCE, properties=_ASSERTED, colour="#569480", width=3),
    RelationshipType(name="ASSERTED_DIFFERENT", ends=_PAIRS_OF_EVIDENCE, properties=_ASSERTED, colour="#F16667", width=3),
    RelationshipType(
        name="MEMBER_OF",
        ends=tuple((member, identity) for member in _IDENTIFIER_OR_RECORD for identity in ("Individual", "Operational")),
        properties=_HELD,
        width=2,
    ),
    RelationshipType(name="LIVES_IN", ends=(("Individual", "Household"),), properties=_HELD, colour="#F79767", width=2),
    RelationshipType(
        name="REDIRECTS_TO",
        ends=tuple((purpose, purpose) for purpose in _PURPOSES),
        properties=(*_times("at"), *_texts("decision_id")),
        colour="#D9D9D9",
    ),
    RelationshipType(name="DECIDED", ends=tuple(("Decision", purpose) for purpose in _PURPOSES), colour="#F16667"),
    RelationshipType(name="HOLDS", ends=tuple(("HeldBack", held) for held in (*_IDENTIFIER_OR_RECORD, *_PURPOSES))),
)
