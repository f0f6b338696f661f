"""The real server plans every statement: without a warning, with the declared columns, and without scans on hot paths."""

import importlib
import pkgutil
from dataclasses import fields

import pytest
from neo4j import GraphDatabase

import graph.statements
from graph.statements.statement import NoRow, Statement

SCANS = {"NodeByLabelScan", "AllNodesScan", "DirectedAllRelationshipsScan", "UndirectedAllRelationshipsScan", "UnionNodeByLabelsScan"}

STATEMENTS = [
    pytest.param(value, id=f"{module.name}.{name}")
    for module in pkgutil.iter_modules(graph.statements.__path__)
    for name, value in vars(importlib.import_module(f"graph.statements.{module.name}")).items()
    if isinstance(value, Statement)
]


@pytest.fixture(scope="module")
def driver(stack):
    """A driver on the test stack that reports every notification."""
    address = stack.neo4j
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:
        yield driver


def operators(plan: dict) -> set[str]:
    """Names of the operators of a plan and of all its children."""
    names = {plan["operatorType"].split("@")[0]}
    for child in plan.get("children", []):
        names |= operators(child)
    return names


@pytest.mark.parametrize("statement", STATEMENTS)
def test_plan_is_clean(driver, migrated, statement: Statement) -> None:
    parameters = {field.name: None for field in fields(statement.parameters)}
    with driver.session() as session:
        result = session.run(f"EXPLAIN {statement.text}", parameters)
        columns = list(result.keys())
        summary = result.consume()
    assert summary.plan is not None
    # A property or label that no node has yet is not a fault of the statement on an empty database.
    warnings = [
        f"{note.raw_notification['title'] if note.raw_notification else note}: {note}"
        for note in summary.summary_notifications
        if "UnknownLabel" not in str(note.code)
        and "UnknownRelationshipType" not in str(note.code)
        and "UnknownPropertyKey" not in str(note.code)
    ] if hasattr(summary, "summary_notifications") else [
        note for note in (summary.notifications or []) if not note["code"].split(".")[-1].startswith("Unknown")
    ]
    assert warnings == []
    if statement.row is not NoRow:
        assert set(columns) == {field.name for field in fields(statement.row)}
    if statement.hot_path:
        assert operators(summary.plan) & SCANS == set()
