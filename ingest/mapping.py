"""Mapping files: how the rows of a source become events. See ``docs/guides/import.md`` for the format by example."""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from graph.errors import KindredError

SHIPPED: Final = Path(__file__).parent / "mappings"
"""Mappings that come with Kindred, used by their name."""


class MappingError(KindredError):
    """A mapping file that cannot be used, or that does not fit the file it is used on."""

    code = "mapping_invalid"


class Part(BaseModel):
    """Base of a mapping's parts: names that are not known are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(Part):
    """Where a value comes from; in a file a column's name, a list of columns to join, or a table of these fields."""

    column: str | None = None
    """A column; of nested rows a path such as ``user.address.city``. A list on the way stands for its items."""
    columns: tuple[str, ...] = ()
    """Columns to join; those that are empty are left out."""
    first: tuple[str, ...] = ()
    """Columns of which the first that is not empty counts."""
    value: str | None = None
    """The same for every row."""
    join: str = " "
    all: bool = False
    """Of joined columns: nothing unless every one holds something."""
    values: dict[str, str] = Field(default_factory=dict)
    """What the source's values stand for; those not listed stay as they are."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"column": given}
        return {"columns": given} if isinstance(given, list) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum((self.column is not None, bool(self.columns), bool(self.first), self.value is not None)) != 1:
            raise ValueError("give exactly one of column, columns, first and value")
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.column,) if self.column is not None else self.columns or self.first


class DateValue(Value):
    """A date or time, with the formats (of ``strptime``) that the source writes it in, tried in order; ISO 8601 without."""

    formats: tuple[str, ...] = ()
    timezone: str = "UTC"
    """Of times that state none; a name of the IANA database."""


class DateParts(Part):
    """A date whose parts are columns of their own."""

    year: Value
    month: Value
    day: Value


class NameParts(Part):
    """A person's name; or an organisation's, for rows that are of one."""

    given: Value | None = None
    middle: Value | None = None
    family: Value | None = None
    suffix: Value | None = None
    full: Value | None = None
    organization: Value | None = None
    each: str | None = None
    """A list of the row: the columns are those of its items, the first item that holds a name counts."""


class AddressParts(Part):
    """A postal address; ``street`` may hold all of it on one line."""

    street: Value | None = None
    city: Value | None = None
    region: Value | None = None
    postal_code: Value | None = None
    country: Value | None = None
    each: str | None = None
    """A list of the row: every item that holds a street is an address, the first is the record's own."""


class IdentifierValue(Value):
    """An identifier; a path through a list gives one for each item."""

    namespace: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    each: str | None = None
    """A list of the row: joined columns are those of one item."""


class ConsentValue(Part):
    """Consent to one purpose, by the values that the source writes."""

    column: str
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()


class Entity(Part):
    """Which rows are of organisations, not persons."""

    column: str
    organization: Annotated[tuple[str, ...], Field(min_length=1)]


class Condition(Part):
    """Rows are taken only where the column holds one of the values, or none of ``except``."""

    column: str
    equals: tuple[str, ...] = ()
    excluded: tuple[str, ...] = Field(default=(), alias="except")


class EventParts(Part):
    """For files of interactions: each row is one event in place of a claim about a person."""

    type: Literal["track", "page", "screen", "group"] = "track"
    name: Value | None = None
    user_id: Value | None = None
    anonymous_id: Value | None = None
    group_id: Value | None = None
    channel: Value | None = None
    properties: dict[str, Value] = Field(default_factory=dict)


class FileParts(Part):
    """How the file itself is written; CSV only."""

    encoding: str | None = None
    """None: UTF-8 or UTF-16 with a byte order mark, else UTF-8, else Windows-1252."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """None: whichever of comma, semicolon, tab and bar splits the header most."""


class FileMapping(Part):
    """How the rows of a file become events: claims about persons, or with ``event`` interactions."""

    source: Value | None = None
    """Name of the source: in most files a fixed value."""
    id: Value
    """What tells one row of the source from another, and stays when the row changes."""
    timestamp: DateValue | None = None
    name: NameParts | None = None
    birth_date: DateParts | DateValue | None = None
    gender: Value | None = None
    address: AddressParts | None = None
    identifiers: tuple[IdentifierValue, ...] = ()
    consent: dict[str, ConsentValue] = Field(default_factory=dict)
    traits: dict[str, Value] = Field(default_factory=dict)
    entity: Entity | None = None
    where: tuple[Condition, ...] = ()
    event: EventParts | None = None
    file: FileParts = Field(default_factory=FileParts)

    @property
    def digest(self) -> str:
        """Of what the mapping does, however its file is written."""
        return hashlib.sha256(orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is read, with the field of the mapping that reads it."""
        yield from _columns(self, "", None)

    def check_columns(self, available: Sequence[str], *, file_name: str) -> None:
        """Compare with the columns that a file has.

        Raises:
            MappingError: the mapping reads one that the file does not have.
        """
        have = set(available)
        for field, column in self.columns():
            if column not in have and column.partition(".")[0] not in have:
                raise MappingError(
                    f"the mapping's {field} reads the column {column!r}, which {file_name} does not have; "
                    f"it has {', '.join(map(repr, available))}"
                )


def load_mapping(name: str) -> FileMapping:
    """The mapping in a TOML file, or one of those that come with Kindred by its name.

    Raises:
        MappingError: there is no such file, or it is not a mapping; the message names the line or the field.
    """
    path = Path(name)
    if not path.is_file() and (shipped := SHIPPED / f"{name}.toml").is_file():
        path = shipped
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.toml")))
        raise MappingError(f"the mapping {name} cannot be read: {error}; Kindred comes with {known}") from error
    return parse_mapping(text, name=path.name)


def parse_mapping(text: str, *, name: str) -> FileMapping:
    """The mapping that TOML text is.

    Raises:
        MappingError: it is not one; the message names the line or the field.
    """
    try:
        return FileMapping.model_validate(tomllib.loads(text))
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, problem['loc'])) or 'the mapping'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise MappingError(f"{name} is not a mapping: {'; '.join(problems)}") from error
    except (ValueError, RecursionError) as error:
        raise MappingError(f"{name} is not TOML: {error}") from error


def _columns(part: BaseModel, path: str, each: str | None) -> Iterator[tuple[str, str]]:
    each = getattr(part, "each", None) or each
    if isinstance(part, Value):
        # Columns of a list's items are not the row's: of those only the list itself can be looked for.
        yield from ((path, each or column) for column in part.named)
        return
    if isinstance(part, ConsentValue | Entity | Condition):
        yield path, part.column
        return
    for field in type(part).model_fields:
        value = getattr(part, field)
        inner = f"{path}.{field}".lstrip(".")
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else [(None, value)]
        for key, item in items:
            if isinstance(item, BaseModel):
                yield from _columns(item, inner if key is None else f"{inner}.{key}", each)
