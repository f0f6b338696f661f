"""What Bloom and NeoDash are given runs on a real server and finds something in the demonstration's graph."""

from dataclasses import fields
from typing import Any

import pytest
from neo4j import Driver, GraphDatabase

from graph.database import Database, Neo4jAddress
from graph.statements import neodash
from graph.statements.bloom import WHY_ONE_PERSON, PairParameters
from graph.statements.demo import Showcase
from graph.statements.statement import Statement
from graph.visual.bloom import EDITED_AT, SCENE_ACTIONS, SEARCH_PHRASES, SceneAction, SearchPhrase, perspective
from graph.visual.catalog import LABELS, RELATIONSHIP_TYPES, Kind
from runtime.demo.story import choose_showcase

SERVER_TYPES = {
    Kind.TEXT: {"String"},
    Kind.LIST: {"StringArray", "DoubleArray"},
    Kind.INTEGER: {"Long"},
    Kind.NUMBER: {"Double"},
    Kind.TIME: {"DateTime"},
    Kind.DATE: {"Date"},
    Kind.BOOLEAN: {"Boolean"},
}
# Bookkeeping of migrations and of the resolver, and the label that identities have beside their own.
NOT_SHOWN = {"Migration", "MigrationLock", "Lease", "Reference", "Replay", "Announcer", "Identity"}


@pytest.fixture
async def showcase(demo_database: Database) -> Showcase:
    return await choose_showcase(demo_database)


@pytest.fixture(scope="module")
def driver(demo_graph: Neo4jAddress) -> Any:
    with GraphDatabase.driver(demo_graph.uri, auth=(demo_graph.user, demo_graph.password)) as driver:
        yield driver


def one(driver: Driver, cypher: str) -> Any:
    with driver.session() as session:
        record = session.run(cypher).single(strict=True)
        return record[0]


def values_for(showcase: Showcase, driver: Driver) -> dict[str, str]:
    """A value for each parameter of a search phrase, as a person would type it."""
    pair = """
        MATCH (record:Record)-[:STATES]->(email:Identifier {namespace: 'email'})
        MATCH (record)-[:MEMBER_OF]->(:Individual)<-[:MEMBER_OF]-(email)
        RETURN [record.id, email.value] ORDER BY record.id LIMIT 1
    """
    card = "MATCH (card:Identifier {namespace: 'loyalty_id'})-[:MEMBER_OF]->(:Individual) RETURN card.value LIMIT 1"
    product = "MATCH (p:Product)<-[:ABOUT]-()-[:CARRIES]->({namespace: 'user_id'}) RETURN p.name LIMIT 1"
    record_id, email = one(driver, pair)
    return {
        "email": f" {showcase.email.upper()} ",
        "identifier": one(driver, card),
        "a": record_id,
        "b": email,
        "purpose": "Operational",
        "record": "CUSTOMERS:1001",
        "product": one(driver, product),
    }


def planned(driver: Driver, cypher: str, parameters: dict[str, Any]) -> list[str]:
    """Plan a statement on the server; its warnings."""
    with driver.session() as session:
        summary = session.run(f"EXPLAIN {cypher}", parameters).consume()
    return [status.status_description for status in summary.gql_status_objects if status.is_notification]


@pytest.mark.parametrize("phrase", SEARCH_PHRASES, ids=lambda phrase: phrase.text)
async def test_search_phrase_finds_something(
    phrase: SearchPhrase, demo_database: Database, driver: Driver, showcase: Showcase
) -> None:
    values = values_for(showcase, driver)
    typed = {field.name: values[field.name] for field in fields(phrase.statement.parameters)}
    rows = await demo_database.run(phrase.statement, phrase.statement.parameters(**typed))
    assert rows


def test_what_the_perspective_holds_is_planned_without_a_warning(driver: Driver) -> None:
    generated = perspective(edited_at=EDITED_AT)
    for item in (*generated["templates"], *generated["sceneActions"]):
        names = [parameter["name"].removeprefix("$") for parameter in item.get("params", [])] or ["nodes"]
        # A graph without assertions has no relationship type of theirs: that alone may be remarked on.
        remarks = [text for text in planned(driver, item["cypher"], dict.fromkeys(names)) if "does not exist" not in text]
        assert remarks == [], item["name"]


@pytest.mark.parametrize("action", SCENE_ACTIONS, ids=lambda action: action.name)
async def test_scene_action_shows_something(action: SceneAction, demo_database: Database, driver: Driver) -> None:
    shown: list[Any] = []
    for label in action.labels:
        chosen = one(driver, f"MATCH (n:{label}) RETURN collect(elementId(n))")
        shown += await demo_database.run(action.statement, action.statement.parameters(nodes=tuple(chosen)))
    assert shown


@pytest.mark.parametrize("action", SCENE_ACTIONS, ids=lambda action: action.name)
async def test_scene_action_on_another_label_shows_nothing(action: SceneAction, demo_database: Database, driver: Driver) -> None:
    product = one(driver, "MATCH (p:Product) RETURN elementId(p) LIMIT 1")
    assert await demo_database.run(action.statement, action.statement.parameters(nodes=(product,))) == []


async def test_why_leads_from_one_end_to_the_other(demo_database: Database, driver: Driver, showcase: Showcase) -> None:
    values = values_for(showcase, driver)
    rows = await demo_database.run(WHY_ONE_PERSON, PairParameters(a=values["a"], b=values["b"]))
    nodes = [item for item in rows[0].path if isinstance(item, dict)]
    assert nodes[0]["id"] == values["a"]
    assert nodes[-1]["value"] == values["b"]


async def test_why_has_no_answer_for_two_people(demo_database: Database) -> None:
    assert await demo_database.run(WHY_ONE_PERSON, PairParameters(a="CUSTOMERS:1001", b="CUSTOMERS:1101")) == []


@pytest.mark.parametrize(
    "statement", [value for value in vars(neodash).values() if isinstance(value, Statement)], ids=lambda statement: statement.name
)
async def test_dashboard_query_finds_something(
    statement: Statement[Any, Any], demo_database: Database, showcase: Showcase
) -> None:
    typed = {"input": showcase.email[1:6].upper(), "neodash_customer_email": showcase.email}
    parameters = statement.parameters(**{field.name: typed[field.name] for field in fields(statement.parameters)})
    assert await demo_database.run(statement, parameters)


def test_catalogue_holds_every_property_of_every_label(driver: Driver) -> None:
    catalogue = {label.name: {p.name: SERVER_TYPES[p.kind] for p in label.properties} for label in LABELS}
    with driver.session() as session:
        rows = session.run("CALL db.schema.nodeTypeProperties()").data()
    seen = set()
    for row in rows:
        for label in set(row["nodeLabels"]) - NOT_SHOWN:
            seen.add(label)
            if row["propertyName"] is not None:
                assert row["propertyName"] in catalogue[label], f"{label}.{row['propertyName']}"
                assert set(row["propertyTypes"]) <= catalogue[label][row["propertyName"]], f"{label}.{row['propertyName']}"
    assert {"Individual", "Household", "Operational", "Identifier", "Record", "RecordVersion", "Touchpoint", "Decision"} <= seen


def test_catalogue_holds_every_property_of_every_relationship_type(driver: Driver) -> None:
    catalogue = {kind.name: {p.name: SERVER_TYPES[p.kind] for p in kind.properties} for kind in RELATIONSHIP_TYPES}
    with driver.session() as session:
        rows = session.run("CALL db.schema.relTypeProperties()").data()
    for row in rows:
        name = row["relType"].strip(":`")
        assert name in catalogue
        if row["propertyName"] is not None:
            assert set(row["propertyTypes"]) <= catalogue[name][row["propertyName"]], f"{name}.{row['propertyName']}"


def test_catalogue_joins_the_labels_that_the_graph_joins(driver: Driver) -> None:
    ends = {(source, kind.name, target) for kind in RELATIONSHIP_TYPES for source, target in kind.ends}
    with driver.session() as session:
        rows = session.run(
            "MATCH (a)-[r]->(b) UNWIND labels(a) AS source UNWIND labels(b) AS target "
            "RETURN DISTINCT source, type(r) AS kind, target"
        ).data()
    joined = {(row["source"], row["kind"], row["target"]) for row in rows if not {row["source"], row["target"]} & NOT_SHOWN}
    assert joined <= ends
    assert len(joined) > 12
