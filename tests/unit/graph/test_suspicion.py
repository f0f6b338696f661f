"""What speaks against an identity, each strength worked out by hand."""

from typing import Any

import pytest

from graph.identity.suspicion import rate
from graph.model.health import IdentityFacts
from graph.model.ids import IdentityId

LIMITS = {"ssn": 1, "loyalty_id": 4}


def facts(**changes: Any) -> IdentityFacts:
    usual: dict[str, Any] = {
        "identity_id": IdentityId("ind_1"),
        "members": 9,
        "records": 5,
        "individuals": 0,
        "namespaces": {},
        "pairs": 0,
        "apart": 0,
        "weakest": None,
        "surnames": 2,
        "given_names": 2,
        "birth_dates": 1,
        "named": 5,
        "held": 0,
    }
    return IdentityFacts(**{**usual, **changes})


def test_the_usual_is_not_suspicious() -> None:
    # Two surnames, a short form of a name, one birth date, links of 5 bits or more, values within the policy's limits.
    rated = rate(facts(pairs=10, weakest=5.0, namespaces={"ssn": 1, "loyalty_id": 4}), LIMITS)
    assert (rated.suspicion, rated.reasons) == (0.0, ())


@pytest.mark.parametrize(
    ("changes", "kind", "strength", "detail"),
    [
        ({"pairs": 10, "apart": 4}, "pairs_apart", 0.4, "4 of 10 scored pairs of its records were found to be of two people"),
        # 1 / (1 + 2^1); below 0 bits it stays at a half.
        ({"weakest": 1.0}, "weak_link", 0.3333, "the weakest of its linked pairs has +1.0 bits by itself"),
        ({"weakest": -7.0}, "weak_link", 0.5, "the weakest of its linked pairs has -7.0 bits by itself"),
        ({"birth_dates": 3}, "birth_dates", 0.6667, "its records state 3 birth dates"),
        ({"namespaces": {"ssn": 2}}, "too_many_values", 0.5, "it has 2 values of ssn, the policy takes 1 for one person"),
        # (3 - 1) / 5 records, halved.
        ({"surnames": 3}, "surnames", 0.2, "its 5 records with a name state 3 surnames"),
        ({"given_names": 5}, "given_names", 0.4, "its 5 records with a name state 5 given names"),
        ({"individuals": 16}, "crowded", 0.5, "16 individuals live in it"),
        ({"held": 1}, "held_back", 0.1, "it is touched by 1 finding that waits for review"),
        ({"held": 9}, "held_back", 0.3, "it is touched by 9 findings that wait for review"),
    ],
)
def test_each_reason_has_its_strength(changes: dict[str, Any], kind: str, strength: float, detail: str) -> None:
    rated = rate(facts(**changes), LIMITS)
    [reason] = rated.reasons
    assert (reason.kind, reason.strength, reason.detail) == (kind, strength, detail)
    assert rated.suspicion == strength


def test_reasons_add_up_as_if_independent_and_the_strongest_comes_first() -> None:
    rated = rate(facts(pairs=4, apart=1, birth_dates=2, held=2), LIMITS)
    assert [(reason.kind, reason.strength) for reason in rated.reasons] == [
        ("birth_dates", 0.5),
        ("pairs_apart", 0.25),
        ("held_back", 0.2),
    ]
    # 1 - 0.5 x 0.75 x 0.8
    assert rated.suspicion == pytest.approx(0.7)
