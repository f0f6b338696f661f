"""How much speaks against an identity's being of one person, or one home: a few facts, each with a strength and in words.

Each fact has a strength: the chance, from 0 to 1, by which it alone would make one doubt. All together are taken as independent:
the suspicion is 1 - (1 - a)(1 - b)... It ranks identities for a person to look at; it is no probability of an error.
"""

from collections.abc import Iterator, Mapping
from math import prod

from graph.model.health import IdentityFacts, RatedIdentity, Suspicion

CLEAR_BITS = 5.0
"""A link of this weight or more does not count against an identity: at 5 bits odds of 32 to 1 are for it."""
MOST_WEAK_STRENGTH = 0.5
"""A link that weighs nothing by itself may well be held by what its fellows state."""
USUAL_SURNAMES = 2
"""One at birth and one by marriage; the third is looked at."""
USUAL_GIVEN_NAMES = 2
"""A name and its short form; the third is looked at."""
NAME_STRENGTH = 0.5
"""Of as many different names as there are records: names are misspelt, birth dates seldom."""
USUAL_INDIVIDUALS = 8
"""More than so many individuals in one household are looked at."""
HELD_STRENGTH = 0.1
MOST_HELD_STRENGTH = 0.3


def rate(facts: IdentityFacts, limits: Mapping[str, int]) -> RatedIdentity:
    """What speaks against an identity, the strongest first.

    Args:
        facts: what a survey found of it.
        limits: namespace to the number of values that one person may have by the policy.
    """
    reasons = sorted(_reasons(facts, limits), key=lambda reason: (-reason.strength, reason.kind, reason.detail))
    return RatedIdentity(
        identity_id=facts.identity_id,
        records=facts.records,
        members=facts.members,
        suspicion=round(1 - prod(1 - reason.strength for reason in reasons), 4),
        reasons=tuple(reasons),
    )


def _reasons(facts: IdentityFacts, limits: Mapping[str, int]) -> Iterator[Suspicion]:
    if facts.apart:
        detail = f"{facts.apart} of {facts.pairs} scored pairs of its records were found to be of two people"
        yield _suspicion("pairs_apart", facts.apart / facts.pairs, detail)
    if facts.weakest is not None and facts.weakest < CLEAR_BITS:
        detail = f"the weakest of its linked pairs has {facts.weakest:+.1f} bits by itself"
        yield _suspicion("weak_link", min(MOST_WEAK_STRENGTH, 1 / (1 + 2**facts.weakest)), detail)
    if facts.birth_dates > 1:
        yield _suspicion("birth_dates", 1 - 1 / facts.birth_dates, f"its records state {facts.birth_dates} birth dates")
    for namespace, values in sorted(facts.namespaces.items()):
        if values > limits.get(namespace, values):
            detail = f"it has {values} values of {namespace}, the policy takes {limits[namespace]} for one person"
            yield _suspicion("too_many_values", 1 - limits[namespace] / values, detail)
    for kind, names, usual, word in (
        ("surnames", facts.surnames, USUAL_SURNAMES, "surnames"),
        ("given_names", facts.given_names, USUAL_GIVEN_NAMES, "given names"),
    ):
        if names > usual:
            detail = f"its {facts.named} records with a name state {names} {word}"
            yield _suspicion(kind, NAME_STRENGTH * (names - 1) / facts.named, detail)
    if facts.individuals > USUAL_INDIVIDUALS:
        detail = f"{facts.individuals} individuals live in it"
        yield _suspicion("crowded", 1 - USUAL_INDIVIDUALS / facts.individuals, detail)
    if facts.held:
        findings = "1 finding that waits" if facts.held == 1 else f"{facts.held} findings that wait"
        detail = f"it is touched by {findings} for review"
        yield _suspicion("held_back", min(MOST_HELD_STRENGTH, HELD_STRENGTH * facts.held), detail)


def _suspicion(kind: str, strength: float, detail: str) -> Suspicion:
    return Suspicion(kind=kind, strength=round(min(strength, 1.0), 4), detail=detail)
