"""Writes ``docs/settings.md`` from the settings themselves; a test fails when the two differ."""

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from runtime.settings import ENV_PREFIX, SETTINGS_FILE, Settings

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

# Defaults that depend on the user; what the page says instead.
PLACES = {"home": "the user's data folder, `kindred`", "jar_cache": "the user's cache folder, `kindred/jars`"}

HEAD = f"""# Settings

Every setting of Kindred. This page is generated: `kindred settings --write-docs` writes it, and a test fails when it is not in
step.

A command's option (`--home`) wins over the environment (`{ENV_PREFIX}*`), the environment over `{SETTINGS_FILE}` in the home
folder, that over the default. In `{SETTINGS_FILE}` a name stands without its prefix, for example `neo4j_heap_mb = 2048`; a name
that is not on this page is an error there. Secrets are best given in the environment.

| Name | Environment variable | Type | Default | What it is |
|---|---|---|---|---|
"""


def settings_document() -> str:
    """The whole page."""
    return HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    cells = (
        f"`{name}`",
        f"`{ENV_PREFIX}{name.upper()}`",
        _type(field.annotation, tuple(field.metadata)),
        _default(name, field),
        field.description or "",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _default(name: str, field: FieldInfo) -> str:
    if name in PLACES:
        return PLACES[name]
    value: Any = field.get_default(call_default_factory=True)
    if value is None:
        return "unset"
    return f"`{value}`" if value != {} else "none"


def _type(annotation: Any, metadata: tuple[Any, ...]) -> str:
    return _name(annotation) + _bounds(metadata)


def _name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        return " or ".join(_name(argument) for argument in arguments if argument is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(f"`{argument}`" for argument in arguments)
    if origin is dict:
        return f"map of {_name(arguments[0])} to {_name(arguments[1])}"
    if origin is list:
        return f"list of {_name(arguments[0])}"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", SecretStr: "secret text"}
    return names[annotation]


def _bounds(metadata: tuple[Any, ...]) -> str:
    bounds = []
    for item in metadata:
        match item:
            case Ge(ge=least):
                bounds.append(f"at least {least}")
            case Gt(gt=below):
                bounds.append(f"above {below}")
            case Le(le=most):
                bounds.append(f"at most {most}")
            case MinLen(min_length=shortest):
                bounds.append(f"at least {shortest} characters")
            case MaxLen(max_length=longest):
                bounds.append(f"at most {longest} characters")
            case _:
                pattern = getattr(item, "pattern", None)
                if pattern is not None:
                    bounds.append(f"like `{pattern}`")
    return f", {', '.join(bounds)}" if bounds else ""
