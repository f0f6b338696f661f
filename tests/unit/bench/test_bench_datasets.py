"""Where benchmarks find records and their truth."""

import csv
from pathlib import Path

import pytest

from bench.datasets import DataSet, built_in, chosen, custom, read_truth, senzing, shared_folder
from bench.harness import BenchError
from bench.identity_quality import quality_rows, read_memberships
from bench.metrics import score


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_truth_knows_households_where_it_has_them(tmp_path: Path) -> None:
    with_homes = read_truth(write(tmp_path / "a.csv", "record_id,person_id,household_id\nr1,p1,h1\nr2,p2,h1\n"))
    assert with_homes.persons == {"r1": "p1", "r2": "p2"}
    assert with_homes.households == {"r1": "h1", "r2": "h1"}
    assert read_truth(write(tmp_path / "b.csv", "record_id,person_id\nr1,p1\n")).households == {}


@pytest.mark.parametrize("text", ["", "record_id\nr1\n"])
def test_truth_without_its_columns_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(BenchError, match="record_id and person_id"):
        read_truth(write(tmp_path / "truth.csv", text))


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for name in ("records.csv", "truth.csv", "mapping.toml"):
        write(folder / name, "")
    assert custom(folder) == DataSet(
        name="mine", files=((folder / "records.csv", folder / "mapping.toml"),), truth_file=folder / "truth.csv"
    )
    (folder / "mapping.toml").unlink()
    with pytest.raises(BenchError, match=r"has no mapping\.toml"):
        custom(folder)


def test_shipped_set_is_whole() -> None:
    dataset = senzing()
    truth = read_truth(dataset.truth_file)
    assert len(truth.persons) == 159
    assert len(set(truth.persons.values())) == 85
    records = set()
    for file, mapping in dataset.files:
        assert mapping.is_file()
        with file.open(encoding="utf-8", newline="") as lines:
            records |= {f"{row['DATA_SOURCE']}:{row['RECORD_ID']}" for row in csv.DictReader(lines)}
    assert records == truth.persons.keys()


def test_sets_kept_elsewhere_are_those_with_a_mapping(tmp_path: Path) -> None:
    write(tmp_path / "fake_1000" / "records.csv", "record_id\n")
    write(tmp_path / "fake_1000" / "truth.csv", "record_id,person_id\n")
    write(tmp_path / "nobody_mapped_this" / "records.csv", "record_id\n")
    assert [dataset.name for dataset in built_in(tmp_path)] == ["senzing_truthset", "fake_1000"]
    assert [dataset.name for dataset in built_in(None)] == ["senzing_truthset"]


def test_chosen_by_name_in_the_order_asked(tmp_path: Path) -> None:
    write(tmp_path / "fake_1000" / "records.csv", "record_id\n")
    write(tmp_path / "fake_1000" / "truth.csv", "record_id,person_id\n")
    sets = built_in(tmp_path)
    assert [dataset.name for dataset in chosen(sets, "fake_1000, senzing_truthset")] == ["fake_1000", "senzing_truthset"]
    assert chosen(sets, None) == sets
    with pytest.raises(BenchError, match="no set named nowhere"):
        chosen(sets, "nowhere")


def test_shared_folder_from_option_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINDRED_DATA", str(tmp_path))
    assert shared_folder(None) == tmp_path
    with pytest.raises(BenchError, match="is not a folder"):
        shared_folder(tmp_path / "nowhere")


def test_memberships_by_id_or_by_source_and_id(tmp_path: Path) -> None:
    exported = write(
        tmp_path / "memberships.csv",
        "source,record_id,identity_id,valid_from,decision_id\nCUSTOMERS,1,i1,t,d\nWATCHLIST,1,i2,t,d\npos,r7,i3,t,d\n,,i4,t,d\n",
    )
    assert read_memberships(exported, records={"CUSTOMERS:1", "WATCHLIST:1", "r7"}) == {
        "CUSTOMERS:1": "i1", "WATCHLIST:1": "i2", "r7": "i3",
    }  # fmt: skip


def test_quality_becomes_rows() -> None:
    # Truth {1 2} {3}; found {1} {2 3}: no pair right of one found, none of one true.
    quality = score(truth={"1": "a", "2": "a", "3": "b"}, found={"1": "x", "2": "y", "3": "y"})
    rows = {row.metric: row for row in quality_rows(quality, dataset="d", system="kindred individual")}
    assert (rows["pair P"].value, rows["pair R"].value, rows["pair F1"].value) == (0, 0, 0)
    assert rows["B3 P"].value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert rows["B3 R"].value == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert {row.system for row in rows.values()} == {"kindred individual"}
    assert rows["found clusters"].unit == "count"
