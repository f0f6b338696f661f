"""The queries of the guide to GraphQL do what the guide says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "graphql.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```graphql\n(query (\w+).*?)```\n```json\n(.*?)```", GUIDE, re.DOTALL)
CODES = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))


@pytest.mark.parametrize(("query", "variables"), [pytest.param(query, variables, id=name) for query, name, variables in EXAMPLES])
async def test_an_example_runs(client: Any, query: str, variables: str) -> None:
    data = await client.data(query, **json.loads(variables))
    [answer] = data.values()
    assert answer, data


def test_all_queries_are_examples() -> None:
    assert len(EXAMPLES) == GUIDE.count("```graphql") == 6


async def test_the_examples_show_something(client: Any) -> None:
    answers = {name: await client.data(query, **json.loads(variables)) for query, name, variables in EXAMPLES}
    assert answers["Profile"]["profile"]["household"]["individuals"]["totalCount"] == 2
    # WEB and STORE: ada-5, ada-4, ada-3 on the first page, ada-2 and ada-1 on the next.
    assert answers["Journey"]["profile"]["journey"]["pageInfo"]["hasNextPage"] is True
    assert answers["Why"]["explain"]["together"] is True
    assert answers["Then"]["profile"]["journey"]["totalCount"] == 5
    assert "message" in answers["ById"]["identity"]


def test_the_codes_are_those_that_the_api_gives() -> None:
    assert {
        "unauthenticated", "too_large", "invalid_query", "too_costly", "invalid_argument", "timeout", "unavailable",
        "internal_error",
    } == CODES  # fmt: skip
