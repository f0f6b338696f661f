"""``kindred demo`` from end to end on real servers, twice: the second run adds nothing."""

import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from neo4j import GraphDatabase

from graph.database import Neo4jAddress
from runtime.stack.process import find
from runtime.stack.state import read_state

TIMEOUT_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    code: int
    output: str
    totals: dict[str, int]


@pytest.fixture(scope="module")
def address(stack: Any) -> Neo4jAddress:
    """The session's Neo4j, emptied. Migrations stay."""
    neo4j: Neo4jAddress = stack.neo4j
    with GraphDatabase.driver(neo4j.uri, auth=(neo4j.user, neo4j.password)) as driver, driver.session() as session:
        session.run("MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()
    return neo4j


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def runs(stack: Any, address: Neo4jAddress, home: Path) -> list[Run]:
    """Two runs of the command, its stores being the session's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KINDRED_")} | {
        "KINDRED_NEO4J_URI": address.uri,
        "KINDRED_NEO4J_USER": address.user,
        "KINDRED_NEO4J_PASSWORD": address.password,
        "KINDRED_NATS_URL": stack.nats_url,
        "KINDRED_PORT": str(port),
        "COLUMNS": "160",
    }
    return [run(environment, home, address) for _ in range(2)]


def run(environment: dict[str, str], home: Path, address: Neo4jAddress) -> Run:
    command = [sys.executable, "-m", "runtime", "demo", "--stop", "--home", str(home)]
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return Run(code=done.returncode, output=done.stdout, totals=totals(address))


def totals(address: Neo4jAddress) -> dict[str, int]:
    """Nodes by labels and relationships by type, but for the record of resolutions itself."""
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver, driver.session() as session:
        nodes = session.run("MATCH (n) UNWIND labels(n) AS name RETURN name, count(*) AS total").data()
        relationships = session.run("MATCH ()-[r]->() RETURN type(r) AS name, count(*) AS total").data()
    counted = {row["name"]: row["total"] for row in [*nodes, *relationships]}
    return {name: total for name, total in counted.items() if name not in ("ResolutionRun", "Lease")}


def test_ends_by_itself(runs: list[Run]) -> None:
    for done in runs:
        assert done.code == 0, done.output


def test_shows_one_person_across_sources(runs: list[Run]) -> None:
    output = runs[0].output
    found = re.search(r"(\d+) records of (\d+) sources are one person", output)
    assert found, output
    assert int(found[2]) >= 3
    assert re.search(r"newest \d+ of \d+ interactions", output)
    assert "Household" in output
    assert "Held back" in output
    assert "What the graphs hold" in output


def test_everything_arrived(runs: list[Run]) -> None:
    held = runs[0].totals
    assert held["Touchpoint"] > 1_000
    assert held["Record"] >= 159 + 60
    assert all(held[label] > 20 for label in ("Individual", "Household", "Operational"))
    assert held["HeldBack"] > 0


def test_the_second_run_adds_nothing(runs: list[Run]) -> None:
    assert runs[1].totals == runs[0].totals


def test_the_same_person_is_shown_again(runs: list[Run]) -> None:
    identities = [re.findall(r"ind_[0-9a-f]+", done.output) for done in runs]
    assert identities[0]
    assert identities[0] == identities[1]


def test_nothing_is_left_running(runs: list[Run], home: Path) -> None:
    state = read_state(home)
    assert state is not None
    assert [name for name, process in state.processes.items() if find(process) is not None] == []
