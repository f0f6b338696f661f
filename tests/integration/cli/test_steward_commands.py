"""Stewards' commands against the real graph: shown first, taken as shown, taken back, and the queue that they work off."""

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
from graph.model.evidence import Evidence, PersonName, RecordVersion, Touchpoint
from graph.model.identifier import Identifier
from graph.model.identity import Purpose
from graph.model.ids import MessageId, RecordId
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.reviews import ReviewRepository
from runtime.cli.main import app

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
WHO = ("--by", "ann", "--reason", "called both")


def identifier(key: str) -> Identifier:
    return Identifier(namespace=key.partition(":")[0], value=key.partition(":")[2])


def record(record_id: str, key: str, *, given: str) -> RecordVersion:
    source, _, source_id = record_id.partition(":")
    return RecordVersion(
        id=MessageId(record_id),
        at=START,
        recorded_at=START,
        source=source,
        body_sha256="0" * 64,
        identifiers=(identifier(key),),
        record_id=RecordId(record_id),
        source_record_id=source_id,
        name=PersonName(given=given, family="lee", full=f"{given} lee"),
    )


def visit(name: str, *keys: str) -> Touchpoint:
    return Touchpoint(
        id=MessageId(name),
        at=START,
        recorded_at=START,
        source="web",
        body_sha256="0" * 64,
        identifiers=tuple(identifier(key) for key in keys),
        type="page_view",
        event="page",
        channel="web",
    )


@pytest.fixture
async def village(database: Database) -> Database:
    """Ann with a cookie, and Zoe; a link between the two waits for a steward."""
    people: list[Evidence] = [
        record("crm:1", "user_id:u1", given="ann"),
        record("crm:2", "user_id:u2", given="zoe"),
        visit("v1", "anonymous_id:c1", "user_id:u1"),
    ]
    await EvidenceRepository(database).write(people)
    numbers = itertools.count(1)
    resolver = open_resolver(database, clock=lambda: START, new_id=lambda: f"{next(numbers):06}")
    await resolver.resolve_all(ORDER, progress=NoProgress())
    doubtful = {("doubtful", ("crm:1", "crm:2")): "scored [-1.2] bits and kept apart"}
    await ReviewRepository(database).report_held_back(Purpose.INDIVIDUAL, doubtful, among=[], now=START)
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


async def individuals(database: Database) -> dict[str, str]:
    """Member to individual."""
    return dict(await IdentityRepository(database).memberships(Purpose.INDIVIDUAL))


async def test_an_assertion_is_shown_taken_and_taken_back(village: Database, kindred: Callable[..., Any]) -> None:
    before = await individuals(village)
    shown = await kindred("assert", "same", "crm:1", "crm:2", *WHO, "--preview")
    assert shown.exit_code == 0, shown.output
    assert f"individual {before['crm:1']} merged" in shown.stdout or f"individual {before['crm:2']} merged" in shown.stdout
    digest = shown.stdout.split("--expected-effect")[1].split()[0]
    assert await individuals(village) == before
    refused = await kindred("assert", "same", "crm:1", "crm:2", *WHO, "--expected-effect", "0" * 16)
    assert (refused.exit_code, "effect_changed" in refused.output) == (1, True)
    assert await individuals(village) == before
    done = await kindred("assert", "same", "crm:1", "crm:2", *WHO, "--expected-effect", digest)
    assert done.exit_code == 0, done.output
    # Standard output is the id and nothing else: a script can keep it.
    assertion_id = done.stdout.strip()
    assert assertion_id.startswith("ast_")
    after = await individuals(village)
    assert after["crm:1"] == after["crm:2"]
    back = await kindred("retract", assertion_id, *WHO, "--json")
    assert back.exit_code == 0, back.output
    action = json.loads(back.stdout)
    assert (action["executed"], action["assertion_id"]) == (True, assertion_id)
    assert {change["kind"] for change in action["effect"]["changes"] if change["purpose"] == "individual"} == {"split"}
    again = await kindred("retract", assertion_id, *WHO)
    assert (again.exit_code, "unknown_assertion" in again.output) == (1, True)


async def test_different_wins_over_what_connects_two(village: Database, kindred: Callable[..., Any]) -> None:
    done = await kindred("assert", "different", "crm:1", "user_id:u1", *WHO, "--json")
    assert done.exit_code == 0, done.output
    after = await individuals(village)
    assert after["crm:1"] != after["user_id:u1"]
    assert json.loads(done.stdout)["effect"]["created"] >= 1


async def test_evidence_of_a_source_is_taken_out(village: Database, kindred: Callable[..., Any]) -> None:
    done = await kindred("retract", "anonymous_id:c1", "user_id:u1", *WHO)
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    after = await individuals(village)
    assert after["anonymous_id:c1"] != after["user_id:u1"]
    again = await kindred("retract", "anonymous_id:c1", "user_id:u1", *WHO)
    assert (again.exit_code, "unknown_evidence" in again.output) == (1, True)


@pytest.mark.parametrize(("verb", "together"), [("approve", True), ("reject", False)])
async def test_the_queue_is_listed_and_worked_off(
    village: Database, kindred: Callable[..., Any], verb: str, together: bool
) -> None:
    table = await kindred("review", "list")
    assert table.exit_code == 0, table.output
    for expected in ("1 links wait", "crm:1", "crm:2", "doubtful", "[-1.2]"):
        assert expected in table.stdout
    listed = await kindred("review", "list", "--reason", "doubtful", "--purpose", "individual", "--json")
    [item] = json.loads(listed.stdout)
    assert (item["left"], item["right"], item["purpose"]) == ("crm:1", "crm:2", "individual")
    assert json.loads((await kindred("review", "list", "--reason", "over_limit", "--json")).stdout) == []
    assert (await kindred("review", "list", "--reason", "generic")).exit_code == 2
    shown = await kindred("review", verb, item["id"], *WHO, "--preview", "--json")
    assert json.loads(shown.stdout)["executed"] is False
    done = await kindred("review", verb, item["id"], *WHO, "--json")
    assert json.loads(done.stdout)["effect"]["digest"] == json.loads(shown.stdout)["effect"]["digest"]
    after = await individuals(village)
    assert (after["crm:1"] == after["crm:2"]) is together
    assert json.loads((await kindred("review", "list", "--json")).stdout) == []
    again = await kindred("review", verb, "held_404", *WHO)
    assert (again.exit_code, "unknown_review" in again.output) == (1, True)
