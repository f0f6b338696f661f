"""Jars come from a real HTTP server here, small ones: only what the lock names gets into the cache."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.stack.errors import CorruptJarError, JarDownloadError
from runtime.stack.jars import GDS_LOCK, SERVER_LOCK, Jar, Progress, install, locked_jars, missing, read_lock, verify

BODY = b"PK not really a jar, but bytes all the same" * 1000


def jar(name: str, body: bytes = BODY, classifier: str = "") -> Jar:
    return Jar(group="org.example", artifact=name, version="1.0", classifier=classifier, sha256=hashlib.sha256(body).hexdigest())


class Repository(http.server.ThreadingHTTPServer):
    """A Maven repository in memory. ``broken`` paths are cut off in the middle that many times."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.broken: dict[str, int] = {}
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def serve(self, jar: Jar, body: bytes = BODY) -> str:
        path = "/" + jar.path.as_posix()
        self.files[path] = body
        return path


class Handler(http.server.BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        body = self.server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.broken.get(self.path, 0) > 0:
            self.server.broken[self.path] -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_installs_what_is_missing_and_nothing_twice(tmp_path: Path, repository: Repository) -> None:
    jars = [jar("one"), jar("two", classifier="linux-x86_64")]
    for each in jars:
        repository.serve(each)
    seen: list[Progress] = []
    install(jars, cache=tmp_path, repository=repository.url, on_progress=seen.append)
    assert (tmp_path / "org/example/two/1.0/two-1.0-linux-x86_64.jar").read_bytes() == BODY
    assert seen[-1] == Progress(installed=2, total=2, downloaded_bytes=2 * len(BODY))
    repository.requests.clear()
    install(jars, cache=tmp_path, repository=repository.url)
    assert repository.requests == []
    assert [path.name for path in tmp_path.iterdir()] == ["org"], "nothing of the download is left behind"


def test_download_with_another_digest_is_refused_and_not_kept(tmp_path: Path, repository: Repository) -> None:
    wanted = jar("one")
    repository.serve(wanted, b"something else")
    with pytest.raises(CorruptJarError) as refused:
        install([wanted], cache=tmp_path, repository=repository.url)
    assert "org.example:one:1.0" in str(refused.value)
    assert wanted.sha256 in str(refused.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(refused.value)
    assert missing([wanted], cache=tmp_path) == (wanted,)


def test_jar_that_changed_in_the_cache_is_refused(tmp_path: Path, repository: Repository) -> None:
    wanted = jar("one")
    repository.serve(wanted)
    install([wanted], cache=tmp_path, repository=repository.url)
    place = tmp_path / wanted.path
    place.write_bytes(BODY[:-1] + b"!")
    with pytest.raises(CorruptJarError, match=hashlib.sha256(place.read_bytes()).hexdigest()) as refused:
        install([wanted], cache=tmp_path, repository=repository.url)
    assert f"Delete {place}" in str(refused.value)


def test_broken_transfer_is_tried_again(tmp_path: Path, repository: Repository) -> None:
    wanted = jar("one")
    repository.broken[repository.serve(wanted)] = 1
    install([wanted], cache=tmp_path, repository=repository.url)
    verify([wanted], cache=tmp_path)
    assert repository.requests.count("/" + wanted.path.as_posix()) == 2


def test_jar_that_nobody_has(tmp_path: Path, repository: Repository) -> None:
    with pytest.raises(JarDownloadError, match=r"org\.example:one:1\.0 could not be downloaded from http://127"):
        install([jar("one")], cache=tmp_path, repository=repository.url)


def test_verify_wants_every_jar(tmp_path: Path) -> None:
    with pytest.raises(JarDownloadError, match="1 of 1 jars are not in"):
        verify([jar("one")], cache=tmp_path)


def test_locks_name_a_digest_for_every_jar_and_gds_repeats_none_of_the_server() -> None:
    jars = locked_jars()
    server = {(each.group, each.artifact, each.classifier) for each in jars.server}
    assert len(server) == len(jars.server) == len(read_lock(SERVER_LOCK))
    assert server.isdisjoint({(each.group, each.artifact, each.classifier) for each in jars.gds})
    assert len(jars.gds) < len(read_lock(GDS_LOCK))
    assert all(len(each.sha256) == 64 and int(each.sha256, 16) for each in jars.all)
    assert not {"slf4j-api"} & {each.artifact for each in jars.gds}
    assert len({each.path.name for each in jars.gds}) == len(jars.gds), "plugins lie in one folder, by name"
