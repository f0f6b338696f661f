"""The archive's files: whole, in order, each sequence once, byte for byte."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.archive import Archive, ArchiveError
from ingest.event_log import StoredEvent

MIDNIGHT = datetime(2026, 2, 4, tzinfo=UTC)


def event(sequence: int, *, seconds: int = 0, body: bytes = b"{}") -> StoredEvent:
    return StoredEvent(
        sequence=sequence,
        stored_at=MIDNIGHT + timedelta(seconds=seconds),
        subject="kindred.v1.events.track",
        headers=(("Nats-Msg-Id", f"m{sequence}"), ("Kindred-Replay", "7")),
        body=body,
    )


def read(archive: Archive, **asked: object) -> list[StoredEvent]:
    return [each for batch in archive.read(**asked) for each in batch]  # type: ignore[arg-type]


@given(
    bodies=st.lists(st.binary(max_size=20), min_size=1, max_size=10),
    seconds=st.lists(st.integers(-3, 3), min_size=10, max_size=10),
)
def test_what_is_read_is_what_was_kept(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], seconds: list[int]) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    events = [event(10 + 2 * place, seconds=seconds[place], body=body) for place, body in enumerate(bodies)]
    archive.append(events[:4])
    archive.append(events[4:])
    assert read(archive) == events
    assert read(archive, after=12) == events[2:]
    assert archive.position() == events[-1].sequence


def test_a_day_ends_at_midnight_in_utc(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.append([event(1, seconds=-1), event(2), event(5, seconds=86_399), event(6, seconds=86_400)])
    assert [(file.day.isoformat(), file.first, file.last) for file in archive.files()] == [
        ("2026-02-03", 1, 1),
        ("2026-02-04", 2, 5),
        ("2026-02-05", 6, 6),
    ]
    assert [each.sequence for each in read(archive, since=date(2026, 2, 4), until=date(2026, 2, 4))] == [2, 5]
    table = pq.ParquetFile(archive.files()[0].path).read()
    assert table.column("message_id").to_pylist() == ["m1"]


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.append([event(1), event(2)])
    [file] = archive.files()
    file.path.with_name(f"{3:020}-{4:020}.tmp").write_bytes(file.path.read_bytes()[:50])
    assert archive.position() == 2
    archive.append([event(3), event(4)])
    assert [each.sequence for each in read(archive)] == [1, 2, 3, 4]


def test_a_sequence_is_archived_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.append([event(1), event(3)])
    with pytest.raises(ArchiveError, match="sequence 2 is archived already, up to 3"):
        archive.append([event(2)])
    [file] = archive.files()
    file.path.with_name(f"{3:020}-{4:020}.parquet").write_bytes(file.path.read_bytes())
    with pytest.raises(ArchiveError, match="cover the same sequences"):
        archive.position()


def test_a_folder_has_one_writer_and_one_stream(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    writing = Archive(folder).writing
    refused = pytest.raises(ArchiveError, match="another process writes")
    with writing(stream_created=MIDNIGHT), refused, writing(stream_created=MIDNIGHT):
        pass
    other = pytest.raises(ArchiveError, match="is of a stream made at 2026-02-04")
    with other, writing(stream_created=MIDNIGHT + timedelta(days=1)):
        pass
    with Archive(folder).writing(stream_created=MIDNIGHT):
        assert Archive(folder).stream_created() == "2026-02-04T00:00:00+00:00"


def test_what_is_not_an_archive_is_refused(tmp_path: Path) -> None:
    assert Archive(tmp_path).stream_created() is None
    assert Archive(tmp_path).position() == 0
    (tmp_path / "archive.json").write_text("[]")
    with pytest.raises(ArchiveError, match="cannot be understood"):
        Archive(tmp_path).stream_created()
    (tmp_path / "day=2026-02-03").mkdir()
    (tmp_path / "day=2026-02-03" / "part-1.parquet").touch()
    with pytest.raises(ArchiveError, match="not a name that the archive gives"):
        Archive(tmp_path).files()
    (tmp_path / "day=2026-02-03" / "part-1.parquet").rename(tmp_path / "day=2026-02-03" / "1-2.parquet")
    with pytest.raises(ArchiveError, match="cannot be read"):
        read(Archive(tmp_path))
