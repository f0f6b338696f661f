"""Replacements over GraphQL: for this shopper, by what it bought up to this moment."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gnn.data.interactions import SECONDS_PER_DAY, from_seconds
from gnn.model_store import ModelStore
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.stored import KIND, save_substitution
from gnn.substitution.substitution import NETWORK
from gnn.substitution.training import fit_substitution
from graph.model.evidence import ProductLine
from graph.repositories.evidence import EvidenceRepository
from tests.integration.api.conftest import RESOLVED_FIRST, Client, OpenClient, record, touchpoint
from tests.unit.gnn.substitution_shop import large_shop

QUERY = """
query Substitutes($product: ID!, $for: IdentifierInput, $context: SubstitutesContext, $count: Int! = 3) {
  substitutes(product: $product, for: $for, context: $context, count: $count) {
    __typename
    ... on Substitutes {
      personal
      purchases
      model { version served }
      items { product { productId title } chance basis reasons }
    }
    ... on NoModel { message }
    ... on InvalidIdentifier { message }
  }
}
"""
TABLET = {"namespace": "device_id", "value": "d1"}
ACCOUNT = {"namespace": "user_id", "value": "u1"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    store = ModelStore(folder=tmp_path_factory.mktemp("models"))
    settings = SubstitutionSettings(space=4, epochs=10, least_customers=2)
    fitted = fit_substitution(large_shop(), from_seconds(7 * 60 * SECONDS_PER_DAY), settings, seed=0)
    save_substitution(replace(fitted, version="v1"), store.path(KIND, "v1"))
    store.use(KIND, "v1")
    return store


@pytest.fixture
async def reader(hamlet: Any, open_client: OpenClient, models: ModelStore) -> Client:
    return await open_client(database=hamlet, models=models)


async def ask(client: Client, product: str = "oat", **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(QUERY, product=product, **variables))["substitutes"]
    return found


async def buy(database: Any, item: str, key: str, *, times: int) -> None:
    """Once a week, the last time a week ago."""
    line = ProductLine(product_id=item, quantity=1.0, price_cents=100)
    days = [RESOLVED_FIRST - timedelta(weeks=week + 1) for week in range(times)]
    acts = [touchpoint(f"{key}-{item}-{at:%m%d}", key, at=at, kind="order", products=(line,)) for at in days]
    await EvidenceRepository(database).write(acts)


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["product"]["productId"] for item in answer["items"]]


async def test_without_a_model_the_answer_says_what_to_do(hamlet: Any, open_client: OpenClient, tmp_path: Path) -> None:
    answer = await ask(await open_client(database=hamlet, models=ModelStore(folder=tmp_path)))
    assert answer["__typename"] == "NoModel"
    assert "kindred train" in answer["message"]


async def test_what_the_shopper_bought_on_another_device_comes_first(reader: Client, hamlet: Any) -> None:
    nobody = await ask(reader)
    assert (nobody["personal"], nobody["purchases"]) == (False, 0)
    assert set(ids(nobody)) == {"soy", "cow", "goat"}
    for item in ("soy", "cow"):
        await buy(hamlet, item, "device_id:d1", times=4)
        answer = await ask(reader, **{"for": ACCOUNT})
        # Four times soy; then cow as often too, on the same days.
        assert answer["items"][0]["reasons"][0] == "you bought it 4 times"
        assert answer["items"][0]["basis"] == "LEARNT"
    assert (answer["personal"], answer["purchases"]) == (True, 8)
    assert set(ids(answer)[:2]) == {"soy", "cow"}
    assert answer["model"] == {"version": "v1", "served": NETWORK}


async def test_what_cannot_be_had_is_not_offered(reader: Client) -> None:
    without = await ask(reader, context={"outOfStock": ["soy"], "exclude": ["cow"]}, count=1)
    assert ids(without) == ["goat"]
    assert ids(await ask(reader, context={"mustShare": ["diet"]})) == ["soy"]
    answer = await ask(reader, "never sold", context={"category": "soap home"}, count=2)
    assert set(ids(answer)) == {"soap", "gel"}
    assert {item["basis"] for item in answer["items"]} == {"CATEGORY"}
    assert {item["chance"] for item in answer["items"]} == {None}


async def test_suppressed_products_are_never_offered(hamlet: Any, open_client: OpenClient, models: ModelStore) -> None:
    client = await open_client(database=hamlet, models=models, suppressed_products=["soy"])
    assert "soy" not in ids(await ask(client))


async def test_who_refuses_personalization_gets_what_anybody_gets(reader: Client, hamlet: Any) -> None:
    await buy(hamlet, "goat", "user_id:u1", times=4)
    refusal = record("crm:1", "user_id:u1", given="ann", family="lee", at=RESOLVED_FIRST, consent={"personalization": "revoked"})
    before = await ask(reader, **{"for": ACCOUNT})
    await EvidenceRepository(hamlet).write([refusal])
    after = await ask(reader, **{"for": ACCOUNT})
    assert (before["personal"], before["purchases"]) == (True, 4)
    assert after == await ask(reader)


async def test_mistakes_are_told(reader: Client) -> None:
    assert (await ask(reader, **{"for": {"namespace": "email", "value": "nobody"}}))["__typename"] == "InvalidIdentifier"
    body = await reader.ask('{ substitutes(product: "oat", context: {mustShare: ["halal"]}) { __typename } }')
    assert body["errors"][0]["message"] == "the catalogue has no quality halal; it has brand, diet"
    body = await reader.ask('{ substitutes(product: "oat", count: 21) { __typename } }')
    assert body["errors"][0]["message"] == "count is 21; from 1 to 20 are given"
