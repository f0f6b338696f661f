"""Choosing the best attributes from what several records claim."""

import itertools
from datetime import UTC, date, datetime

from graph.model.attributes import best_attributes, strictest_consent
from graph.model.identifier import Identifier
from graph.model.profile import Claim, ClaimedAddress, ClaimedName


def on(day: int) -> datetime:
    return datetime(2025, 1, day, tzinfo=UTC)


def claim(
    record_id: str,
    *,
    day: int = 1,
    name: str | None = None,
    born: date | None = None,
    street: str | None = None,
    consent: dict[str, str] | None = None,
    email: str | None = None,
) -> Claim:
    given, _, family = (name or "").partition(" ")
    return Claim(
        record_id=record_id,
        source=record_id.partition(":")[0],
        entity_type="person",
        name=ClaimedName(
            at=on(day), name_given=name.title(), given_name=given, middle_name=None, family_name=family, name_suffix=None,
            full_name=name,
        )
        if name
        else None,
        birth_date=(on(day), born) if born else None,
        gender=None,
        address=ClaimedAddress(
            at=on(day), address_given=None, street=street, city=None, region=None, postal_code=None, country=None
        )
        if street
        else None,
        consent=consent or {},
        identifiers={Identifier(namespace="email", value=email): on(day)} if email else {},
    )  # fmt: skip


def test_the_name_that_most_records_state_wins_over_a_newer_one() -> None:
    claims = [
        claim("crm:1", day=1, name="bob smith"),
        claim("pos:1", day=2, name="bob smith"),
        claim("w:1", day=9, name="b smith"),
    ]
    best = best_attributes(claims, ())
    assert best.name is not None
    assert (best.name.full_name, best.name.at) == ("bob smith", on(2))


def test_of_equally_many_the_newest_wins() -> None:
    claims = [claim("crm:1", day=1, born=date(1980, 1, 2)), claim("pos:1", day=2, born=date(1980, 2, 1))]
    assert best_attributes(claims, ()).birth_date == date(1980, 2, 1)


def test_addresses_are_distinct_and_the_newest_first() -> None:
    claims = [
        claim("crm:1", day=1, street="1 old rd"), claim("pos:1", day=5, street="2 new rd"),
        claim("w:1", day=3, street="1 old rd"),
    ]  # fmt: skip
    best = best_attributes(claims, ())
    assert [(address.street, address.at) for address in best.addresses] == [("2 new rd", on(5)), ("1 old rd", on(3))]


def test_contacts_come_with_their_sources_and_those_of_touchpoints_last() -> None:
    claims = [
        claim("crm:1", day=1, email="a@x.test"),
        claim("pos:1", day=3, email="a@x.test"),
        claim("w:1", day=2, email="b@x.test"),
    ]
    best = best_attributes(claims, [Identifier(namespace="email", value="c@x.test"), Identifier(namespace="phone", value="+1")])
    assert [(point.value, point.sources, point.last_seen) for point in best.emails] == [
        ("a@x.test", ("crm", "pos"), on(3)),
        ("b@x.test", ("w",), on(2)),
        ("c@x.test", (), None),
    ]
    assert [point.value for point in best.phones] == ["+1"]


def test_the_strictest_consent_wins_and_unknown_is_no_statement() -> None:
    assert strictest_consent(
        [{"email": "granted", "post": "unknown"}, {"email": "denied", "sms": "revoked"}, {"email": "granted", "sms": "denied"}]
    ) == {"email": "denied", "post": "unknown", "sms": "revoked"}
    assert strictest_consent([{"email": "unknown"}, {"email": "granted"}]) == {"email": "granted"}


def test_a_state_nobody_knows_is_taken_for_a_refusal() -> None:
    assert strictest_consent([{"email": "revoked"}, {"email": "paused"}]) == {"email": "paused"}


def test_the_order_of_claims_does_not_matter() -> None:
    claims = [
        claim("crm:1", day=1, name="bob smith", street="1 a", email="a@x.test", consent={"email": "granted"}),
        claim("pos:1", day=1, name="rob smith", street="2 b", email="b@x.test", consent={"email": "denied"}),
        claim("w:1", day=1, name="bo smith", street="1 a", email="a@x.test"),
    ]
    results = [best_attributes(order, ()) for order in itertools.permutations(claims)]
    assert all(result == results[0] for result in results)


def test_nothing_claimed_is_nothing_known() -> None:
    best = best_attributes((), ())
    assert (best.name, best.birth_date, best.emails, best.addresses, best.consent) == (None, None, (), (), {})
