"""Given names that are one name, learnt from people who are beyond doubt one each."""

from datetime import UTC, date, datetime, timedelta

from graph.identity.matching.aliases import FEWEST_PEOPLE, learnt
from graph.identity.matching.matching import match_records
from graph.identity.matching.records import records_of
from graph.model.claim import Claim
from graph.model.evidence import PersonName
from graph.model.ids import IdentifierKey, RecordId

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def claim(number: int, source: str, given: str, *keys: str) -> Claim:
    family = f"family{chr(97 + number % 26)}{chr(97 + number // 26 % 26)}"
    return Claim(
        record_id=RecordId(f"{source}:{number:04d}"),
        source=source,
        name=PersonName(given=given, family=family, full=f"{given} {family}"),
        birth_date=date(1950, 1, 1) + timedelta(days=97 * number),
        at=NOW,
        first_seen=NOW,
        identifiers=tuple(sorted(IdentifierKey(key) for key in keys)),
    )


def test_names_of_enough_people_are_learnt() -> None:
    assert learnt([(("oluwaseun", "seyi"), person) for person in range(FEWEST_PEOPLE)]) == {("oluwaseun", "seyi")}
    assert learnt([(("oluwaseun", "seyi"), person) for person in range(FEWEST_PEOPLE - 1)]) == frozenset()
    # One person's records, however many, are one observation.
    assert learnt([(("oluwaseun", "seyi"), 7)] * 10) == frozenset()


def people(*, called: int) -> list[Claim]:
    """Three hundred people whom two sources name alike, then some whom one source calls Seyi and the other Oluwaseun."""
    found: list[Claim] = []
    for number in range(300 + called):
        given = ("zuri", "amahle", "thandeka", "ifeoma")[number % 4] if number < 300 else "oluwaseun"
        keys = f"national_id:{1_000_000 + 7_919 * number}", f"phone:+1702555{number:04d}"
        found.append(claim(number, "crm", given, *keys))
        found.append(claim(number, "web", given if number < 300 else "seyi", *keys))
    return found


def test_a_short_form_that_no_list_has_is_learnt_and_joins_who_shares_less() -> None:
    known = people(called=6)
    # Of the same birth date and family name, and nothing else in common but the short form.
    more = [claim(400, "crm", "oluwaseun"), claim(400, "web", "seyi")]
    matching = match_records(records_of([*known, *more]))
    assert matching.comparer.aliases == {("oluwaseun", "seyi")}
    left, right = (matching.records.ids.index(f"{source}:0400") for source in ("crm", "web"))
    assert matching.linkage.clusters[left] == matching.linkage.clusters[right]


def test_nothing_is_learnt_of_one_slip() -> None:
    assert match_records(records_of(people(called=1))).comparer.aliases == frozenset()
