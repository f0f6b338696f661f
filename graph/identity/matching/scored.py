"""What matching found, pair by pair, with what each weight is made of: the evidence that is kept."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.comparer import Compared, chunks
from graph.identity.matching.fields import IDENTIFYING, LEVELS
from graph.identity.matching.linkage import PairEvidence
from graph.identity.matching.matching import CONNECTING, Linked, evidence_of
from graph.identity.matching.model import MatchModel
from graph.identity.matching.records import Records
from graph.identity.matching.relations import Relation
from graph.model.ids import RecordId
from graph.model.scored_match import PRIOR, SEPARATOR, ScoredMatch, weighed

Index = NDArray[np.int64]
NAT_BITS = 1 / log(2)
"""Bits of one natural unit of information."""
CHUNK = 20_000
LARGEST_SHARE = 40
"""Records that state one identifier up to which each pair of them is kept, whatever its score."""
MATCHER_VERSION = "profile-linkage-3"
"""Names the method; it changes whenever equal records would be scored otherwise."""


def digest(records: Records, labels: Mapping[tuple[str, str], bool], target_precision: float | None) -> str:
    """Digest of everything that scores and links follow from: what records state, stewards' labels, the target, the method."""
    found = hashlib.sha256(repr((MATCHER_VERSION, sorted(labels.items()), target_precision)).encode())
    for text in ("\n".join(records.ids), "\n".join(records.sources)):
        found.update(text.encode())
    found.update(records.source.tobytes())
    for name, column in records.columns.items():
        found.update(f"\0{name}\0{column.meaning}\0".encode())
        found.update("\n".join(column.values).encode())
        found.update(column.codes.tobytes())
        found.update(column.more.tobytes())
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """Pairs whose scores are kept, by component, so that neighbouring pairs come one after the other."""

    left: Index
    right: Index
    linked: NDArray[np.bool_]
    weights: NDArray[np.float64]
    """(pairs,): log odds of each pair by itself, in bits."""
    places: Index
    """(pairs,): where a pair is among those that matching compared; -1 where it is not."""

    def parts(self) -> Iterator["Kept"]:
        """The pairs in parts of at most ``CHUNK``."""
        for part in chunks(len(self.left), CHUNK):
            yield Kept(self.left[part], self.right[part], self.linked[part], self.weights[part], self.places[part])

    def rows(self, ids: Sequence[str]) -> Iterator[tuple[RecordId, RecordId, float, bool]]:
        """Each pair's records, weight, and whether it is linked."""
        columns = (self.left.tolist(), self.right.tolist(), self.weights.tolist(), self.linked.tolist())
        for left, right, weight, linked in zip(*columns, strict=True):
            yield RecordId(ids[left]), RecordId(ids[right]), weight, linked


def kept_pairs(matching: Linked) -> Kept:
    """The pairs that are linked or connect, and those that share an identifier: of these one must know if they do not match."""
    count = len(matching.records)
    linked = matching.linked
    kept = linked | (matching.log_odds > CONNECTING)
    keys = [matching.left[kept] * count + matching.right[kept], *_sharing(matching.records)]
    key = np.unique(np.concatenate(keys))
    left, right = key // max(count, 1), key % max(count, 1)
    clusters = matching.linkage.clusters
    order = np.lexsort((right, left, np.minimum(clusters[left], clusters[right])))
    left, right = left[order], right[order]
    places = _places(matching, left, right)
    return Kept(left, right, clusters[left] == clusters[right], _weights(matching, left, right, places), places)


def _places(matching: Linked, left: Index, right: Index) -> Index:
    """Where pairs are among those that matching compared, -1 where they are not."""
    count = len(matching.records)
    known, asked = matching.left * count + matching.right, left * count + right
    places = np.searchsorted(known, asked)
    return np.where(np.append(known, -1)[places] == asked, places, -1)


def _weights(matching: Linked, left: Index, right: Index, places: Index) -> NDArray[np.float64]:
    """Log odds of pairs in bits, from what matching found; those that it did not compare are compared now."""
    odds = np.append(matching.log_odds, 0.0)[places]
    new = np.flatnonzero(places < 0)
    a, b = left[new], right[new]
    odds[new] = evidence_of(matching.model, matching.comparer, a, b, matching.comparer.compare_all(a, b)).log_odds
    weights: NDArray[np.float64] = (odds * NAT_BITS).round(3)
    return weights


def _sharing(records: Records) -> Iterator[Index]:
    """Pairs of records, as left * count + right, that state the same identifier."""
    count = len(records)
    for column in records.columns.values():
        if column.meaning not in IDENTIFYING:
            continue
        stating = np.flatnonzero(column.codes >= 0)
        record = np.r_[stating, column.more[:, 0]].astype(np.int64)
        code = np.r_[column.codes[stating], column.more[:, 1]]
        order = np.lexsort((record, code))
        record, code = record[order], code[order]
        size = np.bincount(code, minlength=1)[code] if len(code) else np.empty(0, dtype=np.int64)
        few = (size > 1) & (size <= LARGEST_SHARE)
        record, code = record[few], code[few]
        for distance in range(1, LARGEST_SHARE):
            same = code[distance:] == code[:-distance]
            if not same.any():
                break
            a, b = record[:-distance][same], record[distance:][same]
            different = a != b
            yield a[different] * count + b[different]


def scored_matches(matching: Linked, kept: Kept) -> Iterator[ScoredMatch]:
    """The kept pairs as evidence."""
    ids = matching.records.ids
    source = matching.records.source.astype(np.int64)
    for part in kept.parts():
        compared = _compared(matching, part)
        evidence = evidence_of(matching.model, matching.comparer, part.left, part.right, compared)
        texts = _texts(matching.model, compared, evidence, source[part.left] * len(matching.records.sources) + source[part.right])
        yield from (ScoredMatch(*row, text) for row, text in zip(part.rows(ids), texts, strict=True))


def explained(matching: Linked, left: Index, right: Index) -> list[ScoredMatch]:
    """Any pairs of record numbers, left < right, as evidence would be kept of them."""
    nowhere = np.full(len(left), -1, dtype=np.int64)
    linked = matching.linkage.clusters[left] == matching.linkage.clusters[right]
    return list(scored_matches(matching, Kept(left, right, linked, _weights(matching, left, right, nowhere), nowhere)))


def _compared(matching: Linked, kept: Kept) -> Compared:
    """How pairs agree, from what matching compared; those that it did not compare are compared now."""
    new = np.flatnonzero(kept.places < 0)
    anew = matching.comparer.compare(kept.left[new], kept.right[new])
    if not len(matching.left):
        return anew
    compared = matching.compared.take(np.maximum(kept.places, 0))
    compared.put(new, anew)
    return compared


def _texts(model: MatchModel, compared: Compared, evidence: PairEvidence, sources: Index) -> list[str]:
    """For each pair what its weight is made of, see ``Comparisons``; ``sources`` has a number for each pair of sources.

    What a field adds is the same wherever its level and the rarity of what agrees are, so each part of the texts is made once.
    """
    stranger = model.relations.index(Relation.STRANGERS)
    home = model.relations.index(Relation.HOME) if Relation.HOME in model.relations else None

    def part(what: str, weights: NDArray[np.float32]) -> str:
        bits = weights.astype(np.float64) * NAT_BITS
        return weighed(what, float(bits[stranger]), None if home is None else float(bits[home]))

    _, first, place = np.unique(sources, return_index=True, return_inverse=True)
    texts = np.array([part(PRIOR, evidence.prior[row]) for row in first.tolist()], dtype=object)[place]
    for field, (name, meaning) in enumerate(zip(model.fields, model.meanings, strict=True)):
        levels = compared.levels[:, field]
        rows = np.flatnonzero(evidence.stated[:, field])
        bits = np.ascontiguousarray(compared.rarity[rows, field]).view(np.int32).astype(np.int64)
        _, first, place = np.unique(
            levels[rows].astype(np.int64) << 33 | bits + (1 << 31), return_index=True, return_inverse=True
        )
        parts = [
            SEPARATOR + part(f"{name} {LEVELS[meaning].names[levels[row]]}", evidence.weights[row, field])
            for row in rows[first].tolist()
        ]
        texts[rows] += np.array(parts, dtype=object)[place] if parts else ""
    found: list[str] = texts.tolist()
    return found


def parameters_json(model: MatchModel) -> str:
    """The model's probabilities, as JSON."""

    def distribution(field: int, logs: NDArray[np.float64]) -> dict[str, float]:
        names = LEVELS[model.meanings[field]].names
        return {name: round(float(np.exp(log)), 8) for name, log in zip(names, logs, strict=False)}

    return json.dumps(
        {
            "version": MATCHER_VERSION,
            "sources": model.sources,
            "probability_of_match": np.exp(model.prior_match).round(12).tolist(),
            "probability_of_relation": {
                r.value: float(np.exp(p)) for r, p in zip(model.relations, model.prior_relation, strict=True)
            },
            "log_alone": model.alone.round(6).tolist(),
            "fields": {
                name: {
                    "meaning": model.meanings[number].value,
                    "match": distribution(number, model.match[number]),
                    **{
                        relation.value: distribution(number, model.others[place, number])
                        for place, relation in enumerate(model.relations)
                    },
                }
                for number, name in enumerate(model.fields)
            },
        }
    )
