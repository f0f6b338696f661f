"""``kindred health`` against the real graph: for a person, as JSON, and where nothing was measured."""

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.model.evidence import PersonName, RecordVersion
from graph.model.identifier import Identifier
from graph.model.identity import Purpose
from graph.model.ids import MessageId, RecordId
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.reviews import ReviewRepository
from runtime.cli.main import app
from runtime.resolving import make_surveyor


def record(record_id: str, key: str, *, at: datetime, given: str) -> RecordVersion:
    source, _, source_id = record_id.partition(":")
    namespace, _, value = key.partition(":")
    return RecordVersion(
        id=MessageId(record_id),
        at=at,
        recorded_at=at,
        source=source,
        body_sha256="0" * 64,
        identifiers=(Identifier(namespace=namespace, value=value),),
        record_id=RecordId(record_id),
        source_record_id=source_id,
        name=PersonName(given=given, family="lee", full=f"{given} lee"),
    )


@pytest.fixture
async def village(database: Database) -> Database:
    """Ann, known to two sources, and Zoe, whose loyalty card is everybody's; resolved today."""
    now = datetime.now(UTC)
    people = [
        record("crm:1", "user_id:u1", at=now, given="ann"),
        record("web:2", "user_id:u1", at=now, given="ann"),
        record("crm:3", "loyalty_id:l3", at=now, given="zoe"),
    ]
    await EvidenceRepository(database).write(people)
    numbers = itertools.count(1)
    resolver = open_resolver(database, clock=lambda: now, new_id=lambda: f"{next(numbers):06}")
    await resolver.resolve_all(ORDER, progress=NoProgress())
    held = {("generic", ("loyalty_id:l3",)): "stated by [40] people", ("doubtful", ("crm:1", "crm:3")): "kept apart"}
    await ReviewRepository(database).report_held_back(Purpose.INDIVIDUAL, held, among=[], now=now)
    return database


@pytest.fixture
def kindred(stack: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[..., Any]:
    """Runs the command line against the test's servers, past the loop of the test."""
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path))
    monkeypatch.setenv("KINDRED_NEO4J_URI", stack.neo4j.uri)
    monkeypatch.setenv("KINDRED_NEO4J_PASSWORD", stack.neo4j.password)
    monkeypatch.setenv("KINDRED_NATS_URL", stack.nats_url)

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, arguments, env={"COLUMNS": "250"}))

    return run


async def test_what_was_never_measured_is_an_error(village: Database, kindred: Callable[..., Any]) -> None:
    for arguments in ((), ("--json",), ("--purpose", "household")):
        told = await kindred("health", *arguments)
        assert (told.exit_code, "health_not_measured" in told.output) == (1, True), told.output


async def test_health_is_written_as_json(village: Database, kindred: Callable[..., Any]) -> None:
    told = await kindred("health", "--measure", "--purpose", "individual", "--json")
    assert told.exit_code == 0, told.output
    [found] = json.loads(told.stdout)
    state = found["state"]
    assert (state["purpose"], state["identities"], state["records"]) == ("individual", 2, 3)
    assert state["held_back"] == {"doubtful": 1, "generic": 1}
    individual_of = await IdentityRepository(village).memberships(Purpose.INDIVIDUAL)
    assert state["largest"][0]["identity_id"] == individual_of["crm:1"]
    # Both ends of the doubtful link: 0.1 each, the larger identity first.
    assert [(each["identity_id"], each["suspicion"]) for each in state["suspicious"]] == [
        (individual_of["crm:1"], 0.1),
        (individual_of["crm:3"], 0.1),
    ]
    [day] = found["days"]
    assert (day["added"], day["new"], day["recognised"]) == (3, 3, 0)
    assert {each["source"]: each["added"] for each in day["sources"]} == {"crm": 2, "web": 1}
    assert [(each["value"], each["carriers"]) for each in found["generic_values"]] == [("l3", 1)]


async def test_health_is_shown_to_a_person(village: Database, kindred: Callable[..., Any]) -> None:
    await make_surveyor(village).measure(Purpose.INDIVIDUAL, progress=NoProgress())
    told = await kindred("health")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    # Only what was measured is shown.
    [heading] = [line for line in lines if " identities of " in line]
    assert heading.startswith("individual: 2 identities of 3 records")
    assert any("crm" in line and " 2 " in line for line in lines)
    assert "it is touched by 1 finding that waits for review" in told.stdout
    assert "held back: doubtful 1, generic 1" in told.stdout
    assert "stated by [40] people" in told.stdout


async def test_resolving_measures_what_changed(village: Database, kindred: Callable[..., Any]) -> None:
    resolved = await kindred("resolve")
    assert resolved.exit_code == 0, resolved.output
    told = await kindred("health", "--json", "--days", "1", "--first", "0")
    assert [found["state"]["purpose"] for found in json.loads(told.stdout)] == ["individual", "household", "operational"]
    assert [len(found["days"]) for found in json.loads(told.stdout)] == [1, 1, 1]
    individuals = json.loads(told.stdout)[0]
    assert (individuals["generic_values"], individuals["state"]["largest"]) == ([], [])
