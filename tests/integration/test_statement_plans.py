"""The real server plans every statement: without a warning, with the declared columns, and without scans on hot paths."""

import asyncio
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from neo4j import Driver, GraphDatabase, NotificationSeverity

import graph.statements
from graph.database import open_database
from graph.migrations import migrate
from graph.statements.statement import NoRow, Statement

SCANS = {
    "AllNodesScan",
    "DirectedAllRelationshipsScan",
    "DirectedRelationshipTypeScan",
    "NodeByLabelScan",
    "UndirectedAllRelationshipsScan",
    "UndirectedRelationshipTypeScan",
    "UnionNodeByLabelsScan",
}
# The test database is empty, so a name that no node has yet is no fault; tests/contracts/test_cypher_names.py checks the names.
NOT_IN_AN_EMPTY_DATABASE = {"01N50", "01N51", "01N52"}

STATEMENTS = [
    pytest.param(value, id=f"{module.name}.{name}")
    for module in pkgutil.iter_modules(graph.statements.__path__)
    for name, value in vars(importlib.import_module(f"graph.statements.{module.name}")).items()
    if isinstance(value, Statement)
]


@pytest.fixture(scope="module")
def driver(stack: Any) -> Iterator[Driver]:
    """A driver on the migrated test database that reports every notification."""
    address = stack.neo4j

    async def prepare() -> None:
        async with open_database(address) as database:
            await migrate(database)

    asyncio.run(prepare())
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:
        yield driver


def operators(plan: dict[str, Any]) -> set[str]:
    """Names of the operators of a plan and of all its children."""
    names = {plan["operatorType"].split("@")[0]}
    for child in plan.get("children", []):
        names |= operators(child)
    return names


@pytest.mark.parametrize("statement", STATEMENTS)
def test_plan_is_clean(driver: Driver, statement: Statement[Any, Any]) -> None:
    parameters = {field.name: None for field in fields(statement.parameters)}
    with driver.session() as session:
        result = session.run(f"EXPLAIN {statement.text}", parameters)
        columns = set(result.keys())
        summary = result.consume()
    warnings = [
        f"{status.gql_status} {status.status_description}"
        for status in summary.gql_status_objects
        if status.is_notification
        and status.severity == NotificationSeverity.WARNING
        and status.gql_status not in NOT_IN_AN_EMPTY_DATABASE
    ]
    assert warnings == []
    if statement.row is not NoRow:
        assert columns == {field.name for field in fields(statement.row)}
    if statement.hot_path:
        with driver.session() as session:
            plan = session.run(f"EXPLAIN {statement.sent}", parameters).consume().plan
        assert plan is not None
        assert operators(plan) & SCANS == set()


def test_a_scan_would_be_seen(driver: Driver) -> None:
    with driver.session() as session:
        plan = session.run("EXPLAIN MATCH (record:Record) WHERE record.source = 'crm' RETURN record.id").consume().plan
    assert plan is not None
    assert operators(plan) & SCANS
