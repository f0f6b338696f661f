"""Every Cypher file has one typed handle, and every handle one file whose parameters, columns and comments agree with it."""

import importlib
import pkgutil
import re
from dataclasses import fields, is_dataclass

import pytest

import graph.statements
from graph.statements.statement import CYPHER_ROOT, NoRow, Statement


def declared_statements() -> list[tuple[str, Statement]]:
    """All handles declared at module level below ``graph.statements``, with where they stand."""
    found = []
    for module_info in pkgutil.iter_modules(graph.statements.__path__):
        module = importlib.import_module(f"graph.statements.{module_info.name}")
        for name, value in vars(module).items():
            if isinstance(value, Statement):
                found.append((f"{module_info.name}.{name}", value))
    return found


STATEMENTS = declared_statements()
BY_HANDLE = [pytest.param(statement, id=where) for where, statement in STATEMENTS]
MIGRATIONS = sorted((CYPHER_ROOT / "migrations").glob("*.cypher"))


def code_of(text: str) -> str:
    """The statement without comments and string literals."""
    without_strings = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "''", text)
    return re.sub(r"//[^\n]*", "", without_strings)


def test_handles_exist() -> None:
    assert len(STATEMENTS) > 10


def test_every_file_has_exactly_one_handle_and_every_handle_a_file() -> None:
    files = {
        path.relative_to(CYPHER_ROOT).with_suffix("").as_posix()
        for path in CYPHER_ROOT.rglob("*.cypher")
        if path.parent.name != "migrations"
    }
    handles = [statement.name for _, statement in STATEMENTS]
    assert sorted(handles) == sorted(files)


@pytest.mark.parametrize("statement", BY_HANDLE)
def test_file_opens_with_its_purpose_and_access(statement: Statement) -> None:
    first, *_ = statement.text.splitlines()
    assert re.fullmatch(r"// \S.*[.?]", first), f"first line is {first!r}, not a sentence in a comment"
    assert statement.access in ("read", "write")


@pytest.mark.parametrize("statement", BY_HANDLE)
def test_file_is_one_statement(statement: Statement) -> None:
    assert ";" not in code_of(statement.text)


@pytest.mark.parametrize("statement", BY_HANDLE)
def test_parameters_equal_fields(statement: Statement) -> None:
    assert is_dataclass(statement.parameters)
    used = set(re.findall(r"\$(\w+)", code_of(statement.text)))
    assert used == {field.name for field in fields(statement.parameters)}


@pytest.mark.parametrize("statement", BY_HANDLE)
def test_row_is_a_dataclass(statement: Statement) -> None:
    assert is_dataclass(statement.row)
    if statement.row is not NoRow:
        assert fields(statement.row)


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_migration_is_named_explained_and_single(path) -> None:
    assert re.fullmatch(r"V\d{4}__[a-z0-9_]+\.cypher", path.name)
    text = path.read_text(encoding="utf-8")
    assert re.match(r"// \S.*\.\n// access: write\n", text)
    assert ";" not in code_of(text)


def test_migration_versions_are_unique() -> None:
    versions = [path.name.split("__")[0] for path in MIGRATIONS]
    assert len(versions) == len(set(versions))
