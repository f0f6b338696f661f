"""Policies: what counts as evidence for one purpose, as data.

A policy is a TOML file. It is parsed strictly: an unknown or missing entry is an error that names it, never a silent default.
Its version is a digest of its content, so two installations with equal versions conclude alike.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import translate
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin

from graph.errors import KindredError
from graph.model.claim import namespace_of
from graph.model.identity import Purpose

POLICIES = Path(__file__).parent / "policies"


class PolicyError(KindredError):
    """A policy file cannot be understood."""

    code = "policy_invalid"


class Joins(StrEnum):
    """When an identifier that two records share joins them."""

    ALONE = "alone"
    """Always, unless it is held back."""
    UNLESS_CONTRADICTED = "unless_contradicted"
    """Unless what the records state contradicts that they are one person."""
    NEVER = "never"
    """Not by itself; rules may still use it, and it belongs to whoever states it."""


class Field(StrEnum):
    """What rules and contradictions compare."""

    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    SUFFIX = "suffix"
    BIRTH_DATE = "birth_date"
    GENDER = "gender"
    ADDRESS = "address"
    ENTITY_TYPE = "entity_type"
    ORGANIZATION_NAME = "organization_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceKind:
    """How one namespace of identifiers counts."""

    joins: Joins
    contradicted_by: tuple[Field, ...]
    """For ``unless_contradicted``: differing in any one of these, two records do not belong to one value."""
    weight: float
    max_people: int
    """More people than this behind one value, told apart by what their records state, make it generic."""
    max_neighbours: int
    """More identifiers than this seen with one value make it generic."""
    max_per_identity: int
    """More values than this in one identity contradict each other; 0 means any number."""
    slip_is_same: bool
    """Whether values one slip of the pen apart (an edit, or two digits swapped) count as one there."""
    verified: bool
    """Whether the value was checked by someone; only such identifiers belong to operational identities."""
    member: bool
    """Whether values belong to identities of this purpose at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two records that differ in all these fields are two people, unless evidence of more than ``weight`` joins them."""

    fields: tuple[Field, ...]
    close_differs: bool
    """Whether values that are merely close contradict each other too."""
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Values that say nothing about anybody: patterns of shell style, matched against whole values."""

    any_namespace: tuple[str, ...]
    by_namespace: Mapping[str, tuple[str, ...]]
    made_of: tuple[str, ...] = ()
    """Sets of characters: a value of one of them alone, however long, is blocked in any namespace."""

    def holds(self, key: str) -> bool:
        """Whether the identifier key is blocked."""
        namespace, _, value = key.partition(":")
        patterns = (*self.any_namespace, *self.by_namespace.get(namespace, ()))
        return _any_of(patterns, self.made_of).match(value) is not None


@lru_cache(maxsize=256)
def _any_of(patterns: tuple[str, ...], made_of: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for patterns of shell style and sets of characters: a policy is asked about every identifier there is."""
    alone = (rf"[{re.escape(characters)}]+\Z" for characters in made_of)
    return re.compile("|".join([*map(translate, patterns), *alone]) or r"(?!)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes beyond which a conclusion is not trusted."""

    max_profiles_per_value: int
    """Distinct combinations of name, birth date and address on one value that are still compared with each other."""
    max_members: int
    """Members of one identity; larger communities are split by rising ``leiden_gammas``."""
    leiden_gammas: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What confirms that two records are one person (operational)."""

    min_kinds: int
    """Independent kinds of evidence that a join needs."""
    min_weight: float
    """Bits that it needs against whoever is the most likely alternative: a stranger, somebody of the same home."""
    doubtful_weight: float
    """Bits from which what is not joined is left for review."""
    juniors: float
    """Share of the pairs of one home that have a given name in common."""
    twins: float
    """Share of the pairs of one home that have a birth date in common."""
    namesakes: float
    """Share of the namesakes who have one e-mail address, where it is made of the name."""
    shared: Mapping[str, float]
    """Namespace to the share of the pairs of one home that state one value of it."""
    shared_default: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeEvidence:
    """What joins individuals into a household, and how much (household)."""

    same_surname: float
    """Share of the pairs of one home that have a surname in common."""
    two_surnames: tuple[float, ...]
    """Prior probability that two residents with different surnames are one home, at a dwelling of two surnames, three, more."""
    two_families: float
    """The same where both have kin of their own name there."""
    prior_shares: float
    """Weight of those two priors, as a number of pairs that would share an identifier."""
    crowded_from: int
    """Residents of one dwelling from which its surnames must show that families live there."""
    one_generation_years: float
    """Years between births within which four fifths of a crowd are of one generation, as in a hall or a retirement home."""
    one_generation_bits: float
    shared: Mapping[str, float]
    """Namespace to the prior probability that two people who share a value of it are one home."""
    namesakes: float
    """Prior probability that somebody without a street lives with the only namesakes of its area."""
    prior_pairs: float
    """Weight of those two priors, as a number of pairs."""
    min_place: float
    """Probability from which somebody whose address is not known is placed with others."""
    max_individuals_per_value: int
    """More than this on one shared identifier say nothing of a home."""
    recycled_after_days: int
    """Between two people with different surnames who stated one value, a pause of more means that it changed hands."""
    unseen_bits: float
    """Weight of two residents who were not compared."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One purpose's policy."""

    id: str
    purpose: Purpose
    description: str
    version: str
    default: EvidenceKind
    evidence: Mapping[str, EvidenceKind]
    blocked: Blocked
    limits: Limits
    contradictions: tuple[Contradiction, ...]
    """What separates two records wherever they meet, the strongest first."""
    target_precision: float | None
    """Pairwise precision to be expected of scored matches (individual): where even odds would not reach it they take more."""
    min_match_weight: float | None
    """Scored matches from this weight on join; None: never."""
    confirmation: Confirmation | None
    home: HomeEvidence | None

    def kind(self, namespace: str) -> EvidenceKind:
        """How a namespace counts; unknown ones count as the policy's default."""
        return self.evidence.get(namespace, self.default)

    def kind_of(self, key: str) -> EvidenceKind:
        """How an identifier key's namespace counts."""
        return self.kind(namespace_of(key))

    @cached_property
    def unique_namespaces(self) -> Mapping[str, int]:
        """Namespaces with a limit per identity."""
        return {name: kind.max_per_identity for name, kind in self.evidence.items() if kind.max_per_identity}


def load_policy(purpose: Purpose, *, folder: Path = POLICIES) -> Policy:
    """Read the policy of a purpose.

    Raises:
        PolicyError: the file is missing, is not TOML, or has an entry that is unknown, absent or of the wrong type.
    """
    path = folder / f"{purpose.value}.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PolicyError(f"there is no policy file {path.name}") from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path.name} is not TOML: {error}") from error
    return parse_policy(document, purpose=purpose, where=path.name)


def parse_policy(document: Mapping[str, Any], *, purpose: Purpose, where: str) -> Policy:
    """Build a policy from parsed TOML; ``where`` names the document in errors."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:12]
    top = _Table(dict(document), where)
    if (stated := top.take("purpose", str)) != purpose.value:
        raise PolicyError(f"{where}: purpose is {stated!r}, expected {purpose.value!r}")
    identifier = top.take("id", str)
    defaults = top.take("default", dict)
    evidence = top.take("evidence", dict, {})
    blocked = top.take("blocked", dict, {})
    policy = Policy(
        id=identifier,
        purpose=purpose,
        description=top.take("description", str),
        version=f"{identifier}@{digest}",
        default=_build(EvidenceKind, defaults, f"{where} [default]"),
        evidence={
            name: _build(EvidenceKind, {**defaults, **kind}, f"{where} [evidence.{name}]") for name, kind in evidence.items()
        },
        blocked=_blocked(blocked, f"{where} [blocked]"),
        limits=_build(Limits, top.take("limits", dict), f"{where} [limits]"),
        contradictions=tuple(
            sorted(
                (
                    _build(Contradiction, item, f"{where} [[contradiction]] {i + 1}")
                    for i, item in enumerate(top.take("contradiction", list, []))
                ),
                key=lambda item: (-item.weight, item.fields),
            )
        ),
        target_precision=top.take("target_precision", float, None),
        min_match_weight=top.take("min_match_weight", float, None),
        confirmation=_optional(Confirmation, top.take("confirmation", dict, None), f"{where} [confirmation]"),
        home=_optional(HomeEvidence, top.take("home", dict, None), f"{where} [home]"),
    )
    top.finish()
    return policy


def _blocked(entries: Mapping[str, Any], where: str) -> Blocked:
    for name, values in entries.items():
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise PolicyError(f"{where}: {name!r} is {values!r}, expected a list of texts")
    lists: dict[str, tuple[str, ...]] = {name: tuple(values) for name, values in entries.items()}
    if "" in (made_of := lists.pop("made_of", ())):
        raise PolicyError(f"{where}: 'made_of' has a set without a character")
    return Blocked(any_namespace=lists.pop("any", ()), made_of=made_of, by_namespace=lists)


_REQUIRED: Any = object()


class _Table:
    def __init__(self, values: dict[str, Any], where: str) -> None:
        self._values = values
        self._where = where

    def take(self, name: str, kind: type, default: Any = _REQUIRED) -> Any:
        if name not in self._values:
            if default is _REQUIRED:
                raise PolicyError(f"{self._where}: {name!r} is missing")
            return default
        value = self._values.pop(name)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise PolicyError(f"{self._where}: {name!r} is {value!r}, expected {kind.__name__}")
        return value

    def finish(self) -> None:
        if self._values:
            raise PolicyError(f"{self._where}: unknown entries {sorted(self._values)}")


_FIELD_KINDS: Mapping[Any, type] = {str: str, float: float, int: int, bool: bool}


def _build(kind: type[Any], values: Mapping[str, Any], where: str) -> Any:
    """An instance of a policy dataclass; its annotations say what is expected."""
    table = _Table(dict(values), where)
    arguments: dict[str, Any] = {}
    for field in fields(kind):
        match field.type:
            case t if t in _FIELD_KINDS:
                arguments[field.name] = table.take(field.name, _FIELD_KINDS[t])
            case t if isinstance(t, type) and issubclass(t, StrEnum):
                arguments[field.name] = _member(t, table.take(field.name, str), where, field.name)
            case t if get_origin(t) is tuple:
                items = table.take(field.name, list)
                of = get_args(t)[0]
                arguments[field.name] = tuple(
                    _member(of, item, where, field.name) if issubclass(of, StrEnum) else of(item) for item in items
                )
            case _:
                arguments[field.name] = {str(name): float(value) for name, value in table.take(field.name, dict).items()}
    table.finish()
    return kind(**arguments)


def _member(kind: type[StrEnum], value: str, where: str, name: str) -> StrEnum:
    try:
        return kind(value)
    except ValueError:
        raise PolicyError(f"{where}: {name!r} holds {value!r}, expected one of {[str(item) for item in kind]}") from None


def _optional(kind: type[Any], values: Mapping[str, Any] | None, where: str) -> Any:
    return None if values is None else _build(kind, values, where)
