"""How Splink is set up for a table of normalised records: as its manual does, and as an expert would for each set.

Only the process in which Splink runs imports this module, see ``bench.splink_process``.

The manual is Splink's tutorial (comparisons of the library's templates, rules of two columns each, a prior from deterministic
rules with a recall of .7, u from random pairs, then expectation maximisation within two blocks). The expert knows the fields:
one comparison for all of a location, since its parts are not independent; names with frequencies, initials and either name in the
other's place; wider candidates; training within blocks that hold one person rather than one home; sources without duplicates are
linked and not deduplicated.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import SettingsCreator, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.comparison_creator import ComparisonCreator

Style = Literal["manual", "expert"]
Columns = frozenset[str]
"""Columns that hold a value at all."""

LINKED_SETS = frozenset({"essnet_census_cis", "febrl4"})
"""Sets of two sources, each of which is known to have no duplicates."""
ID_NAMESPACES = frozenset(
    {"ssn", "national_id", "passport", "drivers_license", "tax_id", "lei", "loyalty_id", "card_token", "user_id"}
)
DETERMINISTIC_RECALL = 0.7
SMALL_ROWS = 5_000
"""Up to so many records whole names and dates are blocks that can be afforded, as in the tutorial on 1,000 records."""
_SMALL_RULES: tuple[tuple[str, ...], ...] = (("given",), ("family",), ("birth_date",), ("postal_code",))
_TUTORIAL_RULES: tuple[tuple[str, ...], ...] = (
    # Those of the tutorial "Deduplicate 50k rows of historical persons", with this table's column names.
    ("substr(given, 1, 3)", "substr(family, 1, 4)"),
    ("family", "birth_date"),
    ("given", "birth_date"),
    ("postal_code", "given"),
    ("postal_code", "family"),
    ("birth_date", "city"),
    ("substr(postal_code, 1, 3)", "birth_date"),
    ("substr(postal_code, 1, 3)", "given"),
    ("substr(postal_code, 1, 3)", "family"),
    ("substr(given, 1, 2)", "substr(family, 1, 2)", "substr(birth_date, 1, 4)"),
)
_COLUMN = r"[a-z][a-z_]*(?![a-z_(])(?=[, )]|$)"
"""A column's name in a rule, and no function's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What Splink is told to do."""

    settings: SettingsCreator
    link_only: bool
    deterministic: Sequence[BlockingRuleCreator | str]
    """Rules that find matches and hardly anything else, for the prior."""
    deterministic_recall: float
    training: Sequence[BlockingRuleCreator]
    """One session of expectation maximisation within each."""
    u_pairs: float = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """Column sets of blocking rules."""

    predict: list[tuple[str, ...]] = field(default_factory=list)
    deterministic: list[tuple[str, ...]] = field(default_factory=list)
    training: list[tuple[str, ...]] = field(default_factory=list)


def plan(style: Style, *, dataset: str, columns: Columns, rows: int) -> Plan:
    """The plan for a set whose table of so many rows has values in these columns."""
    link_only = style == "expert" and dataset in LINKED_SETS
    comparisons = _manual_comparisons(columns) if style == "manual" else _expert_comparisons(columns)
    rules = (_manual_rules if style == "manual" else _expert_rules)(columns, small=rows <= SMALL_ROWS)
    return Plan(
        settings=SettingsCreator(
            link_type="link_only" if link_only else "dedupe_only",
            unique_id_column_name="record_id",
            comparisons=list(comparisons),
            blocking_rules_to_generate_predictions=[block_on(*each) for each in rules.predict],
            retain_intermediate_calculation_columns=False,
            retain_matching_columns=False,
        ),
        link_only=link_only,
        deterministic=[block_on(*each) for each in rules.deterministic],
        deterministic_recall=DETERMINISTIC_RECALL,
        training=[block_on(*each) for each in rules.training],
        u_pairs=1e6 if style == "manual" else 1e7,
    )


def _ids(columns: Columns) -> list[str]:
    return sorted(columns & ID_NAMESPACES)


def _manual_comparisons(columns: Columns) -> list[ComparisonCreator]:
    found: list[ComparisonCreator] = []
    if {"given", "family"} <= columns:
        found += [cl.NameComparison("given"), cl.NameComparison("family")]
    else:
        found.append(cl.NameComparison("full"))
    if "birth_date" in columns:
        found.append(cl.DateOfBirthComparison("birth_date", input_is_string=True))
    if "email" in columns:
        found.append(cl.EmailComparison("email"))
    if "phone" in columns:
        found.append(cl.LevenshteinAtThresholds("phone", [1, 2]))
    if "street" in columns:
        found.append(cl.LevenshteinAtThresholds("street", [1, 2]).configure(term_frequency_adjustments=True))
    if "postal_code" in columns:
        found.append(cl.LevenshteinAtThresholds("postal_code", [1, 2]))
    if "city" in columns:
        found.append(cl.ExactMatch("city").configure(term_frequency_adjustments=True))
    if "gender" in columns:
        found.append(cl.ExactMatch("gender"))
    return found + [cl.DamerauLevenshteinAtThresholds(column, [1, 2]) for column in _ids(columns)]


def _manual_rules(columns: Columns, *, small: bool) -> _Rules:
    predict: list[tuple[str, ...]] = list(_SMALL_RULES) if small else list(_TUTORIAL_RULES)
    if not {"given", "family"} <= columns:
        predict.append(("full",))
    predict += [("email",), ("phone",), *((column,) for column in _ids(columns))]
    deterministic: list[tuple[str, ...]] = [("given", "birth_date"), ("email",), *((column,) for column in _ids(columns))]
    return _Rules(
        predict=_having(predict, columns),
        deterministic=_having(deterministic, columns) or [("full",)],
        training=_having([("given", "family"), ("birth_date",)], columns) or [("full",)],
    )


def _expert_comparisons(columns: Columns) -> list[ComparisonCreator]:
    found: list[ComparisonCreator] = []
    if {"given", "family"} <= columns:
        found += [_given(), _family()]
    else:
        found.append(cl.NameComparison("full"))
    if "middle" in columns:
        found.append(_middle())
    if "suffix" in columns:
        found.append(cl.ExactMatch("suffix"))
    if "birth_date" in columns:
        found.append(_birth_date())
    if "email" in columns:
        found.append(_email())
    if "phone" in columns:
        found.append(cl.LevenshteinAtThresholds("phone", [1, 2]).configure(term_frequency_adjustments=True))
    if location := _location(columns):
        found.append(location)
    if "gender" in columns:
        found.append(cl.ExactMatch("gender"))
    return found + [cl.DamerauLevenshteinAtThresholds(column, [1, 2]) for column in _ids(columns)]


def _given() -> ComparisonCreator:
    return cl.CustomComparison(
        output_column_name="given",
        comparison_levels=[
            cll.NullLevel("given"),
            cll.ExactMatchLevel("given", term_frequency_adjustments=True),
            cll.CustomLevel("given_l = family_r and family_l = given_r", label_for_charts="names exchanged"),
            cll.JaroWinklerLevel("given", 0.92).configure(tf_adjustment_column="given", tf_adjustment_weight=0.5),
            cll.CustomLevel(
                "substr(given_l, 1, 1) = substr(given_r, 1, 1) and least(length(given_l), length(given_r)) = 1",
                label_for_charts="initial",
            ),
            cll.JaroWinklerLevel("given", 0.8),
            cll.CustomLevel("substr(given_l, 1, 1) = substr(given_r, 1, 1)", label_for_charts="same first letter"),
            cll.ElseLevel(),
        ],
    )


def _family() -> ComparisonCreator:
    return cl.CustomComparison(
        output_column_name="family",
        comparison_levels=[
            cll.NullLevel("family"),
            cll.ExactMatchLevel("family", term_frequency_adjustments=True),
            cll.JaroWinklerLevel("family", 0.92).configure(tf_adjustment_column="family", tf_adjustment_weight=0.5),
            cll.JaroWinklerLevel("family", 0.85),
            cll.ElseLevel(),
        ],
    )


def _middle() -> ComparisonCreator:
    return cl.CustomComparison(
        output_column_name="middle",
        comparison_levels=[
            cll.NullLevel("middle"),
            cll.ExactMatchLevel("middle"),
            cll.CustomLevel("substr(middle_l, 1, 1) = substr(middle_r, 1, 1)", label_for_charts="same initial"),
            cll.ElseLevel(),
        ],
    )


def _birth_date() -> ComparisonCreator:
    return cl.CustomComparison(
        output_column_name="birth_date",
        comparison_levels=[
            cll.NullLevel("birth_date"),
            cll.ExactMatchLevel("birth_date"),
            cll.CustomLevel(
                "left(birth_date_l, 4) = left(birth_date_r, 4) and substr(birth_date_l, 6, 2) = right(birth_date_r, 2)"
                " and substr(birth_date_r, 6, 2) = right(birth_date_l, 2)",
                label_for_charts="day and month exchanged",
            ),
            cll.DamerauLevenshteinLevel("birth_date", 1),
            cll.CustomLevel("substr(birth_date_l, 6) = substr(birth_date_r, 6)", label_for_charts="same day and month"),
            cll.CustomLevel("left(birth_date_l, 4) = left(birth_date_r, 4)", label_for_charts="same year"),
            cll.ElseLevel(),
        ],
    )


def _email() -> ComparisonCreator:
    return cl.CustomComparison(
        output_column_name="email",
        comparison_levels=[
            cll.NullLevel("email"),
            cll.ExactMatchLevel("email", term_frequency_adjustments=True),
            cll.CustomLevel("split_part(email_l, '@', 1) = split_part(email_r, '@', 1)", label_for_charts="same local part"),
            cll.JaroWinklerLevel("email", 0.92),
            cll.ElseLevel(),
        ],
    )


def _location(columns: Columns) -> ComparisonCreator | None:
    """One comparison of the whole location, from the most telling part that agrees; its parts depend on one another."""
    parts = [part for part in ("street", "postal_code", "city") if part in columns]
    if not parts:
        return None
    levels = [
        # Null where no part is stated by both.
        cll.CustomLevel(
            " and ".join(f"({part}_l is null or {part}_r is null)" for part in parts), label_for_charts="unknown"
        ).configure(is_null_level=True)
    ]
    area = "postal_code" if "postal_code" in columns else "city" if "city" in columns else None
    if "street" in columns:
        same = "street_l = street_r" + (f" and {area}_l = {area}_r" if area else "")
        near = "levenshtein(street_l, street_r) <= 2" + (f" and {area}_l = {area}_r" if area else "")
        levels += [
            cll.CustomLevel(same, label_for_charts="same street and area"),
            cll.CustomLevel(near, label_for_charts="near street, same area"),
        ]
        if area:
            levels.append(cll.CustomLevel("street_l = street_r", label_for_charts="same street"))
    levels += [cll.ExactMatchLevel(part, term_frequency_adjustments=True) for part in ("postal_code", "city") if part in columns]
    return cl.CustomComparison(output_column_name="location", comparison_levels=[*levels, cll.ElseLevel()])


def _expert_rules(columns: Columns, *, small: bool) -> _Rules:
    predict: list[tuple[str, ...]] = [
        *(("email",), ("phone",), *((column,) for column in _ids(columns))),
        *(("given", "family", "birth_date"), ("given", "birth_date"), ("family", "birth_date")),
        *(("given", "street"), ("family", "street"), ("birth_date", "city"), ("birth_date", "postal_code")),
        *(("given", "family", "city"), ("given", "postal_code"), ("family", "postal_code")),
        ("substr(given, 1, 2)", "substr(family, 1, 2)", "substr(birth_date, 1, 4)"),
        ("substr(given, 1, 3)", "substr(family, 1, 4)", "region"),
    ]
    if small:
        predict += [*_SMALL_RULES, ("street",), ("split_part(email, '@', 1)",)]
    if not {"given", "family"} <= columns:
        predict.append(("full",))
    deterministic = [
        *(("given", "birth_date"), ("given", "email"), ("given", "phone"), ("given", "street")),
        *((column,) for column in _ids(columns)),
    ]
    return _Rules(
        predict=_having(predict, columns),
        deterministic=_having(deterministic, columns) or [("full",)],
        # Blocks of one person, never of one address: those teach what members of a home have in common.
        training=_having([("given", "family"), ("birth_date",), ("email",)], columns) or [("full",)],
    )


def _having(rules: Sequence[tuple[str, ...]], columns: Columns) -> list[tuple[str, ...]]:
    return [rule for rule in dict.fromkeys(rules) if columns.issuperset(re.findall(_COLUMN, " ".join(rule)))]
