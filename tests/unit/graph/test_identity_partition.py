"""Splitting: weak evidence between two people is cut, communities where size breaks, the threshold where nothing is guessed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from graph.identity.partition import Split, split_by_cuts
from graph.identity.policy import Policy, load_policy
from graph.identity.reading import Link, Reading, group_by_person, read_evidence
from graph.model.claim import Claim, EvidenceSet
from graph.model.evidence import PersonName
from graph.model.explanation import StepKind
from graph.model.identity import Purpose

AT = datetime(2024, 1, 1, tzinfo=UTC)
INDIVIDUAL, OPERATIONAL = load_policy(Purpose.INDIVIDUAL), load_policy(Purpose.OPERATIONAL)


def claim(number: int, given: str | None, *keys: str, born: date | None = None, family: str | None = "smith") -> Claim:
    name = PersonName(given=given, family=family)
    return Claim(
        record_id=f"crm:{number}", source="crm", name=name, birth_date=born, at=AT, first_seen=AT, identifiers=tuple(sorted(keys))
    )


def link(left: str, right: str, weight: float) -> Link:
    return Link(left=left, right=right, weight=weight, rule="test", kind=StepKind.RULE, via=(), first_seen=None)


async def no_communities(links: Sequence[Link], gamma: float) -> list[tuple[str, ...]]:
    raise AssertionError("nothing here is large")


def cut(claims: Sequence[Claim], links: Sequence[Link], policy: Policy = INDIVIDUAL) -> Split:
    reading = Reading(claims={c.record_id: c for c in claims})
    members = sorted({end for each in links for end in (each.left, each.right)})
    return asyncio.run(split_by_cuts(members, links, reading, policy, communities=no_communities))


def test_two_people_who_meet_over_an_initial_are_cut_where_the_evidence_is_weakest() -> None:
    robert, initial, rachel = claim(1, "robert"), claim(2, "r"), claim(3, "rachel")
    split = cut([robert, initial, rachel], [link("crm:1", "crm:2", 1.5), link("crm:2", "crm:3", 1.0)])
    assert split.parts == (("crm:1", "crm:2"), ("crm:3",))
    [finding] = split.findings
    assert (finding.reason, finding.detail, finding.members) == ("contradicted", "differ in given_name", ("crm:1", "crm:3"))


def test_evidence_that_outweighs_a_contradiction_holds() -> None:
    split = cut(
        [claim(1, "robert"), claim(2, "r"), claim(3, "rachel")], [link("crm:1", "crm:2", 4.0), link("crm:2", "crm:3", 4.0)]
    )
    assert split.parts == (("crm:1", "crm:2", "crm:3"),)


def test_what_is_larger_than_the_limit_is_split_at_rising_resolution() -> None:
    policy = replace(INDIVIDUAL, limits=replace(INDIVIDUAL.limits, max_members=2))
    links = [link("crm:1", "crm:2", 4.0), link("crm:2", "crm:3", 1.0), link("crm:3", "crm:4", 4.0)]
    asked: list[float] = []

    async def communities(inside: Sequence[Link], gamma: float) -> list[tuple[str, ...]]:
        asked.append(gamma)
        assert list(inside) == links
        return [("crm:1", "crm:2", "crm:3", "crm:4")] if gamma < 2 else [("crm:1", "crm:2"), ("crm:3", "crm:4")]

    members = ["crm:1", "crm:2", "crm:3", "crm:4"]
    split = asyncio.run(split_by_cuts(members, links, Reading(), policy, communities=communities))
    assert split.parts == (("crm:1", "crm:2"), ("crm:3", "crm:4"))
    assert asked == [1.0, 2.0]
    assert [finding.reason for finding in split.findings] == ["over_limit"]


def test_two_social_security_numbers_are_two_people_but_not_a_slip_of_the_pen() -> None:
    def together(other: str) -> bool:
        evidence = EvidenceSet(
            claims=(claim(1, "ann", "email:a@x.com", "ssn:294669999"), claim(2, "ann", "email:a@x.com", f"ssn:{other}"))
        )
        reading = read_evidence(evidence, INDIVIDUAL)
        split = asyncio.run(
            split_by_cuts(sorted(reading.members), reading.links, reading, INDIVIDUAL, communities=no_communities)
        )
        return any({"crm:1", "crm:2"} <= set(part) for part in split.parts)

    assert not together("111223333")
    assert together("294669998")


def test_a_record_without_a_name_does_not_join_two_people_on_one_phone() -> None:
    bob, mary, nobody = claim(1, "bob"), claim(2, "mary"), claim(3, None, family=None)
    groups = group_by_person([nobody, mary, bob], INDIVIDUAL.kind("phone").contradicted_by)
    assert sorted(len(group) for group in groups) == [1, 2]
    assert not any({bob, mary} <= {*group} for group in groups)
