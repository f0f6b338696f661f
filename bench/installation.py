"""An installation of its own for a benchmark: a temporary home, driven by the ``kindred`` command as a user drives it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http import HTTPStatus
from pathlib import Path
from time import perf_counter, sleep

from bench.harness import BenchError

HEAP_MB = 768
PAGE_CACHE_MB = 192
COMMAND_TIMEOUT_SECONDS = 3600.0
START_TIMEOUT_SECONDS = 60.0
PATIENCE_SECONDS = 300
"""How long a store may take to start: a benchmark may run beside others."""
KEPT_SETTINGS = ("KINDRED_JAR_CACHE", "KINDRED_JAVA_HOME", "KINDRED_MAVEN_REPOSITORY")


class Installation:
    """Runs ``kindred`` on one home. Nothing of the user's own installation or settings has a part in it."""

    def __init__(self, home: Path, *, heap_mb: int = HEAP_MB, page_cache_mb: int = PAGE_CACHE_MB, port: int = 0) -> None:
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("KINDRED_") or name in KEPT_SETTINGS
        } | {
            "KINDRED_HOME": str(home),
            "KINDRED_NEO4J_HEAP_MB": str(heap_mb),
            "KINDRED_NEO4J_PAGE_CACHE_MB": str(page_cache_mb),
            "KINDRED_PORT": str(port),
            "KINDRED_LOG_LEVEL": "warning",
            "KINDRED_START_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
        }

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run ``kindred serve`` beside the benchmark, logging as it does unless told otherwise; gives its address.

        Raises:
            BenchError: it did not answer within a minute; the end of what it printed is in the message.
        """
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        log = self.home / "serve.log"
        environment = self._environment | {"KINDRED_LOG_LEVEL": "info", "KINDRED_LOG_FORMAT": "json"}
        with log.open("wb") as output:
            command = [sys.executable, "-m", "runtime", "serve", "--port", str(port), "--home", str(self.home)]
            server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
            try:
                until = perf_counter() + START_TIMEOUT_SECONDS
                while not _answers(f"{url}/readyz"):
                    if server.poll() is not None or perf_counter() > until:
                        raise BenchError(f"kindred serve does not answer:\n{log.read_text(encoding='utf-8')[-3000:]}")
                    sleep(0.1)
                yield url
            finally:
                server.terminate()
                server.wait(timeout=START_TIMEOUT_SECONDS)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[None]:
        """Run ``kindred ARGUMENTS`` beside the benchmark until the end of the context.

        Raises:
            BenchError: it had ended before; the end of what it printed is in the message.
        """
        with tempfile.TemporaryFile(dir=self.home) as output:
            command = [sys.executable, "-m", "runtime", *arguments, "--home", str(self.home)]
            process = subprocess.Popen(command, env=self._environment, stdout=output, stderr=subprocess.STDOUT)
            try:
                yield
                if process.poll() is not None:
                    output.seek(0)
                    printed = output.read().decode(errors="replace")
                    raise BenchError(f"kindred {' '.join(arguments)} ended with {process.returncode}:\n{printed[-3000:]}")
            finally:
                process.terminate()
                process.wait(timeout=START_TIMEOUT_SECONDS)

    def kindred(self, *arguments: str) -> float:
        """Run ``kindred ARGUMENTS`` and return the seconds it took.

        Raises:
            BenchError: it ended with an error; the end of what it printed is in the message.
        """
        started = perf_counter()
        command = [sys.executable, "-m", "runtime", *arguments]
        try:
            done = subprocess.run(
                command,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=COMMAND_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"kindred {' '.join(arguments)} took more than {COMMAND_TIMEOUT_SECONDS:g} seconds") from error
        if done.returncode != 0:
            raise BenchError(f"kindred {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        return perf_counter() - started


@contextmanager
def temporary_installation(
    *,
    heap_mb: int = HEAP_MB,
    page_cache_mb: int = PAGE_CACHE_MB,
    services: bool = True,
    port: int = 0,
    on: Callable[[Path], AbstractContextManager[object]] = lambda _: nullcontext(),
) -> Iterator[Installation]:
    """A started installation in a temporary home, stopped and deleted at the end, also after an error.

    Without ``services`` only its stores are started. ``port`` is its server's; 0 is one that nobody else knows. ``on`` prepares
    the home before anything starts there, and is left after everything has ended.
    """
    home = Path(tempfile.mkdtemp(prefix="kindred-bench-"))
    installation = Installation(home, heap_mb=heap_mb, page_cache_mb=page_cache_mb, port=port)
    try:
        with on(home):
            try:
                installation.kindred("up", *([] if services else ["--no-services"]))
                yield installation
            finally:
                installation.kindred("down")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own loopback address)
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False
