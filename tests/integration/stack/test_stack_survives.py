"""A stack of its own: what was written is there after both servers were killed, and a second `up` changes nothing."""

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nats
import psutil
import pytest
from nats.js.api import StorageType, StreamConfig
from neo4j import GraphDatabase
from neo4j.exceptions import AuthError

from runtime.settings import Settings, load_settings
from runtime.stack.address import StackAddress
from runtime.stack.doctor import Doctor
from runtime.stack.errors import CorruptJarError, DiskFullError, PortTakenError, StackDownError, StartError, WrongJavaError
from runtime.stack.jars import locked_jars
from runtime.stack.process import find
from runtime.stack.resources import choose_port
from runtime.stack.services import Service, probe
from runtime.stack.stack import Stack
from runtime.stack.state import State, read_state
from runtime.stack.status import read_status
from runtime.wiring import open_platform

MESSAGES = 200


class Sleeper(Service):
    """A service that is not Kindred's own, so that starting and stopping is all that is tested."""

    __slots__ = ()

    def command(self, *, home: Path) -> tuple[str, ...]:
        return (sys.executable, "-c", "import sys, time; print('slept', sys.argv); time.sleep(600)", *self.arguments)


def small(home: Path, **settings: object) -> Settings:
    return load_settings(home=home, neo4j_heap_mb=400, neo4j_page_cache_mb=32, **settings)


def stack_of(settings: Settings, *services: Service) -> Stack:
    return Stack(settings, services=services, say=lambda _: None, on_jars=lambda _: None, chance=random.Random())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose processes are stopped at the end, whatever a test left running."""
    folder = tmp_path_factory.mktemp("a home with spaces, 'quotes' and ümlauts")
    yield folder
    asyncio.run(stack_of(small(folder)).down())


def state_of(home: Path) -> State:
    state = read_state(home)
    assert state is not None
    return state


def write_graph(address: StackAddress) -> None:
    with GraphDatabase.driver(address.neo4j.uri, auth=(address.neo4j.user, address.neo4j.password)) as driver:
        driver.execute_query("UNWIND range(1, $count) AS id CREATE (:Kept {id: id})", count=MESSAGES)


def read_graph(address: StackAddress) -> int:
    with GraphDatabase.driver(address.neo4j.uri, auth=(address.neo4j.user, address.neo4j.password)) as driver:
        return int(driver.execute_query("MATCH (n:Kept) RETURN count(n) AS kept").records[0]["kept"])


async def write_stream(address: StackAddress) -> None:
    client = await nats.connect(address.nats_url)
    jetstream = client.jetstream()
    await jetstream.add_stream(StreamConfig(name="KEPT", subjects=["kept"], storage=StorageType.FILE))
    for number in range(MESSAGES):
        await jetstream.publish("kept", str(number).encode())
    await client.close()


async def read_stream(address: StackAddress) -> int:
    client = await nats.connect(address.nats_url)
    messages = (await client.jetstream().stream_info("KEPT")).state.messages
    await client.close()
    return messages


def kill(home: Path, *names: str) -> None:
    """As `kill -9` does, and wait until they are gone."""
    processes = [find(state_of(home).processes[name]) for name in names]
    for process in processes:
        assert process is not None
        process.kill()
    for process in processes:
        assert process is not None
        process.wait(20)


def test_killed_stack_comes_back_with_everything_at_the_same_address(home: Path) -> None:
    settings = small(home)
    sleeper = Sleeper(name="sleeper", arguments=())
    address = asyncio.run(stack_of(settings, sleeper).up())
    write_graph(address)
    asyncio.run(write_stream(address))
    kill(home, "neo4j", "nats", "sleeper")
    status = asyncio.run(read_status(settings, services=[sleeper]))
    assert [component.health for component in status.components] == ["stopped"] * 3
    with pytest.raises(StackDownError, match="neo4j and nats"):
        asyncio.run(_open(settings))

    again = asyncio.run(stack_of(settings, sleeper).up())

    assert again == address
    assert read_graph(again) == MESSAGES
    assert asyncio.run(read_stream(again)) == MESSAGES
    status = asyncio.run(read_status(settings, services=[sleeper]))
    assert status.healthy
    assert status.nodes is not None
    assert status.nodes["Kept"] == MESSAGES
    assert [(stream.name, stream.messages) for stream in status.streams or ()] == [("KEPT", MESSAGES)]


async def _open(settings: Settings) -> None:
    async with open_platform(settings):
        pass


def test_second_up_changes_nothing(home: Path) -> None:
    settings = small(home)
    asyncio.run(stack_of(settings).up())
    before = (home / "state.json").read_bytes()
    started = time.monotonic()
    asyncio.run(stack_of(settings).up())
    assert time.monotonic() - started < 10
    assert (home / "state.json").read_bytes() == before


async def test_two_ups_at_once_start_one_of_each(home: Path) -> None:
    settings = small(home)
    one, other = await asyncio.gather(
        asyncio.to_thread(asyncio.run, stack_of(settings).up()), asyncio.to_thread(asyncio.run, stack_of(settings).up())
    )
    assert one == other
    folder = str(home / "nats" / "nats.conf")
    assert len([p for p in psutil.process_iter(["cmdline"]) if folder in (p.info["cmdline"] or [])]) == 1


def test_services_start_in_the_background_and_again_when_their_command_changed(home: Path) -> None:
    settings = small(home)
    asyncio.run(stack_of(settings, Sleeper(name="sleeper", arguments=("one",))).up())
    first = state_of(home).processes["sleeper"]
    asyncio.run(stack_of(settings, Sleeper(name="sleeper", arguments=("one",))).up())
    assert state_of(home).processes["sleeper"] == first
    asyncio.run(stack_of(settings, Sleeper(name="sleeper", arguments=("two",))).up())
    assert state_of(home).processes["sleeper"] != first
    assert find(first) is None


def test_service_that_ends_at_once_is_reported_with_its_log(home: Path) -> None:
    class Broken(Sleeper):
        __slots__ = ()

        def command(self, *, home: Path) -> tuple[str, ...]:
            return (sys.executable, "-c", "raise SystemExit('the reason')")

    with pytest.raises(StartError, match=r"broken ended at once(.|\n)*the reason"):
        asyncio.run(stack_of(small(home), Broken(name="broken", arguments=())).up())


def test_service_is_waited_for_until_it_answers_and_its_port_must_be_free(home: Path) -> None:
    class Slow(Sleeper):
        __slots__ = ()

        def command(self, *, home: Path) -> tuple[str, ...]:
            handler = "http.server.SimpleHTTPRequestHandler"
            serve = f"import http.server, sys, time; time.sleep(3); http.server.test({handler}, port=int(sys.argv[1]))"
            folder = home / "served"
            folder.mkdir(exist_ok=True)
            (folder / "healthz").write_text("ok")
            return (sys.executable, "-c", f"import os; os.chdir({str(folder)!r}); {serve}", *self.arguments)

    port = choose_port(chance=random.SystemRandom())
    slow = Slow(name="slow", arguments=(str(port),), port=port)
    asyncio.run(stack_of(small(home), slow).up())
    assert asyncio.run(probe(slow)) is None
    assert asyncio.run(probe(Slow(name="nobody", arguments=(), port=choose_port(chance=random.SystemRandom())))) is not None
    with pytest.raises(PortTakenError, match=rf"port {port} of 127.0.0.1 is taken by .*KINDRED_PORT"):
        asyncio.run(stack_of(small(home), Slow(name="second", arguments=(str(port),), port=port)).up())
    kill(home, "slow")


def test_stores_want_their_passwords_and_listen_on_this_machine_alone(home: Path) -> None:
    address = asyncio.run(stack_of(small(home)).up())
    for password in ("neo4j", "", "kindred"):
        with (
            pytest.raises(AuthError),
            GraphDatabase.driver(address.neo4j.uri, auth=("neo4j", password)) as driver,
        ):
            driver.verify_connectivity()
    with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
        asyncio.run(_connect_without_login(address.nats.url))
    for name in ("neo4j", "nats"):
        process = find(state_of(home).processes[name])
        assert process is not None
        listening = {c.laddr[0] for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}
        assert listening


async def _connect_without_login(url: str) -> None:
    await nats.connect(url, allow_reconnect=False, error_cb=_ignore, max_reconnect_attempts=1, reconnect_time_wait=0)


async def _ignore(_: Exception) -> None:
    pass


async def test_doctor_finds_a_running_stack_well(home: Path) -> None:
    settings = small(home)
    await stack_of(settings).up()
    checks = {check.name: check for check in await Doctor(settings).examine()}
    assert [name for name, check in checks.items() if not check.passed] == []
    assert "sha256 as locked" in checks["jars"].observed
    assert "GDS 2.13" in checks["neo4j and gds"].observed


async def test_doctor_says_what_is_wrong(home: Path, tmp_path: Path) -> None:
    settings = small(tmp_path, jar_cache=tmp_path / "none", java_home=tmp_path / "no java", minimum_free_mb=10**9)
    failed = {check.name for check in await Doctor(settings).examine() if not check.passed}
    assert failed == {"java", "jars", "disk", "neo4j and gds", "jetstream", "migrations", "clocks"}


async def test_platform_is_composed_of_the_running_stack(home: Path) -> None:
    settings = small(home)
    address = await stack_of(settings).up()
    async with open_platform(settings) as platform:
        await platform.database.verify()
        assert platform.nats_url == address.nats_url
        assert list(platform.write_keys) == ["default"]
        assert platform.hash_salt == state_of(home).secrets.hash_salt


def test_external_stores_are_left_alone(home: Path, tmp_path: Path) -> None:
    address = asyncio.run(stack_of(small(home)).up())
    settings = load_settings(
        home=tmp_path,
        neo4j_uri=address.neo4j.uri,
        neo4j_password=address.neo4j.password,
        nats_url=address.nats.url,
        nats_user=address.nats.user,
        nats_password=address.nats.password,
    )
    assert asyncio.run(stack_of(settings).up()).neo4j.uri == address.neo4j.uri
    status = asyncio.run(read_status(settings, services=[]))
    assert [(c.kind, c.health, c.pid) for c in status.components] == [("external", "healthy", None)] * 2
    assert asyncio.run(stack_of(settings).down()) == []
    assert find(state_of(home).processes["neo4j"]) is not None


def test_lost_password_is_named(home: Path) -> None:
    address = asyncio.run(stack_of(small(home)).up())
    settings = load_settings(home=home, neo4j_uri=address.neo4j.uri, neo4j_password="another", start_timeout_seconds=5)
    with pytest.raises(StartError, match="refuses the login of neo4j"):
        asyncio.run(stack_of(settings).up())


def test_down_stops_everything_and_twice_is_fine(home: Path) -> None:
    settings = small(home)
    asyncio.run(stack_of(settings, Sleeper(name="sleeper", arguments=())).up())
    processes = dict(state_of(home).processes)
    assert asyncio.run(stack_of(settings).down()) == ["sleeper", "neo4j", "nats"]
    assert [find(process) for process in processes.values()] == [None] * len(processes)
    assert asyncio.run(stack_of(settings).down()) == []


def test_port_that_is_taken(tmp_path: Path, stack: StackAddress) -> None:
    port = int(stack.nats.url.rsplit(":", 1)[1])
    with pytest.raises(PortTakenError, match=rf"port {port} of 127.0.0.1 is taken by .*KINDRED_NATS_PORT"):
        asyncio.run(stack_of(small(tmp_path, nats_port=port)).up())
    settings = small(tmp_path, neo4j_bolt_port=port, nats_url=stack.nats_url)
    with pytest.raises(PortTakenError, match="KINDRED_NEO4J_BOLT_PORT"):
        asyncio.run(stack_of(settings).up())


def test_kept_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path, stack: StackAddress) -> None:
    taken = int(stack.nats.url.rsplit(":", 1)[1])
    settings = small(tmp_path, neo4j_uri=stack.neo4j.uri, neo4j_password=stack.neo4j.password)
    try:
        asyncio.run(stack_of(settings).up())
        asyncio.run(stack_of(settings).down())
        state = state_of(tmp_path)
        text = (tmp_path / "state.json").read_text().replace(f'"nats": {state.ports.nats}', f'"nats": {taken}')
        (tmp_path / "state.json").write_text(text)
        assert state_of(tmp_path).ports == state.ports.model_copy(update={"nats": taken})
        assert asyncio.run(stack_of(settings).up()).nats.url != stack.nats.url
    finally:
        asyncio.run(stack_of(settings).down())


def test_disk_that_is_nearly_full(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match="KINDRED_MINIMUM_FREE_MB"):
        asyncio.run(stack_of(small(tmp_path, minimum_free_mb=10**9)).up())
    assert read_state(tmp_path) is None


def test_wrong_java(tmp_path: Path, stack: StackAddress) -> None:
    launcher = tmp_path / "java" / "bin" / "java"
    launcher.parent.mkdir(parents=True)
    launcher.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    launcher.chmod(0o755)
    settings = small(tmp_path / "home", java_home=tmp_path / "java", nats_url=stack.nats_url)
    with pytest.raises(WrongJavaError, match=r"is Java 11; Neo4j 5\.26 runs on Java 17 or 21"):
        asyncio.run(stack_of(settings).up())


def test_corrupt_jar_is_refused_before_anything_starts(tmp_path: Path, stack: StackAddress) -> None:
    source, cache = small(tmp_path).jar_cache, tmp_path / "cache"
    jars = locked_jars().all
    for jar in jars:
        (cache / jar.path).parent.mkdir(parents=True, exist_ok=True)
        (cache / jar.path).symlink_to(source / jar.path)
    victim = cache / jars[7].path
    body = bytearray(victim.read_bytes())
    body[len(body) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(body)
    settings = small(tmp_path / "home", jar_cache=cache, nats_url=stack.nats_url)
    with pytest.raises(CorruptJarError) as refused:
        asyncio.run(stack_of(settings).up())
    assert jars[7].coordinates in str(refused.value)
    assert jars[7].sha256 in str(refused.value)
    assert read_state(tmp_path / "home") is None, "nothing was started"


def test_server_that_ends_while_starting_is_reported_with_its_log(tmp_path: Path, stack: StackAddress) -> None:
    settings = small(tmp_path, nats_url=stack.nats_url)
    (tmp_path / "neo4j" / "data" / "databases").mkdir(parents=True)
    (tmp_path / "neo4j" / "data" / "databases" / "system").write_text("not a folder")
    with pytest.raises(StartError, match=r"neo4j ended while it was starting\. The end of .*neo4j\.out"):
        asyncio.run(stack_of(settings).up())
