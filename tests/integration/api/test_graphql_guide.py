"""The queries of the guide to GraphQL do what the guide says."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from graphql import parse, validate

from api.schema import build_schema
from graph.identity.publication import built_in
from graph.model.identity import Purpose
from runtime.settings import Role

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "graphql.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```graphql\n((?:query|mutation) (\w+).*?)```\n```json\n(.*?)```", GUIDE, re.DOTALL)
CODES = set(re.findall(r"^\| `(\w+)` \|", GUIDE.partition("## Errors")[2], re.MULTILINE))
ROLES = set(re.findall(r"^\| `(\w+)` \|", GUIDE.partition("## Who has")[0], re.MULTILINE))


POLICY = built_in(Purpose.INDIVIDUAL).document


@pytest.fixture
async def anybody(open_client: Any) -> Any:
    """A client with every role, as the key generated in development."""
    return await open_client(key="studio-key")


def given(variables: str) -> dict[str, Any]:
    """An example's variables; where it leaves out a document, that."""
    return {name: POLICY if name == "document" else value for name, value in json.loads(variables).items()}


@pytest.mark.parametrize(("query", "variables"), [pytest.param(query, variables, id=name) for query, name, variables in EXAMPLES])
async def test_an_example_runs(anybody: Any, query: str, variables: str) -> None:
    data = await anybody.data(query, **given(variables))
    [(field, answer)] = data.items()
    # Nothing has been scored in this town.
    assert answer or field in {"similarProducts", "lookalikes"}, data


def test_all_queries_are_examples() -> None:
    assert len(EXAMPLES) == GUIDE.count("```graphql") == 16


def test_the_subscriptions_are_of_the_schema() -> None:
    subscriptions = re.findall(r"`(subscription .*?)`", GUIDE, re.DOTALL)
    assert len(subscriptions) == 2
    for subscription in subscriptions:
        assert validate(build_schema(development=True)._schema, parse(subscription)) == []


async def test_the_examples_show_something(anybody: Any) -> None:
    answers = {name: await anybody.data(query, **given(variables)) for query, name, variables in EXAMPLES}
    assert answers["Profile"]["profile"]["household"]["individuals"]["totalCount"] == 2
    # WEB and STORE: ada-5, ada-4, ada-3 on the first page, ada-2 and ada-1 on the next.
    assert answers["Journey"]["profile"]["journey"]["pageInfo"]["hasNextPage"] is True
    assert answers["Why"]["explain"]["together"] is True
    assert answers["Then"]["profile"]["journey"]["totalCount"] == 5
    assert "message" in answers["ById"]["identity"]
    assert answers["WhyAll"]["explainIdentity"]["__typename"] == "IdentityNotFound"
    seen = answers["Same"]["assertSame"]
    # What else is known of Ada and Charles still tells them apart: the cookie goes to him.
    assert seen["executed"] is False
    assert "anonymous_id:c1" in {member for change in seen["effect"]["changes"] for member in change["entering"]}
    assert answers["TakeBack"]["retract"]["executed"] is False
    assert (answers["Proposed"]["policyDiff"]["basedOn"], answers["Proposed"]["policyDiff"]["unchanged"]) == (0, True)
    assert {policy["number"] for policy in answers["Policies"]["policies"]} == {0}


def test_the_roles_are_those_that_a_setting_can_give() -> None:
    assert set(get_args(Role)) == ROLES


def test_the_codes_are_those_that_the_api_gives() -> None:
    assert {
        "unauthenticated", "forbidden", "too_large", "invalid_query", "too_costly", "invalid_argument", "timeout", "unavailable",
        "internal_error", "too_many_subscribers",
    } == CODES  # fmt: skip
