"""The dashboard has the format of NeoDash 2.4, every page asked for, and tiles that do not overlap."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from graph.statements import neodash as statements
from graph.statements.statement import Statement
from graph.visual.bloom import code_of
from graph.visual.neodash import PAGE_COLUMNS, dashboard
from runtime.cli.main import app

ROOT = Path(__file__).parents[3]
REPORT = {
    "id": str,
    "title": str,
    "query": str,
    "type": str,
    "x": int,
    "y": int,
    "width": int,
    "height": int,
    "selection": dict,
    "settings": dict,
}


@pytest.fixture(scope="module")
def generated() -> dict[str, Any]:
    return json.loads(json.dumps(dashboard()))


def reports(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [report for page in document["pages"] for report in page["reports"]]


def test_format_of_neodash(generated: dict[str, Any]) -> None:
    assert generated["version"] == "2.4"
    assert {"uuid", "title", "version", "settings", "pages", "parameters", "extensions"} == generated.keys()
    for report in reports(generated):
        assert {key: type(value) for key, value in report.items()} == REPORT
        assert report["type"] in {"text", "table", "bar", "graph", "select"}


def test_pages(generated: dict[str, Any]) -> None:
    titles = [page["title"] for page in generated["pages"]]
    assert titles == ["Overview", "Person", "Identity graph", "Journey", "Held back", "Decisions"]


def test_tiles_stay_on_the_page_and_apart(generated: dict[str, Any]) -> None:
    for page in generated["pages"]:
        for report in page["reports"]:
            assert 0 <= report["x"] <= report["x"] + report["width"] <= PAGE_COLUMNS
        for one, other in combinations(page["reports"], 2):
            beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert beside or above, f"{one['title']} lies over {other['title']}"


def test_parameters_are_set_by_a_selector(generated: dict[str, Any]) -> None:
    settable = {report["settings"]["parameterName"] for report in reports(generated) if report["type"] == "select"}
    used = {name for report in reports(generated) for name in re.findall(r"\$(neodash_\w+)", report["query"])}
    assert used == settable == set(generated["settings"]["parameters"])


def test_bars_plot_columns_of_their_query(generated: dict[str, Any]) -> None:
    for report in reports(generated):
        if report["type"] == "bar":
            columns = re.findall(r"AS (\w+)", report["query"])
            assert {report["selection"]["index"], report["selection"]["value"]} <= set(columns)


def test_every_statement_is_shown(generated: dict[str, Any]) -> None:
    declared = {code_of(value) for value in vars(statements).values() if isinstance(value, Statement)}
    assert declared == {report["query"] for report in reports(generated) if report["type"] != "text"}


def test_command_writes_the_file_that_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "dashboard.json"
    result = CliRunner().invoke(app, ["neodash", "dashboard", "--out", str(target)])
    assert result.exit_code == 0, result.output
    assert target.read_text(encoding="utf-8") == (ROOT / "infra/neodash/kindred.dashboard.json").read_text(encoding="utf-8")
