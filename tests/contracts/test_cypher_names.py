"""Labels, relationship types and property names in Cypher follow the conventions and are in the graph model's document."""

import re
from pathlib import Path

import pytest

from graph.statements.statement import CYPHER_ROOT

DOCUMENT = Path(__file__).parents[2] / "docs" / "graph-model.md"
FILES = sorted(CYPHER_ROOT.rglob("*.cypher"))
# Bookkeeping of the migrations themselves, and GDS's own catalogue, are not part of the model.
NOT_MODELLED = {"Migration", "MigrationLock"}


def code_of(path: Path) -> str:
    """The statement without comments, string literals and map entries."""
    text = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
    return re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "''", text)


def documented() -> set[str]:
    return set(re.findall(r"\b[A-Z][A-Za-z_]+\b", DOCUMENT.read_text(encoding="utf-8"))) | NOT_MODELLED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CYPHER_ROOT).as_posix())
def test_labels_and_types_are_documented(path: Path) -> None:
    code = code_of(path)
    in_nodes = re.findall(r"\(\s*\w*\s*:\s*([A-Za-z_|:&!()\s]+?)\s*[){]", code)
    in_relationships = re.findall(r"\[\s*\w*\s*:\s*([A-Za-z_|:&!\s]+?)\s*[*\]{]", code)
    names = {name for group in in_nodes + in_relationships for name in re.findall(r"[A-Za-z_]+", group)}
    assert names <= documented(), f"not in {DOCUMENT.name}: {sorted(names - documented())}"
    labels = {name for group in in_nodes for name in re.findall(r"[A-Za-z_]+", group)}
    types = {name for group in in_relationships for name in re.findall(r"[A-Za-z_]+", group)}
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", label) for label in labels)
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", kind) for kind in types)
