"""Which spellings are of one building.

One building has one area and one house number; the names of its street are at most a slip of the pen apart.
"""

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import cpdist

from graph.identity.homes.arrays import Index, connected
from graph.model.home import Spelling

LONG_NAME = 10
MAX_BLOCK = 200
"""Spellings of one number in one area that are still compared with each other."""
SLIP_EDITS = 2
"""Edits between two spellings of one person's address, number and area included."""


def same_building(spellings: Sequence[Spelling], uncompared: frozenset[str] | None = None) -> tuple[Index, frozenset[str]]:
    """Number of the building of each of some distinct spellings, in the order of their first ones.

    Args:
        spellings: spellings, each once.
        uncompared: blocks with too many spellings to be compared; None to count them.

    Returns:
        The numbers, and the blocks that were not compared.
    """
    blocks: dict[str, list[int]] = {}
    for number, spelling in enumerate(spellings):
        if spelling.number:
            blocks.setdefault(spelling.block, []).append(number)
    crowded = uncompared
    if crowded is None:
        crowded = frozenset(name for name, block in blocks.items() if len(block) > MAX_BLOCK)
    left: list[int] = []
    right: list[int] = []
    for name, block in blocks.items():
        if name not in crowded:
            for position, one in enumerate(block):
                for other in block[position + 1 :]:
                    left.append(one)
                    right.append(other)
    ones, others = [spellings[number].name for number in left], [spellings[number].name for number in right]
    edits = edits_between(ones, others, LONG_NAME // 3)
    shortest = np.array([min(len(one), len(other)) for one, other in zip(ones, others, strict=True)], dtype=np.int64)
    same = (edits <= 1) & (shortest >= LONG_NAME // 2) | (edits <= SLIP_EDITS) & (shortest >= LONG_NAME)
    pairs = np.array(left, dtype=np.int64)[same], np.array(right, dtype=np.int64)[same]
    return connected(*pairs, len(spellings)), crowded


def edits_between(left: Sequence[str], right: Sequence[str], cutoff: int) -> Index:
    """Damerau-Levenshtein distance of pairs; beyond the cutoff, one more than it."""
    if not left:
        return np.zeros(0, dtype=np.int64)
    found = cpdist(left, right, scorer=DamerauLevenshtein.distance, score_cutoff=cutoff, dtype=np.int32)
    return np.asarray(found, dtype=np.int64)
