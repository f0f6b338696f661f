"""Links that were lost with a tenth of the evidence: how many Kindred predicts at a precision, and how many Splink's scores tell.

Of the records of a set a tenth of what they state is taken away, each piece by itself. *Removed links* are pairs of records of
one person that are linked with all the evidence and are not with what is left. Each system ranks pairs of the individuals that
stand with what is left: Kindred by its predictor, which learns without labels; Kindred's own odds, of the profiles of the two;
Splink (expert settings, on the same records) by the greatest match weight of a record of the one and a record of the other.
Precision is of the pairs of individuals, by the person of most of their records. As a second view, Splink's scores of all pairs
of records, thresholded at a precision over all of them, beside Kindred's individuals with its predictions.
"""

import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from rich.console import Console

from bench.datasets import DataSet, built_in, chosen, custom, read_truth, shared_folder
from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.identity_clustering import claim_of
from bench.peers import require_splink, run_request, splink_request
from bench.records import DERIVED, RECORD_ID, SOURCE, all_versions, to_table
from gnn.errors import InteractionsError
from gnn.links.hiding import hide
from gnn.links.settings import LinkSettings
from gnn.links.standing import Standing, most_of, standing
from gnn.links.training import train_links
from graph.identity.matching.matching import pairs_within
from graph.model.claim import Claim

BENCH: Final = "predicted_links"
OURS: Final = "kindred"
ODDS: Final = "kindred's odds alone"
SPLINK: Final = "splink"
SHARE: Final = 0.1
SEED: Final = 11
PRECISIONS: Final = (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
BINS: Final = 10
RECOVERED: Final = "removed links recovered"

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Pairs of individuals, or of records, with scores; greater is likelier."""

    left: Index
    right: Index
    score: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was lost: pairs of records by number, shape ``(links, 2)``, smaller first; and the person of each record."""

    links: Index
    person: Index


def measure(dataset: DataSet, settings: LinkSettings, seed: int, console: Console) -> list[Row]:
    """Rows of one set."""
    claims, person_of, name_of = read(dataset)
    whole = standing(claims)
    reduced = hide(claims, SHARE, seed=seed)
    stands = standing(reduced)
    person = np.unique([person_of[record] for record in stands.matching.records.ids], return_inverse=True)[1].astype(np.int64)
    removed = lost(whole.individual, stands.individual, person)
    console.print(f"{dataset.name}: {len(removed.links):,} links removed; learning")
    started = time.process_time()
    trained = train_links(reduced, stands, settings, version="bench", seed=0)
    chances = trained.scorer.chances(stands.factors)
    spent = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = stands.found
    systems = {
        OURS: Ranked(left=found.left, right=found.right, score=chances.probability),
        ODDS: Ranked(left=found.left, right=found.right, score=stands.factors.values[:, 0].astype(np.float64)),
    }
    console.print(f"{dataset.name}: Splink")
    scored = splink(dataset.name, reduced, name_of, stands)
    systems[SPLINK] = between_individuals(scored, stands.individual)
    rows = []
    for system, ranked in systems.items():
        rows += curve(dataset.name, system, ranked, stands.individual, removed)
    rows += whole_view(dataset.name, scored, systems[OURS], stands.individual, removed)
    same = same_person(stands.individual, person, found.left, found.right)
    rows += reliability(dataset.name, chances.probability, same)
    figures = (
        ("removed links", float(len(removed.links)), "count"),
        ("candidate pairs", float(len(found)), "count"),
        ("predicted (all networks at least even)", float((chances.least >= settings.least_probability).sum()), "count"),
        ("their precision", float(same[chances.least >= settings.least_probability].mean()), "ratio"),
        ("their expected precision", float(chances.probability[chances.least >= settings.least_probability].mean()), "ratio"),
        ("links lost in training", float(trained.links), "count"),
        ("train CPU", spent, "s"),
        ("peak memory", peak, "GiB"),
    )
    return rows + [_row(dataset.name, OURS, metric, value, unit) for metric, value, unit in figures]


def read(dataset: DataSet) -> tuple[list[Claim], Mapping[str, str], Mapping[str, str]]:
    """The claims by record id; the person of each record; and each record's name in the truth."""
    truth = read_truth(dataset.truth_file).persons
    versions = list(all_versions(dataset.files))
    name_of = {v.record_id: v.record_id if v.record_id in truth else v.source_record_id for v in versions}
    claims = sorted((claim_of(version) for version in versions), key=lambda claim: claim.record_id)
    return claims, {record: truth[name] for record, name in name_of.items()}, {str(k): v for k, v in name_of.items()}


def lost(before: Index, after: Index, person: Index) -> Removed:
    """The right links that are there before and are not after."""
    left, right = pairs_within(before.astype(np.int32))
    gone = (after[left] != after[right]) & (person[left] == person[right])
    return Removed(links=np.column_stack([left[gone], right[gone]]), person=person)


def splink(name: str, claims: Sequence[Claim], name_of: Mapping[str, str], stands: Standing) -> Ranked:
    """Splink's scores of pairs of records, by number."""
    number = {name_of[record]: at for at, record in enumerate(stands.matching.records.ids)}
    with tempfile.TemporaryDirectory(prefix="kindred-splink-") as temporary:
        folder = Path(temporary)
        pq.write_table(to_table([row_of(claim, name_of[claim.record_id]) for claim in claims]), folder / "records.parquet")  # type: ignore[no-untyped-call]
        request = splink_request(name, "expert", folder)
        run_request(request, folder)
        pairs = pq.read_table(request.pairs).to_pydict()  # type: ignore[no-untyped-call]
    ends = np.array([[number[a], number[b]] for a, b in zip(pairs["left"], pairs["right"], strict=True)], dtype=np.int64)
    return Ranked(left=ends.min(axis=1), right=ends.max(axis=1), score=np.array(pairs["weight"], dtype=np.float64))


def row_of(claim: Claim, name: str) -> dict[str, str]:
    """A record as columns, as ``bench.records.columns_of`` has it."""
    parts, address = claim.name, claim.address
    found: dict[str, str | None] = {
        RECORD_ID: name,
        SOURCE: claim.source,
        "entity_type": claim.entity_type,
        **{part: getattr(parts, part) for part in ("given", "middle", "family", "suffix", "full")},
        "birth_date": claim.birth_date.isoformat() if claim.birth_date else None,
        "gender": claim.gender,
        **{part: getattr(address, part) for part in ("street", "city", "region", "postal_code", "country")},
    }
    for key in claim.identifiers:
        namespace, _, value = key.partition(":")
        if namespace not in DERIVED:
            found.setdefault(namespace, value)
    return {field: value for field, value in found.items() if value}


def between_individuals(scored: Ranked, individual: Index) -> Ranked:
    """The greatest score of records of each two individuals."""
    left, right = individual[scored.left], individual[scored.right]
    key = _key(left, right, individual)
    order = np.lexsort((-scored.score, key))
    order = order[(left != right)[order]]
    first = order[np.r_[True, key[order][1:] != key[order][:-1]][: len(order)]]
    return Ranked(left=np.minimum(left, right)[first], right=np.maximum(left, right)[first], score=scored.score[first])


def same_person(individual: Index, person: Index, left: Index, right: Index) -> NDArray[np.bool_]:
    """Whether most records of two individuals are of one person."""
    whose = most_of(individual, person)
    found: NDArray[np.bool_] = whose[left] == whose[right]
    return found


def curve(dataset: str, system: str, ranked: Ranked, individual: Index, removed: Removed) -> list[Row]:
    """Predictions and removed links recovered at each precision."""
    order = np.argsort(-ranked.score, kind="stable")
    right = same_person(individual, removed.person, ranked.left, ranked.right)[order]
    recovered = np.cumsum(_worth(ranked, individual, removed)[order])
    precision = np.cumsum(right) / np.arange(1, len(order) + 1)
    rows = []
    for least in PRECISIONS:
        count = _longest(precision, least)
        share = recovered[count - 1] / len(removed.links) if count else 0.0
        at = f"{dataset}, at precision {least:g}"
        rows.append(_row(at, system, "predictions", float(count), "count"))
        rows.append(_row(at, system, RECOVERED, float(share), "ratio"))
    reach = recovered[-1] / len(removed.links) if len(order) else 0.0
    return [*rows, _row(dataset, system, "removed links among what is ranked", float(reach), "ratio")]


def whole_view(dataset: str, scored: Ranked, ours: Ranked, individual: Index, removed: Removed) -> list[Row]:
    """Removed links recovered where precision is over all pairs of records: Splink's, and Kindred's with its predictions."""
    person, rows = removed.person, []
    order = np.argsort(-scored.score, kind="stable")
    precision = np.cumsum((person[scored.left] == person[scored.right])[order]) / np.arange(1, len(order) + 1)
    links = _key(removed.links[:, 0], removed.links[:, 1], person)
    is_removed = np.isin(_key(scored.left, scored.right, person), links)[order]
    left, right = pairs_within(individual.astype(np.int32))
    stand, stand_right = len(left), int((person[left] == person[right]).sum())
    crossed, crossed_right = _crossed(individual, person, ours)
    by_score = np.argsort(-ours.score, kind="stable")
    together = (stand_right + np.cumsum(crossed_right[by_score])) / (stand + np.cumsum(crossed[by_score]))
    worth = np.cumsum(_worth(ours, individual, removed)[by_score])
    for least in (0.99, 0.95, 0.9):
        count, own = _longest(precision, least), _longest(together, least)
        found = is_removed[:count].sum() / len(links)
        at = f"{dataset}, at precision {least:g} of all pairs of records"
        rows.append(_row(at, SPLINK, RECOVERED, float(found), "ratio"))
        rows.append(_row(at, OURS, RECOVERED, float(worth[own - 1] / len(links)) if own else 0.0, "ratio"))
    return rows


def reliability(dataset: str, probability: NDArray[np.float64], same: NDArray[np.bool_]) -> list[Row]:
    """Expected calibration error (M. Naeini et al., AAAI 2015) over ten bins, of all pairs and of those above .1; the bins."""
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    rows, gaps, sizes = [], [], []
    for number in range(BINS):
        inside = place == number
        gaps.append(abs(probability[inside].mean() - same[inside].mean()) if inside.any() else 0.0)
        sizes.append(int(inside.sum()))
        if inside.any():
            name = f"{dataset}, predicted {number / BINS:.1f} to {(number + 1) / BINS:.1f}"
            rows += [
                _row(name, OURS, "pairs", float(sizes[-1]), "count"),
                _row(name, OURS, "mean probability", float(probability[inside].mean()), "ratio"),
                _row(name, OURS, "of one person", float(same[inside].mean()), "ratio"),
            ]
    for name, first in (("calibration error", 0), ("calibration error of what is likelier than .1", 1)):
        if total := sum(sizes[first:]):
            error = sum(gap * size for gap, size in zip(gaps[first:], sizes[first:], strict=True)) / total
            rows.append(_row(dataset, OURS, name, float(error), "ratio"))
    return rows


def _longest(precision: NDArray[np.float64], least: float) -> int:
    """How many of a ranking have at least a precision together, at most."""
    reached = np.flatnonzero(precision >= least)
    return int(reached[-1]) + 1 if len(reached) else 0


def _worth(ranked: Ranked, individual: Index, removed: Removed) -> Index:
    """How many removed links lie between the two individuals of each pair."""
    between = _key(individual[removed.links[:, 0]], individual[removed.links[:, 1]], individual)
    keys, counts = np.unique(between, return_counts=True)
    asked = _key(ranked.left, ranked.right, individual)
    at = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
    return np.where(keys[at] == asked, counts[at], 0) if len(keys) else np.zeros(len(asked), dtype=np.int64)


def _crossed(individual: Index, person: Index, ranked: Ranked) -> tuple[Index, Index]:
    """Pairs of records between the two individuals of each pair, and how many of these are of one person."""
    sizes = np.bincount(individual)
    members: dict[int, list[int]] = {}
    for record, number in enumerate(individual.tolist()):
        members.setdefault(number, []).append(int(person[record]))
    right = [
        sum(one == other for one in members[a] for other in members[b])
        for a, b in zip(ranked.left.tolist(), ranked.right.tolist(), strict=True)
    ]
    return sizes[ranked.left] * sizes[ranked.right], np.array(right, dtype=np.int64)


def _key(left: Index, right: Index, of: Index) -> Index:
    width = max(int(of.max(initial=0)), len(of)) + 1
    return np.asarray(np.minimum(left, right) * width + np.maximum(left, right))


def _row(dataset: str, system: str, metric: str, value: float, unit: str) -> Row:
    return Row(bench=BENCH, dataset=dataset, system=system, metric=metric, value=value, unit=unit)


def main(argv: Sequence[str], console: Console) -> None:
    """Measure and publish."""
    options = parser(BENCH, __doc__ or "")
    options.add_argument("--sets", metavar="A,B", default="gen_50k_hh", help="which of the built-in sets (gen_50k_hh)")
    options.add_argument("--seed", type=int, default=SEED, help=f"of what is taken away ({SEED})")
    asked = options.parse_args(argv)
    require_splink()
    torch.set_num_threads(1)
    sets = [custom(asked.data)] if asked.data else chosen(built_in(shared_folder(None)), asked.sets)
    if not sets:
        raise BenchError("there are no sets of records")
    rows: list[Row] = []
    for dataset in sets:
        try:
            rows += measure(dataset, LinkSettings(), asked.seed, console)
        except InteractionsError as error:
            console.print(f"{dataset.name}: {error}")
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


if __name__ == "__main__":
    run_main(main)
