"""Pairs of records as Arrow batches: blocks to pairs, pairs to what they have in common, to odds, and to clusters.

As in ``arrow``, each function knows of one batch alone. What it computes it computes by the functions that match records in
memory, over the batch's own columns; the values of a column keep their order, and every sum runs over one pair or one component
at a time, so that results do not depend, to the last bit, on how pairs are divided into batches.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.identity.matching.aliases import observed_aliases
from graph.identity.matching.arrow import KEYED, MEASURED, block_rows, keys_in, records_in
from graph.identity.matching.blocks import rarity
from graph.identity.matching.comparer import Comparer
from graph.identity.matching.linkage import profile_linkage
from graph.identity.matching.matching import evidence_of, pairs_within, sample
from graph.identity.matching.matching import score_pairs as score
from graph.identity.matching.scorer import Scorer
from graph.identity.matching.survey import Survey

Index = NDArray[np.int64]

BLOCKS = pa.schema({"numbers": pa.list_(pa.int64())})
PAIRS = pa.schema({"left": pa.int64(), "right": pa.int64()})
"""Numbers of two records, left < right."""
CROSSED = pa.schema(
    {
        "slot": pa.int32(),
        "block": pa.int64(),
        "other_slot": pa.int32(),
        "other_block": pa.int64(),
        "number": pa.int64(),
    }
)
"""A record that is in two large blocks at once; ``slot`` < ``other_slot``."""
PAIRED_KEYS = pa.schema({"left": pa.struct(KEYED), "right": pa.struct(KEYED)})
BITS = pa.schema([*PAIRS, pa.field("bits", pa.float32())])
PAIRED_RECORDS = pa.schema({"left": pa.struct(MEASURED), "right": pa.struct(MEASURED)})
COMPARED = pa.schema(
    [
        *PAIRS,
        pa.field("source_left", pa.int64()),
        pa.field("source_right", pa.int64()),
        pa.field("levels", pa.list_(pa.int8())),
        pa.field("rarity", pa.list_(pa.float32())),
    ]
)
"""``comparer.Compared``, pair by pair; sources by their numbers in the survey."""
SCORED = pa.schema([*PAIRS, pa.field("log_odds", pa.float64())])
COMPONENTS = pa.schema([*MEASURED, pa.field("component", pa.int64())])
ALIASES = pa.schema({"one": pa.string(), "other": pa.string(), "cluster": pa.int64()})
CLUSTERS = pa.schema({"number": pa.int64(), "id": pa.string(), "cluster": pa.string()})
"""A record and the id of the first record of its cluster."""


def block_pairs(batch: pa.RecordBatch, max_block: int) -> Iterator[pa.RecordBatch]:
    """The pairs of records (``PAIRS``) of blocks (``BLOCKS``) of 2 to ``max_block``, once for each block that has them.

    One batch for each distance within a block: none has more rows than the blocks have records.
    """
    lists = batch.column("numbers")
    block = np.repeat(np.arange(batch.num_rows), lists.value_lengths().to_numpy())
    number = lists.flatten().to_numpy()
    order = np.lexsort((number, block))
    number = number[order]
    for pairs in _pairs_of(block[order], len(number), max_block):
        left, right = np.divmod(pairs, len(number))
        yield pa.record_batch([number[left], number[right]], schema=PAIRS)


def _pairs_of(codes: NDArray[np.int64], count: int, max_block: int) -> Iterator[NDArray[np.int64]]:
    """Pairs of records within blocks of 2 to ``max_block`` records of equal code, as ``left * count + right``."""
    having = np.flatnonzero(codes >= 0)
    if len(having) < 2:
        return
    order = np.argsort(codes[having], kind="stable")
    record, code = having[order], codes[having][order]
    starts = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    sizes = np.diff(np.r_[starts, len(code)])
    size = np.repeat(sizes, sizes)
    good = (size > 1) & (size <= max_block)
    record, code = record[good], code[good]
    for distance in range(1, max_block):
        if len(code) <= distance:
            return
        same = code[distance:] == code[:-distance]
        if not same.any():
            return
        # Within a block the records are in ascending order, so the left one is the smaller.
        yield record[:-distance][same] * count + record[distance:][same]


def crossed_blocks(batch: pa.RecordBatch, survey: Survey, max_block: int) -> Iterator[pa.RecordBatch]:
    """The pairs of large blocks, of keys of different fields, that records (``KEYED``) are in (``CROSSED``)."""
    rows = block_rows(batch)
    large = rows.take(rows.size > max_block)
    numbers = batch.column("number").to_numpy()
    blocks: dict[int, Index] = {}
    for slot in np.unique(large.slot).tolist():
        of_slot = large.take(large.slot == slot)
        blocks[slot] = np.full(batch.num_rows, -1, dtype=np.int64)
        blocks[slot][of_slot.record] = of_slot.block
    slots = survey.slots
    for (slot, block), (other_slot, other_block) in combinations(blocks.items(), 2):
        both = np.flatnonzero((block >= 0) & (other_block >= 0))
        if slots[slot].field != slots[other_slot].field and len(both):
            of = [np.full(len(both), number, dtype=np.int32) for number in (slot, other_slot)]
            yield pa.record_batch([of[0], block[both], of[1], other_block[both], numbers[both]], schema=CROSSED)


def pair_bits(batch: pa.RecordBatch, survey: Survey) -> pa.RecordBatch:
    """How much pairs of records (``PAIRED_KEYS``) have in common (``BITS``), as ``blocks.rarity`` has it."""
    records, left, right = _ends(batch)
    return pa.record_batch([*_numbers(records, left, right), rarity(keys_in(records, survey), left, right)], schema=BITS)


def compare_pairs(batch: pa.RecordBatch, survey: Survey, aliases: frozenset[tuple[str, str]] = frozenset()) -> pa.RecordBatch:
    """How pairs of records (``PAIRED_RECORDS``) agree (``COMPARED``)."""
    records, left, right = _ends(batch)
    found = sample(Comparer(records_in(records, survey), aliases), left, right)
    lists = [
        pa.ListArray.from_arrays(pa.array(np.arange(len(left) + 1, dtype=np.int32) * table.shape[1]), table.ravel())
        for table in (found.compared.levels, found.compared.rarity)
    ]
    return pa.record_batch(
        [*_numbers(records, left, right), found.source_left, found.source_right, *lists],
        schema=COMPARED,
    )


def score_pairs(batch: pa.RecordBatch, scorer: Scorer) -> pa.RecordBatch:
    """Log odds, natural, that pairs of records (``PAIRED_RECORDS``) are of one person (``SCORED``)."""
    records, left, right = _ends(batch)
    odds = score(scorer.model, Comparer(records_in(records, scorer.survey), scorer.aliases), left, right)
    return pa.record_batch([*_numbers(records, left, right), odds], schema=SCORED)


def link_components(table: pa.Table, scorer: Scorer) -> pa.Table:
    """Clusters (``CLUSTERS``) of the records of whole components (``COMPONENTS``)."""
    batch, comparer, left, right = _components(table, scorer)
    compared = comparer.compare_all(left, right)
    evidence = evidence_of(scorer.model, comparer, left, right, compared)
    linkage = profile_linkage(left, right, evidence, batch.num_rows)
    _, first = np.unique(linkage.clusters, return_index=True)
    ids = batch.column("id")
    return pa.table([batch.column("number"), ids, ids.take(pa.array(first[linkage.clusters]))], schema=CLUSTERS)


def component_aliases(table: pa.Table, scorer: Scorer) -> pa.Table:
    """Given names that differ on linked records (``ALIASES``), of the records of whole components (``COMPONENTS``)."""
    batch, comparer, left, right = _components(table, scorer)
    compared = comparer.compare_all(left, right)
    evidence = evidence_of(scorer.model, comparer, left, right, compared)
    linkage = profile_linkage(left, right, evidence, batch.num_rows)
    observed = sorted(observed_aliases(scorer.model, comparer, left, right, compared, evidence, linkage.clusters))
    _, first = np.unique(linkage.clusters, return_index=True)
    # Clusters are numbered within the table: the first record's number tells them from those of others.
    numbers = batch.column("number").to_numpy()[first]
    rows = [(one, other, int(numbers[cluster])) for (one, other), cluster in observed]
    return pa.table([list(column) for column in zip(*rows, strict=True)] or [[], [], []], schema=ALIASES)


def _components(table: pa.Table, scorer: Scorer) -> tuple[pa.RecordBatch, Comparer, Index, Index]:
    """The records of whole components in the order of their numbers, their comparer, and all pairs within components."""
    records = table.sort_by("number").combine_chunks()
    batch = pa.RecordBatch.from_struct_array(records.to_struct_array().combine_chunks())
    component = np.unique(batch.column("component").to_numpy(), return_inverse=True)[1].astype(np.int32)
    return batch, Comparer(records_in(batch, scorer.survey), scorer.aliases), *pairs_within(component)


def _ends(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Index, Index]:
    """The distinct records of pairs, in the order of their numbers, and the rows there of each pair's two records."""
    both = pa.concat_arrays([batch.column("left"), batch.column("right")])
    ends = pa.RecordBatch.from_struct_array(both)
    _, first, row = np.unique(ends.column("number").to_numpy(), return_index=True, return_inverse=True)
    rows = row.astype(np.int64)
    return ends.take(pa.array(first)), rows[: batch.num_rows], rows[batch.num_rows :]


def _numbers(records: pa.RecordBatch, left: Index, right: Index) -> tuple[Index, Index]:
    numbers = records.column("number").to_numpy()
    return numbers[left], numbers[right]
