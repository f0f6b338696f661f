"""Which migrations are to be applied, and which disagreements are refused."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graph.migrations import AppliedMigration, Migration, MigrationError, plan, read_migrations

AT = datetime(2026, 1, 1, tzinfo=UTC)


def write(folder: Path, *names: str) -> list[Migration]:
    for name in names:
        (folder / name).write_text(f"// {name}\n// access: write\nRETURN 1\n", encoding="utf-8")
    return read_migrations(folder)


def applied(migration: Migration) -> AppliedMigration:
    return AppliedMigration(version=migration.version, name=migration.name, checksum=migration.checksum, applied_at=AT)


def test_in_order_of_number_gaps_allowed(tmp_path: Path) -> None:
    files = write(tmp_path, "V0010__ten.cypher", "V0002__two.cypher", "V0001__one.cypher")
    assert [(file.version, file.name) for file in files] == [(1, "one"), (2, "two"), (10, "ten")]
    assert plan(files, []) == files


def test_only_what_is_missing_also_below_the_highest(tmp_path: Path) -> None:
    one, two, ten = write(tmp_path, "V0001__one.cypher", "V0002__two.cypher", "V0010__ten.cypher")
    assert plan([one, two, ten], [applied(one), applied(ten)]) == [two]
    assert plan([one, two, ten], [applied(one), applied(two), applied(ten)]) == []


def test_changed_file_is_refused(tmp_path: Path) -> None:
    [one] = write(tmp_path, "V0001__one.cypher")
    record = replace(applied(one), checksum="0" * 64)
    with pytest.raises(MigrationError, match=rf"migration 1 \(one\) .* checksum {'0' * 64}, .* has {one.checksum}") as refused:
        plan([one], [record])
    assert refused.value.code == "migration_changed"


def test_missing_file_is_refused(tmp_path: Path) -> None:
    [one] = write(tmp_path, "V0001__one.cypher")
    with pytest.raises(MigrationError, match=rf"migration 1 \(one\) .* checksum {one.checksum} but has no file") as refused:
        plan([], [applied(one)])
    assert refused.value.code == "migration_missing"


def test_one_number_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"V0001__a\.cypher and V0001__b\.cypher share the number 1"):
        write(tmp_path, "V0001__a.cypher", "V0001__b.cypher")


@pytest.mark.parametrize("name", ["V1__short.cypher", "0001__no_v.cypher", "V0001_one_line.cypher", "V0001__Upper.cypher"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MigrationError, match="is not named like"):
        write(tmp_path, name)


def test_checksum_is_that_of_the_text_whatever_the_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "V0001__one.cypher"
    path.write_bytes(b"// a\nRETURN 1\n")
    [unix] = read_migrations(tmp_path)
    path.write_bytes(b"// a\r\nRETURN 1\r\n")
    [windows] = read_migrations(tmp_path)
    path.write_bytes(b"// a\nRETURN 2\n")
    [changed] = read_migrations(tmp_path)
    assert unix.checksum == windows.checksum != changed.checksum


def test_migrations_of_this_release_are_well_named() -> None:
    assert [file.version for file in read_migrations()][:3] == [1, 2, 3]
