"""How far the import of a file has come, kept on disk: a killed import goes on where the server had everything."""

import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import orjson

from graph.errors import KindredError

SAMPLE_BYTES: Final = 64 * 1024


class BookmarkError(KindredError):
    """The folder of bookmarks cannot be written."""

    code = "bookmark_unwritable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What has become of a file's rows: ``rows == published + duplicates + parked + left_out``."""

    rows: int = 0
    published: int = 0
    duplicates: int = 0
    """Events that JetStream held already."""
    parked: int = 0
    """Rows among the dead letters."""
    left_out: int = 0
    """Rows that the mapping's conditions leave out."""
    values_rejected: Mapping[str, int] = field(default_factory=dict)
    """Field to how many values of otherwise good rows were not understood."""

    def plus(self, other: "Counts") -> "Counts":
        """The sums."""
        return Counts(
            rows=self.rows + other.rows,
            published=self.published + other.published,
            duplicates=self.duplicates + other.duplicates,
            parked=self.parked + other.parked,
            left_out=self.left_out + other.left_out,
            values_rejected=dict(Counter(self.values_rejected) + Counter(other.values_rejected)),
        )


class Bookmark:
    """The bookmark of one file, imported with one mapping under one source.

    It holds for the file as it is: one that has changed meanwhile, by its size, beginning or end, is begun anew. So is one that
    was read to its end. Beginning anew repeats messages and so changes nothing in the graph.
    """

    def __init__(self, folder: Path, *, file: Path, mapping_digest: str, source: str | None) -> None:
        name = hashlib.sha256(orjson.dumps([str(file.resolve()), mapping_digest, source])).hexdigest()[:32]
        self._path = folder / f"{name}.json"
        self._file = str(file.resolve())
        self._fingerprint = fingerprint_of(file)

    def read(self) -> Counts:
        """Of the rows that are done; zeros where there is nothing to go on with."""
        try:
            kept = orjson.loads(self._path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return Counts()
        if not isinstance(kept, dict) or kept.get("fingerprint") != self._fingerprint or kept.get("done"):
            return Counts()
        return counts_of(kept.get("counts"))

    def write(self, counts: Counts, *, done: bool) -> None:
        """Keep that all these rows are acknowledged. A crash leaves the bookmark before or this one, never half of it.

        Raises:
            BookmarkError: the folder cannot be written.
        """
        kept = {"file": self._file, "fingerprint": self._fingerprint, "done": done, "counts": asdict(counts)}
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
            temporary.replace(self._path)
        except OSError as error:
            raise BookmarkError(f"{self._path} cannot be written: {error.strerror}") from error


def counts_of(values: Any) -> Counts:
    """Counts as they are kept in JSON; zeros where they are not."""
    known = {each.name for each in fields(Counts)}
    if not isinstance(values, dict) or set(values) != known:
        return Counts()
    return Counts(**values)


def fingerprint_of(file: Path) -> str:
    """What tells a file from what it was: its size, beginning and end."""
    with file.open("rb") as content:
        size = file.stat().st_size
        digest = hashlib.sha256(content.read(SAMPLE_BYTES))
        content.seek(max(0, size - SAMPLE_BYTES))
        digest.update(content.read(SAMPLE_BYTES))
    return f"{size}:{digest.hexdigest()}"
