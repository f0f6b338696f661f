"""Processes are known by pid and birth; a recycled pid is somebody else."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from runtime.stack.process import ProcessId, find, rotate, spawn, stop, tail

SLEEP = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]


def wait_until_up(log: Path) -> None:
    deadline = time.monotonic() + 20
    while "up" not in tail(log):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_spawned_process_has_its_own_session_and_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "out"
    process = spawn(SLEEP, log=log)
    try:
        wait_until_up(log)
        assert find(process) == psutil.Process(process.pid)
        assert os.getsid(process.pid) == process.pid
    finally:
        assert stop(process, name="sleep", timeout_seconds=10)
    assert find(process) is None
    assert not stop(process, name="sleep", timeout_seconds=10)


def test_recycled_pid_is_neither_found_nor_stopped() -> None:
    me = psutil.Process()
    earlier = ProcessId(pid=me.pid, created=me.create_time() - 3600)
    assert find(earlier) is None
    assert not stop(earlier, name="somebody else", timeout_seconds=0.1)
    assert find(replace(earlier, created=me.create_time())) == me


def test_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "out"
    process = spawn(STUBBORN, log=log)
    wait_until_up(log)
    assert stop(process, name="stubborn", timeout_seconds=0.3)
    assert find(process) is None


def test_one_whose_parent_takes_no_note_of_its_end_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "out"
    careless = (
        f"import subprocess, sys, time; child = subprocess.Popen({SLEEP!r}); print('pid', child.pid, flush=True); time.sleep(60)"
    )
    parent = spawn([sys.executable, "-c", careless], log=log)
    try:
        wait_until_up(log)
        child = psutil.Process(int(tail(log).partition("pid ")[2].split()[0]))
        assert stop(ProcessId(pid=child.pid, created=child.create_time()), name="child", timeout_seconds=10)
        assert child.status() == psutil.STATUS_ZOMBIE
    finally:
        assert stop(parent, name="parent", timeout_seconds=10)


def test_killed_child_is_not_taken_for_running(tmp_path: Path) -> None:
    process = spawn(SLEEP, log=tmp_path / "out")
    psutil.Process(process.pid).kill()
    deadline = time.monotonic() + 10
    while find(process) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_unknown_pid() -> None:
    assert find(None) is None
    assert find(ProcessId(pid=2**22 + 1, created=0.0)) is None


def test_rotation_keeps_the_newest(tmp_path: Path) -> None:
    log = tmp_path / "out"
    for text in ("first", "second", "third", "fourth"):
        log.write_text(text)
        rotate(log, max_bytes=3, keep=2)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.1": "fourth", "out.2": "third"}


def test_small_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "out"
    log.write_text("abc")
    rotate(log, max_bytes=3, keep=2)
    assert log.read_text() == "abc"


def test_tail() -> None:
    assert tail(Path("/nowhere/at/all")) == "(no log)"


@pytest.mark.parametrize("lines", [1, 3])
def test_tail_of_a_long_log(tmp_path: Path, lines: int) -> None:
    log = tmp_path / "out"
    log.write_text("\n".join(f"line {number}" for number in range(10_000)))
    assert tail(log, lines=lines).splitlines() == [f"line {number}" for number in range(10_000 - lines, 10_000)]
