"""What is known of two individuals that may be one person: how their records agree, and who else could be meant.

Records are weighed as profiles, as in linkage: in each field the evidence is the mean over the pairs of their records that both
state it. What a pair by itself cannot tell is told by the graph: how many others each of the two could be, and by how much the
likeliest of them leads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.data.interactions import Floats
from gnn.links.candidates import Candidates, Index, place_of
from graph.identity.matching.linkage import against_all
from graph.identity.matching.matching import Matching, evidence_of
from graph.identity.matching.relations import Relation

RECORDS: Final = 8
"""Records of an individual that are compared with those of another, the first ones."""
BLOCK: Final = 200_000
"""Pairs of records that are weighed at once."""
WIDTH: Final = 64
"""Of the vectors that records are given by what they state."""
COMMON: Final = 200
"""A value that more records state places nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """Factors of pairs.

    Attributes:
        names: of the factors.
        values: shape ``(pairs, factors)``.
    """

    names: tuple[str, ...]
    values: Floats


def weigh(matching: Matching, individual: Index, found: Candidates) -> Factors:
    """The factors of candidate pairs.

    Args:
        matching: the records, how they are compared, and the model.
        individual: number of each record's individual, shape ``(records,)``.
        found: the pairs.
    """
    names = _pair_names(matching)
    values = np.zeros((len(found), len(names)), dtype=np.float32)
    members, starts = _members(individual, found.individuals)
    for rows in _blocks(found, np.diff(starts)):
        values[rows] = _of_pairs(matching, found, rows, members, starts)
    sizes = np.diff(starts).astype(np.float32)
    profile = values[:, 0].astype(np.float64)
    others = np.bincount(np.concatenate([found.left, found.right]), minlength=found.individuals)
    vectors = embed(matching, individual, found.individuals)
    of_both = {
        "place": np.stack(
            [
                place_of(found.left, found.right, profile, found.individuals),
                place_of(found.right, found.left, profile, found.individuals),
            ]
        ),
        "lead": _leads(found, profile),
        "others": np.log1p(np.stack([others[found.left], others[found.right]])),
        "records": np.log(np.stack([sizes[found.left], sizes[found.right]])),
    }
    columns = {"best": found.odds, "near": np.einsum("ij,ij->i", vectors[found.left], vectors[found.right])}
    for name, both in of_both.items():
        columns |= {f"{name}, least": both.min(axis=0), f"{name}, most": both.max(axis=0)}
    table = np.column_stack([np.asarray(column, dtype=np.float32) for column in columns.values()])
    return Factors(names=(*names, *columns), values=np.concatenate([values, table], axis=1))


def _pair_names(matching: Matching) -> tuple[str, ...]:
    fields, relations = matching.model.fields, matching.model.relations
    return (
        "profile",
        "mean of records",
        *(f"against {relation}" for relation in relations),
        *(f"{field}: stated" for field in fields),
        *(f"{field}: against {relation}" for relation in _told(relations) for field in fields),
        *(f"{field}: best" for field in fields),
        *(f"{field}: worst" for field in fields),
    )


def _told(relations: tuple[Relation, ...]) -> tuple[Relation, ...]:
    """Relations whose weights are factors field by field."""
    return tuple(relation for relation in relations if relation in (Relation.STRANGERS, Relation.HOME))


def _of_pairs(matching: Matching, found: Candidates, rows: slice, members: Index, starts: Index) -> Floats:
    left, right = found.left[rows], found.right[rows]
    pair, one, other = _crossed(left, right, members, starts)
    low, high = np.minimum(one, other), np.maximum(one, other)
    evidence = evidence_of(matching.model, matching.comparer, low, high, matching.comparer.compare_all(low, high))
    count = len(left)
    grouping = sp.csr_matrix((np.ones(len(pair), dtype=np.float32), (pair, np.arange(len(pair)))), shape=(count, len(pair)))
    stated = grouping @ evidence.stated.astype(np.float32)
    relations = matching.model.relations
    flat = evidence.weights.reshape(len(pair), -1)
    sums = (grouping @ flat).reshape(count, len(matching.model.fields), len(relations))
    profile = sums / np.maximum(stated, 1.0)[:, :, None]
    prior = (grouping @ evidence.prior) / np.maximum(np.bincount(pair, minlength=count), 1)[:, None]
    against = prior + profile.sum(axis=1)
    starts_of_pairs = np.searchsorted(pair, np.arange(count))
    strangers = evidence.weights[:, :, 0]
    known = np.where(evidence.stated, strangers, np.float32(np.nan))
    best = np.fmax.reduceat(known, starts_of_pairs, axis=0)
    worst = np.fmin.reduceat(known, starts_of_pairs, axis=0)
    told = [relations.index(relation) for relation in _told(relations)]
    columns = [
        against_all(against.astype(np.float64))[:, None],
        (grouping @ evidence.log_odds.astype(np.float32))[:, None] / np.maximum(np.bincount(pair, minlength=count), 1)[:, None],
        against,
        np.minimum(stated, 1.0),
        *(profile[:, :, relation] for relation in told),
        np.nan_to_num(best),
        np.nan_to_num(worst),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _members(individual: Index, count: int) -> tuple[Index, Index]:
    """Records by individual, and where each individual's begin, shape ``(individuals + 1,)``."""
    order = np.argsort(individual, kind="stable").astype(np.int64)
    return order, np.searchsorted(individual[order], np.arange(count + 1)).astype(np.int64)


def _blocks(found: Candidates, sizes: Index) -> Iterator[slice]:
    """Runs of pairs with at most ``BLOCK`` pairs of records, at least one pair of individuals each."""
    crossed = np.minimum(sizes[found.left], RECORDS) * np.minimum(sizes[found.right], RECORDS)
    block = np.cumsum(crossed) // BLOCK
    bounds = np.flatnonzero(np.r_[True, block[1:] != block[:-1], True]) if len(block) else np.zeros(1, dtype=np.int64)
    yield from (slice(start, end) for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


def _crossed(left: Index, right: Index, members: Index, starts: Index) -> tuple[Index, Index, Index]:
    """Every record of one individual with every one of the other: number of the pair, and the two records."""
    lefts = np.minimum(starts[left + 1] - starts[left], RECORDS)
    rights = np.minimum(starts[right + 1] - starts[right], RECORDS)
    crossed = lefts * rights
    pair = np.repeat(np.arange(len(left)), crossed)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(crossed) - crossed, crossed)
    one = members[starts[left][pair] + within // rights[pair]]
    other = members[starts[right][pair] + within % rights[pair]]
    return pair, one, other


def _leads(found: Candidates, odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each pair's odds exceed the best other pair of its left, and of its right, at most 20; shape ``(2, pairs)``."""
    ends = np.concatenate([found.left, found.right])
    scores = np.concatenate([odds, odds])
    order = np.lexsort((-scores, ends))
    starts = np.searchsorted(ends[order], np.arange(found.individuals))
    counts = np.bincount(ends, minlength=found.individuals)
    top = np.full(found.individuals, -np.inf)
    second = np.full(found.individuals, -np.inf)
    some, several = counts > 0, counts > 1
    top[some] = scores[order][starts[some]]
    second[several] = scores[order][starts[several] + 1]
    rival = np.where(scores >= top[ends], second[ends], top[ends])
    return np.clip(scores - rival, -20.0, 20.0).reshape(2, -1)


def embed(matching: Matching, individual: Index, count: int) -> Floats:
    """A unit vector of each individual, near those with whom it shares values, or neighbours, shape ``(individuals, width)``.

    Sparse random projections of the graph of individuals and values, two steps deep, rare values counting for more: H. Chen et
    al., "Fast and Accurate Network Embeddings via Very Sparse Random Projection", CIKM 2019.
    """
    rows, columns, width = [], [], 0
    for column in matching.records.columns.values():
        stated = np.flatnonzero(column.codes >= 0)
        numbers = column.counts
        told = (numbers[column.codes[stated]] > 1) & (numbers[column.codes[stated]] <= COMMON)
        rows.append(individual[stated[told]])
        columns.append(column.codes[stated[told]].astype(np.int64) + width)
        width += len(column.values)
    row, at = np.concatenate(rows), np.concatenate(columns)
    graph = sp.csr_matrix((np.ones(len(row), dtype=np.float32), (row, at)), shape=(count, max(width, 1)))
    graph.data[:] = 1.0
    weight = np.bincount(at, minlength=graph.shape[1])
    rare = sp.diags((1.0 / np.maximum(weight, 1)).astype(np.float32))
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    mean = sp.diags((1.0 / np.maximum(degrees, 1)).astype(np.float32)) @ graph
    drawn = np.random.default_rng(0).standard_normal((count, WIDTH)).astype(np.float32)
    once = mean @ (rare @ (graph.T @ drawn))
    twice = mean @ (rare @ (graph.T @ once))
    vectors = _unit(once) + _unit(twice)
    return _unit(vectors)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
