"""Dead letters on a real JetStream: listed by the command line, replayed once, gone once the event is written."""

import asyncio
import json
from collections.abc import Callable

import orjson
import pytest
from typer.testing import CliRunner, Result

from ingest.dead_letters import DeadLetterIncomplete
from ingest.normalise.event import parse_event
from ingest.streams import EVENTS_SUBJECT
from runtime.cli.main import app

GOOD = {"type": "track", "event": "Order Completed", "messageId": "m1", "userId": "ada", "timestamp": "2026-01-02T03:04:05Z"}


@pytest.fixture
def kindred(stack, monkeypatch, tmp_path) -> Callable[..., Result]:
    """Runs the command line against the test's servers, past the loop of the test."""
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path))
    monkeypatch.setenv("KINDRED_NEO4J_URI", stack.neo4j.uri)
    monkeypatch.setenv("KINDRED_NEO4J_PASSWORD", stack.neo4j.password)
    monkeypatch.setenv("KINDRED_NATS_URL", stack.nats_url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["dead-letters", *arguments], env={"COLUMNS": "200"})

    return run


async def run(kindred: Callable[..., Result], *arguments: str) -> Result:
    return await asyncio.to_thread(kindred, *arguments)


async def test_list_says_why_when_from_whom_and_what(publisher, kindred) -> None:
    await publisher.park(
        b'{"type": "track", [red]\x1b', code="malformed_json", reason="line 1\r\nNats-Rollup: all", origin="worker"
    )
    await publisher.park(orjson.dumps(GOOD), code="message_id_conflict", reason="another body", origin="collector:shop")

    table = await run(kindred, "list")
    assert table.exit_code == 0
    for expected in ("malformed_json", "collector:shop", "message_id_conflict", "another body", "[red]"):
        assert expected in table.stdout
    assert "\x1b" not in table.stdout
    only = await run(kindred, "list", "--code", "malformed_json", "--json")
    [letter] = [json.loads(line) for line in only.stdout.splitlines()]
    assert letter["reason"] == "line 1\r\nNats-Rollup: all"
    assert (letter["sequence"], letter["attempts"], letter["code"]) == (1, 1, "malformed_json")
    assert letter["parked_at"].endswith("+00:00")


async def test_list_of_none(publisher, kindred) -> None:
    assert (await run(kindred, "list")).stdout == "No dead letters.\n"


async def test_a_mended_event_is_written_and_its_letter_is_gone(intake, publisher, kindred, query) -> None:
    """Parked by an older release that did not understand it: within the duplicate window the same event gets through again."""
    body = orjson.dumps(GOOD)
    await publisher.publish(parse_event(body), body=body)
    await intake.drained()
    await query("MATCH (n:Touchpoint) DETACH DELETE n")
    await publisher.park(body, code="not_normalised", reason="failed", origin="worker", subject=f"{EVENTS_SUBJECT}.track")

    assert (await run(kindred, "replay", "--all")).stdout.endswith("1 replayed\n")
    assert await intake.parked() == []
    assert await query("MATCH (t:Touchpoint) RETURN t.id AS id") == [{"id": "m1"}]


async def test_a_still_bad_event_comes_back_with_one_attempt_more(intake, kindred) -> None:
    await intake.js.publish(f"{EVENTS_SUBJECT}.track", b'{"type": ')
    [first] = await intake.parked()
    for attempts in (2, 3):
        assert (await run(kindred, "replay", "--code", "malformed_json")).stdout.endswith("1 replayed\n")
        [letter] = await intake.parked()
        assert (letter.attempts, letter.body, letter.code) == (attempts, first.body, first.code)
        assert letter.sequence > first.sequence


async def test_only_the_one_asked_for_is_replayed(intake, publisher, kindred) -> None:
    for number in range(3):
        await publisher.park(b"{", code="malformed_json", reason=f"number {number}", origin="worker")
    assert (await run(kindred, "replay", "--sequence", "2")).exit_code == 0
    letters = await intake.parked()
    assert [(letter.sequence, letter.attempts) for letter in letters] == [(1, 1), (3, 1), (4, 2)]
    missing = await run(kindred, "replay", "--sequence", "2")
    assert missing.exit_code == 1
    assert "there is no dead letter 2" in missing.output
    assert (await run(kindred, "replay")).exit_code == 2


async def test_the_beginning_of_an_event_is_not_replayed(intake, publisher, kindred) -> None:
    size = intake.connection.max_payload - 100
    await publisher.park(b"x" * size, code="event_too_large", reason="too large", origin="worker")
    [letter] = await intake.parked()
    with pytest.raises(DeadLetterIncomplete):
        await intake.dead_letters.replay(letter, publisher=publisher)
    assert "1 kept" in (await run(kindred, "replay", "--all")).stdout
    assert len(await intake.parked()) == 1


async def test_parking_the_same_occurrence_again_parks_nothing(publisher, intake) -> None:
    for duplicate in (False, True):
        result = await publisher.park(b"{", code="malformed_json", reason="cut off", origin="worker", once="KINDRED_EVENTS:7")
        assert result.duplicate is duplicate
    assert len(await intake.parked()) == 1
