"""The locked jars of Neo4j and GDS: downloaded once into a shared cache, checked against the lock at every start.

A jar is downloaded into a folder of its own, checked, and only then moved to its place: what lies in the cache is whole and is
what the lock names, whenever the download was interrupted and however many homes install at once.
"""

import hashlib
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import stamina
from jgo.maven import MavenContext, PythonResolver

from runtime.stack.errors import CorruptJarError, JarDownloadError

INFRA = Path(__file__).resolve().parents[2] / "infra"
SERVER_LOCK = INFRA / "neo4j" / "jgo.lock.toml"
GDS_LOCK = INFRA / "gds" / "jgo.lock.toml"
# The time goes into many small files and their round trips, not into bytes: 36 s with 32, 73 s with 16.
DOWNLOAD_THREADS = 32
DOWNLOAD_ATTEMPTS = 4
DOWNLOAD_TIMEOUT_SECONDS = 30

# The server brings its own logging. GDS's openCypher parser stays: without it no algorithm that streams or drops can be called.
LEFT_TO_THE_SERVER = ("slf4j-api",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One locked jar: its Maven coordinates and the sha256 of its bytes."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def path(self) -> Path:
        """Its place below the cache folder, in Maven's own layout."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return Path(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}{suffix}.jar")

    @property
    def coordinates(self) -> str:
        """``group:artifact:version[:classifier]``."""
        return ":".join(part for part in (self.group, self.artifact, self.version, self.classifier) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedJars:
    """The jars of the server, and those of GDS that the server does not bring."""

    server: tuple[Jar, ...]
    gds: tuple[Jar, ...]

    @property
    def all(self) -> tuple[Jar, ...]:
        """Every jar, the server's first: the order of the class path."""
        return self.server + self.gds


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an installation is."""

    installed: int
    total: int
    downloaded_bytes: int


def read_lock(path: Path) -> tuple[Jar, ...]:
    """The jars of one lock file.

    Raises:
        KeyError: an entry lacks its coordinates or its sha256.
    """
    with path.open("rb") as file:
        entries = tomllib.load(file)["dependencies"]
    return tuple(
        Jar(
            group=entry["groupId"],
            artifact=entry["artifactId"],
            version=entry["version"],
            classifier=entry.get("classifier", ""),
            sha256=entry["sha256"],
        )
        for entry in entries
    )


def locked_jars(*, server_lock: Path = SERVER_LOCK, gds_lock: Path = GDS_LOCK) -> LockedJars:
    """The jars to run: of GDS's only those that the server's lock lacks."""
    server = read_lock(server_lock)
    brought = {(jar.group, jar.artifact) for jar in server}
    gds = tuple(
        jar
        for jar in read_lock(gds_lock)
        if (jar.group, jar.artifact) not in brought and not {jar.group, jar.artifact} & set(LEFT_TO_THE_SERVER)
    )
    return LockedJars(server=server, gds=gds)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing(jars: Sequence[Jar], *, cache: Path) -> tuple[Jar, ...]:
    """The jars that are not in the cache."""
    return tuple(jar for jar in jars if not (cache / jar.path).is_file())


def verify(jars: Sequence[Jar], *, cache: Path) -> None:
    """Read every jar and compare it with the lock.

    Raises:
        CorruptJarError: a jar differs; nothing may be started from this cache.
        JarDownloadError: a jar is not there.
    """
    absent = missing(jars, cache=cache)
    if absent:
        raise JarDownloadError(
            f"{len(absent)} of {len(jars)} jars are not in {cache}, the first is {absent[0].coordinates}. "
            "`kindred up` downloads them."
        )
    with ThreadPoolExecutor() as pool:
        digests = pool.map(lambda jar: sha256_of(cache / jar.path), jars)
        for jar, observed in zip(jars, digests, strict=True):
            _require_digest(jar, observed=observed, path=cache / jar.path)


def install(
    jars: Sequence[Jar], *, cache: Path, repository: str | None, on_progress: Callable[[Progress], None] | None = None
) -> None:
    """Download what the cache lacks, then verify everything in it.

    Args:
        jars: what to install.
        cache: folder shared by all homes, in Maven's layout.
        repository: address of a Maven repository; None for the resolver's own, the central one.
        on_progress: called from the downloading threads, one at a time.

    Raises:
        CorruptJarError: a jar, downloaded or found, is not the one in the lock.
        JarDownloadError: a jar could not be had after several attempts.
    """
    wanted = missing(jars, cache=cache)
    if wanted:
        cache.mkdir(parents=True, exist_ok=True)
        meter = _Meter(installed=len(jars) - len(wanted), total=len(jars), report=on_progress)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=cache) as staging:
            downloader = _Downloader(cache=cache, staging=Path(staging), repository=repository, meter=meter)
            with ThreadPoolExecutor(DOWNLOAD_THREADS) as pool:
                downloads = [pool.submit(downloader.download, jar) for jar in wanted]
                try:
                    for download in as_completed(downloads):
                        download.result()
                finally:
                    pool.shutdown(cancel_futures=True)
    verify(jars, cache=cache)


class _Meter:
    """Counts jars and bytes over all threads."""

    def __init__(self, *, installed: int, total: int, report: Callable[[Progress], None] | None) -> None:
        self._lock = threading.Lock()
        self._installed = installed
        self._total = total
        self._bytes = 0
        self._report = report

    @contextmanager
    def file(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        """A progress callback as jgo's resolver takes it."""
        yield lambda count: self._add(jars=0, count=count)

    def jar_installed(self) -> None:
        """Count one more jar."""
        self._add(jars=1, count=0)

    def _add(self, *, jars: int, count: int) -> None:
        with self._lock:
            self._installed += jars
            self._bytes += count
            if self._report is not None:
                self._report(Progress(installed=self._installed, total=self._total, downloaded_bytes=self._bytes))


class _Downloader:
    """Downloads single jars through jgo, without resolving any POM: the lock already says which jars there are."""

    def __init__(self, *, cache: Path, staging: Path, repository: str | None, meter: _Meter) -> None:
        self._cache = cache
        self._staging = staging
        self._remote = None if repository is None else {"kindred": repository.rstrip("/")}
        self._repository = repository or "Maven's central repository"
        self._meter = meter

    def download(self, jar: Jar) -> None:
        try:
            # jgo says "not found" for every status but 200, so a 503 cannot be told from a 404: try both again.
            for attempt in stamina.retry_context(on=(requests.RequestException, RuntimeError), attempts=DOWNLOAD_ATTEMPTS):
                with attempt:
                    self._download_once(jar)
        except (requests.RequestException, RuntimeError) as error:
            raise JarDownloadError(
                f"{jar.coordinates} could not be downloaded from {self._repository} in {DOWNLOAD_ATTEMPTS} attempts: {error}. "
                "Check the network, or set KINDRED_MAVEN_REPOSITORY to a mirror."
            ) from error
        self._meter.jar_installed()

    def _download_once(self, jar: Jar) -> None:
        # A folder per attempt: what an earlier one left behind is never continued.
        with tempfile.TemporaryDirectory(dir=self._staging) as folder:
            context = MavenContext(
                resolver=PythonResolver(progress_callback=self._meter.file),
                repo_cache=Path(folder),
                remote_repos=self._remote,
                timeout=DOWNLOAD_TIMEOUT_SECONDS,
            )
            artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier, "jar")
            path = Path(artifact.resolve())
            target = self._cache / jar.path
            _require_digest(jar, observed=sha256_of(path), path=target)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def _require_digest(jar: Jar, *, observed: str, path: Path) -> None:
    if observed != jar.sha256:
        raise CorruptJarError(
            f"{jar.coordinates} has sha256 {observed}, the lock file expects {jar.sha256}. "
            f"It is refused. Delete {path} if it is there and run `kindred up` again; "
            "if it differs again, the repository that it comes from is not to be trusted."
        )
