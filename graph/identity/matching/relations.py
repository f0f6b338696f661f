"""What two people may be to each other, and what their records then have in common beyond chance."""

from collections.abc import Mapping, Set
from enum import StrEnum

from graph.identity.matching.fields import Meaning


class Relation(StrEnum):
    """A relation of two different people. A pair of records that agrees is either of one person or explained by one of these."""

    STRANGERS = "strangers"
    HOME = "home"
    """People of one home, who share a name and a place."""
    JUNIORS = "juniors"
    """People of one home and one name, such as father and son."""
    TWINS = "twins"
    """People of one home and one birth date."""
    NEIGHBOURS = "neighbours"
    """People of one place."""
    NAMESAKES = "namesakes"
    """People of one name, of which their e-mail addresses are made too."""


_PLACE = frozenset((Meaning.STREET, Meaning.CITY, Meaning.REGION, Meaning.POSTAL_CODE))
_HOME = _PLACE | {Meaning.FAMILY_NAME, Meaning.PHONE, Meaning.EMAIL}

SHARED: Mapping[Relation, frozenset[Meaning]] = {
    Relation.STRANGERS: frozenset(),
    Relation.HOME: _HOME,
    Relation.JUNIORS: _HOME | {Meaning.GIVEN_NAME},
    Relation.TWINS: _HOME | {Meaning.BIRTH_DATE},
    Relation.NEIGHBOURS: _PLACE,
    Relation.NAMESAKES: frozenset((Meaning.GIVEN_NAME, Meaning.FAMILY_NAME, Meaning.EMAIL)),
}
"""What people of a relation share more often than strangers do; in everything else they are strangers."""

TIED: Mapping[Relation, frozenset[Meaning]] = {
    Relation.STRANGERS: frozenset(),
    Relation.HOME: frozenset(),
    Relation.JUNIORS: frozenset((Meaning.GIVEN_NAME, Meaning.FAMILY_NAME)),
    Relation.TWINS: frozenset((Meaning.BIRTH_DATE, Meaning.FAMILY_NAME)),
    Relation.NEIGHBOURS: frozenset(),
    Relation.NAMESAKES: frozenset((Meaning.GIVEN_NAME, Meaning.FAMILY_NAME)),
}
"""What people of a relation have the same, so that their records differ in it just as one person's do."""

RATE: Mapping[Relation, float] = {
    Relation.STRANGERS: 1.0,
    Relation.HOME: 1.0,
    Relation.JUNIORS: 0.02,
    Relation.TWINS: 0.02,
    Relation.NEIGHBOURS: 1.0,
    Relation.NAMESAKES: 0.1,
}
"""How many pairs of records of two people are in a relation for each pair of one person's, before any record is seen."""

_NAMES = frozenset((Meaning.GIVEN_NAME, Meaning.FAMILY_NAME))
_NEEDED: Mapping[Relation, frozenset[Meaning]] = {
    Relation.STRANGERS: frozenset(),
    Relation.HOME: frozenset((Meaning.FAMILY_NAME,)),
    Relation.JUNIORS: _NAMES | {Meaning.BIRTH_DATE},
    Relation.TWINS: _NAMES | {Meaning.BIRTH_DATE},
    Relation.NEIGHBOURS: frozenset(),
    Relation.NAMESAKES: _NAMES | {Meaning.EMAIL},
}
_OF_A_PLACE = frozenset((Relation.HOME, Relation.JUNIORS, Relation.TWINS, Relation.NEIGHBOURS))


def relations_of(meanings: Set[Meaning]) -> tuple[Relation, ...]:
    """The relations that fields of these meanings can tell from each other, strangers first."""
    placed = bool(meanings & {Meaning.STREET, Meaning.POSTAL_CODE})
    return tuple(relation for relation in Relation if _NEEDED[relation] <= meanings and (placed or relation not in _OF_A_PLACE))
