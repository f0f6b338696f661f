"""Recommendations over GraphQL: from a trained model and what the graph holds of the customer at this moment."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gnn.model_store import ModelStore
from gnn.recommendation.model import NETWORK
from gnn.recommendation.settings import Settings
from gnn.recommendation.stored import KIND, save_recommender
from gnn.recommendation.trainer import train_recommender
from graph.model.evidence import ProductLine, RecordVersion, Touchpoint
from graph.repositories.evidence import EvidenceRepository
from tests.integration.api.conftest import RESOLVED_FIRST, Client, OpenClient, record, touchpoint
from tests.unit.gnn.shops import OPENED, TASTES, item_id, shop

QUERY = """
query Recommendations($namespace: String!, $value: String!, $context: RecommendationContext, $wanted: WantedProducts! = ANY) {
  recommendations(for: {namespace: $namespace, value: $value}, context: $context, count: 5, wanted: $wanted) {
    __typename
    ... on Recommendations {
      personal
      acts
      model { version served trainedUntil }
      items {
        product { productId title }
        chance
        boughtBefore
        reason { kind text becauseOf { productId title } }
      }
    }
    ... on NoModel { message }
    ... on InvalidIdentifier { message }
  }
}
"""
COOKIE = {"namespace": "anonymous_id", "value": "visitor"}
SMALL = Settings(horizon=timedelta(weeks=4), least_customers=2, factors=8, width=8, encoder_epochs=8, epochs=6, hidden=16)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store whose network is in use, whichever model was better."""
    store = ModelStore(folder=tmp_path_factory.mktemp("models"))
    trained = train_recommender(shop(), OPENED + timedelta(weeks=30), SMALL, version="v1", seed=0)
    save_recommender(replace(trained.recommender, served=NETWORK, served_new=NETWORK), store.path(KIND, "v1"))
    store.use(KIND, "v1")
    return store


@pytest.fixture
async def reader(hamlet: Any, open_client: OpenClient, models: ModelStore) -> Client:
    return await open_client(database=hamlet, models=models)


async def ask(client: Client, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(QUERY, **{**COOKIE, **variables}))["recommendations"]
    return found


def tastes(answer: dict[str, Any]) -> list[str]:
    return [item["product"]["productId"].partition("-")[0] for item in answer["items"]]


def view(name: str, item: str, *keys: str, kind: str = "product_view") -> Touchpoint:
    line = ProductLine(product_id=item)
    return touchpoint(name, *(keys or ("anonymous_id:visitor",)), at=RESOLVED_FIRST, kind=kind, products=(line,))


async def test_without_a_model_the_answer_says_what_to_do(hamlet: Any, open_client: OpenClient, tmp_path: Path) -> None:
    answer = await ask(await open_client(database=hamlet, models=ModelStore(folder=tmp_path)))
    assert answer == {"__typename": "NoModel", "message": "no recommender is in use: kindred train makes one"}


async def test_recommendations_change_with_the_next_clicks(reader: Client, hamlet: Any) -> None:
    nobody = await ask(reader)
    assert (nobody["acts"], nobody["personal"]) == (0, True)
    assert {item["reason"]["kind"] for item in nobody["items"]} <= {"POPULAR", "PLACE"}
    evidence = EvidenceRepository(hamlet)
    await evidence.write([view(f"coffee-{n}", item_id(0, n)) for n in range(4)])
    coffee = await ask(reader)
    assert coffee["acts"] == 4
    assert tastes(coffee) == [TASTES[0]] * 5
    await evidence.write([view(f"tea-{n}", item_id(1, n), kind="cart") for n in range(12)])
    tea = await ask(reader)
    assert tea["acts"] == 16
    assert tastes(tea).count(TASTES[1]) > tastes(coffee).count(TASTES[1])
    assert tea["model"] == coffee["model"]


async def test_what_the_page_knows_counts_at_once(reader: Client) -> None:
    viewed = [item_id(2, number) for number in range(4)]
    answer = await ask(reader, context={"viewed": viewed, "outOfStock": [item_id(2, 9)], "inCart": [item_id(2, 5)]})
    assert tastes(answer) == [TASTES[2]] * 5
    named = {item["product"]["productId"] for item in answer["items"]}
    assert not named & {item_id(2, 9), item_id(2, 5)}


async def test_the_acts_of_all_devices_count_once_they_are_one_person(reader: Client, hamlet: Any) -> None:
    await EvidenceRepository(hamlet).write([view("tablet", item_id(0, 1), "device_id:d1", kind="order")])
    answer = await ask(reader, namespace="user_id", value="u1", wanted="REPEAT")
    assert [item["product"]["productId"] for item in answer["items"]] == [item_id(0, 1)]
    assert answer["items"][0]["boughtBefore"] is True


async def test_who_refuses_personalization_gets_what_anybody_gets(reader: Client, hamlet: Any) -> None:
    refusal: RecordVersion = record(
        "crm:1", "user_id:u1", "email:ann@shop.test", given="ann", family="lee", at=RESOLVED_FIRST,
        consent={"personalization": "denied"},
    )  # fmt: skip
    await EvidenceRepository(hamlet).write([refusal, *[view(f"u-{n}", item_id(0, n), "user_id:u1") for n in range(4)]])
    answer = await ask(reader, namespace="user_id", value="u1", context={"viewed": [item_id(0, 7)]})
    assert (answer["personal"], answer["acts"]) == (False, 0)
    assert answer["items"] == (await ask(reader))["items"]


async def test_suppressed_products_never_come_up(hamlet: Any, open_client: OpenClient, models: ModelStore) -> None:
    open_to_all = await ask(await open_client(database=hamlet, models=models))
    first = open_to_all["items"][0]["product"]["productId"]
    without = await ask(await open_client(database=hamlet, models=models, suppressed_products=[first]))
    assert first not in [item["product"]["productId"] for item in without["items"]]


async def test_a_value_that_is_no_identifier_is_an_answer(reader: Client) -> None:
    assert (await ask(reader, namespace="email", value="nobody"))["__typename"] == "InvalidIdentifier"


async def test_too_many_are_refused(reader: Client) -> None:
    body = await reader.ask('{ recommendations(for: {namespace: "email", value: "a@b.test"}, count: 101) { __typename } }')
    assert body["errors"][0]["message"] == "count is 101; from 1 to 100 are given"
