"""Random evidence over so few people and values that it collides.

Families on one phone, a father and a son of one name, twins, nicknames, typing errors, fields left out, blocked values, a kiosk
that everybody uses, cookies. The same people are drawn as claims (what a policy reads) and as events (what arrives).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from graph.model.claim import Assertion, Claim, EvidenceSet, Sighting
from graph.model.evidence import Evidence, PersonName, PostalAddress, RecordVersion, Touchpoint
from graph.model.identifier import Identifier
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, MessageId, RecordId
from tests.laws.conclusions import scored

START = datetime(2024, 1, 1, tzinfo=UTC)
HOME, ELSEWHERE = "1 main st", "2 oak rd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, with everything that a source could state."""

    given: str
    family: str
    born: date
    keys: tuple[str, ...]
    also: tuple[str, ...] = ()
    """Other spellings of the given name: nicknames, slips, initials."""
    suffix: str | None = None
    gender: str | None = None
    street: str = HOME
    entity_type: str = "person"


PEOPLE = (
    Person(given="robert", also=("bob", "robret", "r"), family="smith", suffix="sr", gender="m", born=date(1950, 2, 3),
           keys=("email:bob@x.com", "phone:+17029191300", "loyalty_id:7", "ssn:100000001")),
    Person(given="robert", also=("bob", "rob"), family="smith", suffix="jr", gender="m", born=date(1980, 2, 3),
           keys=("email:bob@x.com", "phone:+17029191300", "user_id:u1", "ssn:100000010")),
    Person(given="mary", also=("m", "marie"), family="smith", gender="f", born=date(1952, 7, 9),
           keys=("email:mary@x.com", "phone:+17029191300", "loyalty_id:7")),
    Person(given="amy", also=("amie",), family="jones", gender="f", born=date(2001, 7, 9), street=ELSEWHERE,
           keys=("email:amy@x.com", "phone:+17029191301", "user_id:u2")),
    Person(given="ann", also=("anne", "a"), family="jones", gender="f", born=date(2001, 7, 9), street=ELSEWHERE,
           keys=("email:amy@x.com", "phone:+17029191301", "card_token:c")),
    Person(given="rachel", also=("rachael",), family="smyth", gender="f", born=date(1980, 3, 2), street=ELSEWHERE,
           keys=("email:rachel@x.com", "user_id:u1", "loyalty_id:8")),
    Person(given="smith", family="smith", born=date(1999, 1, 1), entity_type="organization",
           keys=("email:office@x.com", "phone:+17029191300")),
)  # fmt: skip
ANYBODYS = ("email:test@test.com", "device_id:kiosk", "anonymous_id:c1", "passport:p1")
KEYS = tuple(sorted({key for person in PEOPLE for key in person.keys} | set(ANYBODYS)))
COOKIES = ("anonymous_id:c1", "anonymous_id:c2", "device_id:d1", "device_id:kiosk", "email:amy@x.com", "user_id:u1", "user_id:u2")


def _written(draw: st.DrawFn, record_id: str, day: int) -> Claim:
    """What one source says of one of the people, with what it leaves out and gets wrong."""
    person, stranger = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(PEOPLE))
    given = draw(st.sampled_from((person.given, person.given, *person.also, None)))
    family = draw(st.sampled_from((person.family, person.family, stranger.family, None)))
    born = draw(st.sampled_from((person.born, person.born, person.born.replace(day=person.born.day + 1), None)))
    suffix = draw(st.sampled_from((person.suffix, None)))
    kept = draw(st.sets(st.sampled_from(person.keys), max_size=3))
    foreign = draw(st.sets(st.sampled_from(KEYS), max_size=1))
    full = " ".join(filter(None, (given, family, suffix))) or None
    return Claim(
        record_id=RecordId(record_id),
        source=record_id.partition(":")[0],
        entity_type=person.entity_type,
        name=PersonName(given=given, family=family, suffix=suffix if full else None, full=full),
        gender=draw(st.sampled_from((person.gender, None))),
        birth_date=born,
        address=PostalAddress(street=draw(st.sampled_from((person.street, person.street, None))), postal_code="89111"),
        at=START + timedelta(days=day),
        first_seen=START + timedelta(days=day),
        identifiers=tuple(sorted(IdentifierKey(key) for key in kept | foreign)),
    )


@st.composite
def claims(draw: st.DrawFn, *, most: int = 9) -> tuple[Claim, ...]:
    """Claims of distinct records."""
    sources = draw(st.lists(st.sampled_from(("crm", "web")), max_size=most))
    return tuple(_written(draw, f"{source}:{number}", number) for number, source in enumerate(sources))


@st.composite
def evidence_sets(draw: st.DrawFn, *, most: int = 9) -> EvidenceSet:
    """Claims and sightings, in half of the cases with the claims scored against each other."""
    stated = draw(claims(most=most))
    ends = st.sampled_from(COOKIES)
    pairs = draw(st.sets(st.tuples(ends, ends).filter(lambda pair: pair[0] < pair[1]), max_size=3))
    alone = draw(st.sets(ends, max_size=1))
    evidence = with_sightings(stated, pairs, alone)
    return scored(evidence) if draw(st.booleans()) else evidence


def with_sightings(stated: Sequence[Claim], pairs: Iterable[tuple[str, str]], alone: Iterable[str] = ()) -> EvidenceSet:
    """Evidence of claims, of identifiers seen together and of some that were seen by themselves."""
    ordered = sorted(pairs)
    seen = {key for pair in ordered for key in pair} | set(alone)
    known = {key for claim in stated for key in claim.identifiers}
    return EvidenceSet(
        claims=tuple(stated),
        sightings=tuple(
            Sighting(left=IdentifierKey(left), right=IdentifierKey(right), first_seen=START) for left, right in ordered
        ),
        identifiers=tuple(IdentifierKey(key) for key in sorted(seen - known)),
    )


@st.composite
def assertions(draw: st.DrawFn, members: Sequence[str], *, most: int = 3) -> tuple[Assertion, ...]:
    """What stewards say of pairs of some members, of which there are at least two."""
    found: list[Assertion] = []
    for number in range(draw(st.integers(0, most))):
        left, right = draw(st.lists(st.sampled_from(members), min_size=2, max_size=2, unique=True))
        found.append(
            assertion(number, left, right, same=draw(st.booleans()), purpose=draw(st.sampled_from((None, *Purpose))), day=number)
        )
    return tuple(found)


def assertion(number: int, left: str, right: str, *, same: bool, day: int, purpose: Purpose | None = None) -> Assertion:
    """A steward's word, given on a day."""
    at = START + timedelta(days=100 + day)
    return Assertion(
        id=f"ast_{number}", same=same, left=left, right=right, by="ann", at=at, reason="called both", purpose=purpose
    )


@st.composite
def events(draw: st.DrawFn, *, least: int = 0, most: int = 6) -> list[Evidence]:
    """Events in the order in which they happened: versions of few records, and interactions with identifiers on them."""
    found: list[Evidence] = []
    for number in range(draw(st.integers(least, most))):
        at = START + timedelta(days=number)
        if draw(st.integers(0, 2)):
            record_id = f"{draw(st.sampled_from(('crm', 'web')))}:{draw(st.integers(0, 4))}"
            found.append(_version(_written(draw, record_id, number), number))
            continue
        keys = draw(st.sets(st.sampled_from(COOKIES), min_size=1, max_size=3))
        found.append(
            Touchpoint(
                id=MessageId(f"m{number}"), at=at, recorded_at=at, source="web", body_sha256=f"{number:064}",
                identifiers=_identifiers(keys), type="page_view", event="page", channel="web",
            )
        )  # fmt: skip
    return found


def _version(claim: Claim, number: int) -> RecordVersion:
    return RecordVersion(
        id=MessageId(f"m{number}"),
        at=claim.at,
        recorded_at=claim.at,
        source=claim.source,
        body_sha256=f"{number:064}",
        identifiers=_identifiers(claim.identifiers),
        record_id=claim.record_id,
        source_record_id=claim.record_id.partition(":")[2],
        entity_type=claim.entity_type,
        name=claim.name,
        birth_date=claim.birth_date,
        gender=claim.gender,
        address=claim.address if claim.address.street else PostalAddress(),
    )


def _identifiers(keys: Iterable[str]) -> tuple[Identifier, ...]:
    parts = [key.partition(":") for key in sorted(keys)]
    return tuple(Identifier(namespace=namespace, value=value) for namespace, _, value in parts)


@st.composite
def deliveries(draw: st.DrawFn, sent: Sequence[Evidence]) -> list[list[Evidence]]:
    """The same events in any order, some of them twice, in batches."""
    again = draw(st.lists(st.sampled_from(sent), max_size=3)) if sent else []
    order = draw(st.permutations([*sent, *again]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=3))) if order else []
    ends = [0, *cuts, len(order)]
    return [batch for first, last in pairwise(ends) if (batch := order[first:last])]


def without(evidence: EvidenceSet, left: str, right: str) -> EvidenceSet:
    """The evidence without that a record states an identifier, or that two identifiers were seen together.

    An identifier that no other record states is gone with it; what was seen on a touchpoint must be named in ``identifiers``.
    """
    kept = tuple(s for s in evidence.sightings if {s.left, s.right} != {left, right})
    stated = tuple(
        replace(claim, identifiers=tuple(key for key in claim.identifiers if key != right)) if claim.record_id == left else claim
        for claim in evidence.claims
    )
    return replace(evidence, claims=stated, sightings=kept)
