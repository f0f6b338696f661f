"""Predicted links in the review queue: shown until they are settled, left alone by resolutions, and merged only by a steward."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.model.identity import Purpose
from graph.repositories.identities import IdentityRepository
from graph.repositories.predictions import PredictionRepository
from graph.statements.prediction import PredictedLinkRow

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
QUEUE = "{ reviewQueue(reason: [PREDICTED]) { totalCount edges { node { reviewId purpose left right detail } } } }"
APPROVE = """mutation($id: ID!, $preview: Boolean! = false, $expected: String) {
  approveLink(id: $id, reason: "spoke to both", preview: $preview, expectedEffect: $expected) {
    __typename ... on StewardAction { executed effect { digest } } ... on Refusal { code message } } }"""
LINK = PredictedLinkRow(
    left="crm:3",
    right="pos:4",
    probability=0.91,
    least=0.84,
    comparisons="prior -4 -2; birth_date exact 6.5 4; family_name different -5.25 0.5; email near 1.25 1",
    alternatives=2,
)


@pytest.fixture
def predictions(hamlet: Database) -> PredictionRepository:
    return PredictionRepository(hamlet)


@pytest.fixture
def town_database(hamlet: Database) -> Database:
    return hamlet


async def waiting(client: Any) -> list[dict[str, Any]]:
    return [edge["node"] for edge in (await client.data(QUEUE))["reviewQueue"]["edges"]]


async def standing(database: Database) -> list[tuple[str, str, float]]:
    records, _, _ = await database._driver.execute_query(
        "MATCH (a)-[p:PREDICTED]->(b) WHERE p.retracted_at IS NULL RETURN a.id AS a, b.id AS b, p.probability AS p ORDER BY a, b"
    )
    return [(record["a"], record["b"], record["p"]) for record in records]


async def test_a_prediction_waits_with_its_reason(client: Any, hamlet: Database, predictions: PredictionRepository) -> None:
    assert await predictions.replace([LINK], model="links-v1", at=NOW) == 1
    [item] = await waiting(client)
    assert (item["purpose"], item["left"], item["right"]) == ("INDIVIDUAL", "crm:3", "pos:4")
    assert item["detail"] == (
        "91% likely one person, 84% at least, by links-v1; for it birth_date exact, email near; "
        "against it family_name different; 2 other candidates of the two"
    )
    assert await standing(hamlet) == [("crm:3", "pos:4", 0.91)]


async def test_the_next_predictions_take_the_place_of_these(
    client: Any, hamlet: Database, predictions: PredictionRepository
) -> None:
    await predictions.replace([LINK], model="links-v1", at=NOW)
    other = PredictedLinkRow(left="crm:1", right="crm:3", probability=0.7, least=0.6, comparisons="prior -4", alternatives=0)
    links: Sequence[PredictedLinkRow] = [other]
    await predictions.replace(links, model="links-v2", at=NOW + timedelta(days=1))
    assert [(item["left"], item["right"]) for item in await waiting(client)] == [("crm:1", "crm:3")]
    assert await standing(hamlet) == [("crm:1", "crm:3", 0.7)]
    await predictions.replace([], model="links-v3", at=NOW + timedelta(days=2))
    assert await waiting(client) == []
    assert await standing(hamlet) == []


async def test_resolutions_neither_follow_nor_end_it(client: Any, hamlet: Database, predictions: PredictionRepository) -> None:
    before = await IdentityRepository(hamlet).memberships(Purpose.INDIVIDUAL)
    await predictions.replace([LINK], model="links-v1", at=NOW)
    numbers = itertools.count(100)
    resolver = open_resolver(hamlet, clock=lambda: NOW + timedelta(hours=1), new_id=lambda: f"{next(numbers):06}")
    await resolver.resolve_all(ORDER, progress=NoProgress())
    assert await IdentityRepository(hamlet).memberships(Purpose.INDIVIDUAL) == before
    assert len(await waiting(client)) == 1


async def test_a_steward_can_make_it_true(steward: Any, hamlet: Database, predictions: PredictionRepository) -> None:
    await predictions.replace([LINK], model="links-v1", at=NOW)
    [item] = await waiting(steward)
    seen = (await steward.data(APPROVE, id=item["reviewId"], preview=True))["approveLink"]
    done = (await steward.data(APPROVE, id=item["reviewId"], expected=seen["effect"]["digest"]))["approveLink"]
    assert done["executed"] is True
    assert await waiting(steward) == []
    members = await IdentityRepository(hamlet).memberships(Purpose.INDIVIDUAL)
    assert members["crm:3"] == members["pos:4"]
    await predictions.replace([LINK], model="links-v2", at=NOW + timedelta(days=1))
    assert await waiting(steward) == []


async def test_the_individuals_of_records_are_read(hamlet: Database, predictions: PredictionRepository) -> None:
    found = await predictions.individuals_of_records()
    assert set(found) == {"crm:1", "web:2", "crm:3", "pos:4"}
    assert found["crm:1"] == found["web:2"] != found["crm:3"]
