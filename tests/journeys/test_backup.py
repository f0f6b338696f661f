"""A home is backed up, destroyed and restored: it holds the same, and events that waited are written after."""

import asyncio
import random
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from bench.installation import Installation, temporary_installation
from graph.database import open_database
from graph.model.contents import Contents, Kind, Section
from graph.repositories.contents import ContentsRepository
from ingest.backlog import wait_until_written
from ingest.normalise.event import parse_event
from ingest.publisher import EventPublisher, open_nats
from ingest.topology import Retention
from runtime.settings import load_settings
from runtime.stack.address import stack_address
from runtime.stack.backup import BackupError, back_up, read_manifest, restore
from runtime.stack.state import read_state
from tests.journeys.services import ServiceProcess

pytestmark = pytest.mark.slow

WRITTEN, WAITING = 300, 50


@pytest.fixture
def installation() -> Iterator[Installation]:
    with temporary_installation(heap_mb=400, page_cache_mb=64, services=False) as started:
        yield started


def body_of(number: int) -> bytes:
    person = number % 40
    event = {"messageId": f"event-{number}", "userId": f"user-{person}", "timestamp": "2026-02-03T04:05:06Z"}
    if number % 3:
        cookie = {"anonymousId": f"cookie-{person}-{number % 2}"}
        return orjson.dumps(event | cookie | {"type": "track", "event": "Product Viewed", "properties": {"product_id": "sku-1"}})
    traits = {"email": f"person{person // 2}@mail.example", "firstName": "Ada", "lastName": f"Love{person // 2}"}
    return orjson.dumps(event | {"type": "identify", "traits": traits})


async def publish(home: Path, numbers: Sequence[int]) -> None:
    async with open_nats(stack_address(load_settings(home=home)).nats_url, retention=Retention()) as connection:
        publisher = EventPublisher(connection)
        bodies = [body_of(number) for number in numbers]
        await publisher.publish_all([publisher.message(parse_event(body), body=body) for body in bodies])


async def written(home: Path) -> None:
    """Let a worker write all that waits."""
    worker = ServiceProcess(home, "worker")
    worker.start()
    try:
        await worker.ready()
        async with open_nats(stack_address(load_settings(home=home)).nats_url, retention=Retention()) as connection:
            await wait_until_written(connection.jetstream(), patience_seconds=60)
        await worker.ends_in_order(seconds=20)
    finally:
        worker.kill()


async def contents(home: Path) -> Contents:
    async with open_database(stack_address(load_settings(home=home)).neo4j) as database:
        return await ContentsRepository(database).read()


def tracks(events: int) -> int:
    """How many of the first events are touchpoints: two of three, the others tell who somebody is."""
    return sum(number % 3 > 0 for number in range(events))


def touchpoints(held: Contents) -> int:
    return held.of(Kind(section=Section.EVIDENCE, name="Touchpoint")).count


def test_what_was_backed_up_is_there_again_and_what_waited_is_written(installation: Installation, tmp_path: Path) -> None:
    home, backup = installation.home, tmp_path / "backup"
    asyncio.run(publish(home, range(WRITTEN)))
    asyncio.run(written(home))
    installation.kindred("resolve")
    before = asyncio.run(contents(home))
    asyncio.run(publish(home, range(WRITTEN, WRITTEN + WAITING)))

    with pytest.raises(BackupError, match="run; `kindred down` stops them"):
        back_up(load_settings(home=home), backup, now=datetime.now(UTC), say=lambda _: None)
    installation.kindred("backup", "--out", str(backup))
    manifest = read_manifest(backup)
    assert {"neo4j.dump", "jetstream.tar", "state.json"} <= set(manifest.files)
    assert all((backup / name).stat().st_mode & 0o077 == 0 for name in manifest.files), "passwords and people: the owner's alone"
    assert asyncio.run(contents(home)) == before, "it runs again"
    with pytest.raises(BackupError, match="is there already"):
        back_up(load_settings(home=home), backup, now=datetime.now(UTC), say=lambda _: None)
    with pytest.raises(BackupError, match=r"run; `kindred down`"):
        restore(load_settings(home=home), backup, say=lambda _: None)

    installation.kindred("down")
    with pytest.raises(BackupError, match=r"state\.json is there already"):
        restore(load_settings(home=home), backup, say=lambda _: None)
    shutil.rmtree(home)
    installation.kindred("restore", str(backup))
    installation.kindred("up", "--no-services")
    after = asyncio.run(contents(home))
    assert after.differing(before, tuple(Section)) == {}
    assert touchpoints(after) == tracks(WRITTEN)
    asyncio.run(written(home))
    assert touchpoints(asyncio.run(contents(home))) == tracks(WRITTEN + WAITING)
    refuse_what_is_damaged(backup, tmp_path)


def refuse_what_is_damaged(backup: Path, folder: Path) -> None:
    chance = random.Random(5)
    for name in ("neo4j.dump", "jetstream.tar", "state.json", "manifest.json"):
        damaged = folder / f"damaged-{name}"
        shutil.copytree(backup, damaged)
        body = bytearray((damaged / name).read_bytes())
        body[chance.randrange(len(body))] ^= 0x80
        (damaged / name).write_bytes(body)
        home = folder / f"home-{name}"
        with pytest.raises(BackupError) as refused:
            restore(load_settings(home=home), damaged, say=lambda _: None)
        assert refused.value.code == "backup_damaged"
        assert read_state(home) is None
        assert not (home / "neo4j").exists(), "nothing was written"
