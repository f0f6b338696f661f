"""Memory shares, ports, disk and Java, on the machine that the tests run on."""

import random
import socket
import stat
from pathlib import Path

import pytest

from runtime.stack.errors import DiskFullError, PortTakenError, WrongJavaError
from runtime.stack.java import find_java
from runtime.stack.resources import (
    PORT_RANGE,
    Memory,
    choose_port,
    machine_memory_mb,
    port_is_free,
    require_disk,
    require_port,
    share_memory,
)


@pytest.mark.parametrize(
    ("machine_mb", "heap_mb", "page_cache_mb"),
    [(2048, 512, 128), (8192, 512, 256), (24_576, 1536, 768), (262_144, 8192, 8192)],  # a sixteenth and a thirty-second
)
def test_memory_follows_the_machine_within_bounds(machine_mb: int, heap_mb: int, page_cache_mb: int) -> None:
    share = share_memory(machine_mb, heap_mb=None, page_cache_mb=None)
    assert share == Memory(heap_mb=heap_mb, page_cache_mb=page_cache_mb)


def test_settings_win_over_the_share() -> None:
    assert share_memory(24_576, heap_mb=300, page_cache_mb=20) == Memory(heap_mb=300, page_cache_mb=20)


def test_limit_of_a_container_counts(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(f"{256 * 1024 * 1024}\n")
    assert machine_memory_mb(limit_file=limit) == 256
    limit.write_text("max\n")
    assert machine_memory_mb(limit_file=limit) == machine_memory_mb(limit_file=tmp_path / "none") > 256


def test_taken_port_is_refused_with_its_owner() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        assert not port_is_free(port)
        with pytest.raises(PortTakenError, match=rf"port {port} of 127.0.0.1 is taken by process \d+ .*KINDRED_NATS_PORT"):
            require_port(port, setting="KINDRED_NATS_PORT")
    assert port_is_free(port)


def test_chosen_port_is_free_and_outside_the_range_of_outgoing_connections() -> None:
    first = choose_port(chance=random.Random(1))
    assert first in PORT_RANGE
    assert port_is_free(first)
    assert choose_port(chance=random.Random(1), taken=frozenset({first})) != first


def test_disk_that_is_nearly_full(tmp_path: Path) -> None:
    require_disk(tmp_path / "not" / "yet", minimum_free_mb=1)
    with pytest.raises(DiskFullError, match=r"\d+ MiB are free .* 1000000000 MiB are the minimum"):
        require_disk(tmp_path, minimum_free_mb=1_000_000_000)


def test_java_that_is_installed_with_kindred() -> None:
    assert find_java(None).version == 21


def java_home(folder: Path, script: str) -> Path:
    launcher = folder / "bin" / "java"
    launcher.parent.mkdir()
    launcher.write_text(f"#!/bin/sh\n{script}\n")
    launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("""echo 'openjdk version "1.8.0_422"' >&2""", "is Java 8; Neo4j 5.26 runs on Java 17 or 21"),
        ("""echo 'openjdk version "11.0.2" 2019-01-15' >&2""", "is Java 11"),
        ("""echo 'hello' >&2""", "does not say its version but 'hello'"),
        ("exit 3", "does not run"),
    ],
)
def test_wrong_java(tmp_path: Path, script: str, message: str) -> None:
    with pytest.raises(WrongJavaError, match=message):
        find_java(java_home(tmp_path, script))


def test_no_java(tmp_path: Path) -> None:
    with pytest.raises(WrongJavaError, match="KINDRED_JAVA_HOME"):
        find_java(tmp_path)


def test_java_17(tmp_path: Path) -> None:
    assert find_java(java_home(tmp_path, """echo 'openjdk version "17" 2021-09-14' >&2""")).version == 17
