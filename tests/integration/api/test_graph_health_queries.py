"""The graph's health over HTTP: as GraphQL with the example of its page, and as metrics."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from api.graph_metrics import GraphMetrics
from api.metrics import ApiMetrics
from graph.database import Database
from graph.identity.progress import NoProgress
from graph.identity.survey import open_surveyor
from graph.model.identity import Purpose
from graph.repositories.reviews import ReviewRepository

PAGE = (Path(__file__).parents[3] / "docs" / "graph-health.md").read_text(encoding="utf-8")
[(EXAMPLE, VARIABLES)] = re.findall(r"```graphql\n(.*?)```\n```json\n(.*?)```", PAGE, re.DOTALL)
# The town was resolved last on 11 March at 9.
MEASURED = datetime.fromisoformat("2025-03-11T10:00:00+00:00")
PERSONAL = ("ada", "grace", "byron", "u1", "ind_", "shop.test")


QUERY = """query Q($asOf: DateTime, $days: Int! = 30, $purpose: Purpose! = INDIVIDUAL) {
  graphHealth(purpose: $purpose, days: $days, asOf: $asOf) {
    __typename
    ... on GraphHealth { days { day added new formed merged sources { source added new } } }
    ... on HealthNotMeasured { code message }
  }
}"""


@pytest.fixture
async def measured(town_database: Database) -> Database:
    """The town, measured an hour after its last resolution, with a cookie that is left out since then."""
    held = {("generic", ("anonymous_id:g0",)): "seen with 60 identifiers"}
    await ReviewRepository(town_database).report_held_back(Purpose.INDIVIDUAL, held, among=[], now=MEASURED)
    surveyor = open_surveyor(town_database, clock=lambda: MEASURED)
    await surveyor.measure(Purpose.INDIVIDUAL, progress=NoProgress())
    return town_database


async def test_the_example_of_the_page(measured: Database, client: Any) -> None:
    found = (await client.data(EXAMPLE, **json.loads(VARIABLES)))["graphHealth"]
    assert (found["__typename"], found["measuredAt"]) == ("GraphHealth", MEASURED.isoformat())
    # Grace: 40 records, 40 cards, an e-mail address, 7 cookies. Ada: 2 records, 7 identifiers. Charles: 1 and 1.
    assert (found["identities"], found["records"], found["members"]) == (3, 43, 88 + 9 + 2)
    assert [each["identities"] for each in found["recordSizes"]] == [0, 1, 1, 0, 0, 0, 0, 1]
    assert [(each["records"], each["members"]) for each in found["largest"]] == [(40, 88), (2, 9), (1, 2)]
    [grace] = found["suspicious"]
    assert grace["profile"]["name"]["asGiven"] == "Grace Hopper"
    # 1 - 4 / 40
    assert (grace["suspicion"], grace["reasons"]) == (
        0.9,
        [
            {
                "kind": "TOO_MANY_VALUES",
                "strength": 0.9,
                "detail": "it has 40 values of loyalty_id, the policy takes 4 for one person",
            }
        ],
    )
    # 40 receipts of Grace, each with each, and Ada's two.
    assert found["estimates"]["linkedPairs"] == 40 * 39 / 2 + 1
    assert found["estimates"]["precision"]["low"] < found["estimates"]["precision"]["value"]
    assert found["heldBack"] == [{"reason": "generic", "findings": 1}]
    [cookie] = found["genericValues"]
    assert cookie["identifier"] == {"namespace": "anonymous_id", "value": "g0"}
    # Every seventh of 2,500 visits.
    assert (cookie["detail"], cookie["carriers"]) == ("seen with 60 identifiers", 358)


async def test_days_are_those_asked_for(measured: Database, client: Any) -> None:
    # It is 12 March: on the 10th a version of a known record arrived and nothing was added; on the 11th the tablet was merged.
    [merged] = (await client.data(QUERY, days=2))["graphHealth"]["days"]
    assert (merged["day"], merged["merged"], merged["added"], merged["sources"]) == ("2025-03-11", 1, 0, [])
    [arrived, resolved, _] = (await client.data(QUERY, days=12))["graphHealth"]["days"]
    assert (arrived["day"], arrived["added"]) == ("2025-03-01", 3)
    assert [(each["source"], each["added"]) for each in arrived["sources"]] == [("crm", 2), ("pos", 1)]
    # The tablet, Ada, Charles and Grace.
    assert (resolved["day"], resolved["formed"], resolved["new"]) == ("2025-03-02", 4, 43)
    assert [(each["source"], each["new"]) for each in resolved["sources"]] == [("crm", 2), ("loyalty", 1), ("pos", 40)]
    # As of 11 March, a day that had not ended is not told of: 10 days are those from the 1st to the 10th.
    then = await client.data(QUERY, days=10, asOf="2025-03-11T20:00:00Z")
    assert [each["day"] for each in then["graphHealth"]["days"]] == ["2025-03-01", "2025-03-02"]


@pytest.mark.parametrize("days", [0, 101])
async def test_too_many_days_are_refused(measured: Database, client: Any, days: int) -> None:
    body = await client.ask(QUERY, days=days)
    assert body["errors"][0]["extensions"]["code"] == "invalid_argument"


async def test_what_was_not_measured_is_an_answer(measured: Database, client: Any) -> None:
    for variables in ({"purpose": "HOUSEHOLD"}, {"asOf": "2025-03-11T09:30:00Z"}):
        answer = (await client.data(QUERY, **variables))["graphHealth"]
        assert (answer["__typename"], answer["code"]) == ("HealthNotMeasured", "health_not_measured")
    assert "2025-03-11T09:30:00" in answer["message"]
    assert (await client.data(QUERY, asOf="2025-03-11T10:30:00Z"))["graphHealth"]["__typename"] == "GraphHealth"


async def test_it_costs_a_fixed_number_of_statements_and_a_key_that_may_read(measured: Database, open_client: Any) -> None:
    client = await open_client()
    before = measured.statements_run
    await client.data(EXAMPLE, **json.loads(VARIABLES))
    # The state, the days, the generic values; profiles and their names for all identities of the list.
    assert measured.statements_run - before == 5
    refused = await (await open_client(key="bot-key")).ask(EXAMPLE, **json.loads(VARIABLES))
    assert refused["errors"][0]["extensions"]["code"] == "forbidden"


async def test_metrics_tell_what_was_measured_and_nothing_of_anybody(measured: Database, open_client: Any) -> None:
    client = await open_client(key=None, metrics=ApiMetrics(CollectorRegistry()))
    before = measured.statements_run
    text = (await client.http.get("/metrics")).text
    told = {
        (sample.name, *(value for name, value in sample.labels.items() if name != "purpose")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("purpose") == "individual"
    }
    assert told["kindred_identities",] == 3
    assert told["kindred_identity_records",] == 43
    assert told["kindred_identity_members",] == 99
    assert (told["kindred_identities_by_records", "33+"], told["kindred_identities_by_records", "3-4"]) == (1, 0)
    assert told["kindred_largest_identity_records",] == 40
    assert told["kindred_suspicious_identities",] == 1
    assert told["kindred_held_back", "generic"] == 1
    assert told["kindred_estimated_precision", "low"] < told["kindred_estimated_precision", "value"] <= 1
    assert (told["kindred_decisions_total", "formed"], told["kindred_decisions_total", "merged"]) == (4, 1)
    assert told["kindred_resolution_stage_seconds", "conclude"] >= 0
    assert told["kindred_health_measured_timestamp_seconds",] == MEASURED.timestamp()
    assert 'purpose="household"' not in text
    assert [word for word in PERSONAL if word in text] == []
    # Read once, and told again.
    assert (await client.http.get("/metrics")).status_code == 200
    assert measured.statements_run - before == 1


def test_the_page_names_all_metrics() -> None:
    registry = CollectorRegistry()
    GraphMetrics(registry)
    named = set(re.findall(r"`(kindred_\w+)`", PAGE))
    families = {f"{family.name}_total" if family.type == "counter" else family.name for family in registry.collect()}
    assert families == named
