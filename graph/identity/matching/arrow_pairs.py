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

from graph.identity.matching.arrow import KEYED, MEASURED, keys_in, records_in
from graph.identity.matching.candidates import pairs_of, rarity
from graph.identity.matching.comparer import Comparer
from graph.identity.matching.matching import link, pairs_within, sample
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
CLUSTERS = pa.schema({"number": pa.int64(), "id": pa.string(), "cluster": pa.string()})
"""A record and the id of the first record of its cluster."""


def block_pairs(batch: pa.RecordBatch, max_block: int) -> Iterator[pa.RecordBatch]:
    """The pairs of records (``PAIRS``) of blocks (``BLOCKS``) of 2 to ``max_block``; a pair of several blocks comes several times.

    One batch for each distance within a block: none has more rows than the blocks have records.
    """
    lists = batch.column("numbers")
    block = np.repeat(np.arange(batch.num_rows), lists.value_lengths().to_numpy())
    number = lists.flatten().to_numpy()
    order = np.lexsort((number, block))
    number = number[order]
    for pairs in pairs_of(block[order], len(number), max_block):
        left, right = np.divmod(pairs, len(number))
        yield pa.record_batch([number[left], number[right]], schema=PAIRS)


def crossed_blocks(batch: pa.RecordBatch, survey: Survey, max_block: int) -> Iterator[pa.RecordBatch]:
    """The pairs of large blocks, of keys of different fields, that records (``KEYED``) are in (``CROSSED``)."""
    number = batch.column("number").to_numpy()
    block_of: dict[str, Index] = {}
    slot_of = {slot.name: place for place, slot in enumerate(survey.slots)}
    keys = keys_in(batch, survey)
    first_of = _blocks_by_code(batch, survey)
    for key in keys:
        large = (key.codes >= 0) & (np.where(key.codes >= 0, key.sizes[key.codes], 0) > max_block)
        block_of[key.name] = np.where(large, first_of[key.name], -1)
    for one, other in combinations(keys, 2):
        if one.field == other.field:
            continue
        block, other_block = block_of[one.name], block_of[other.name]
        rows = np.flatnonzero((block >= 0) & (other_block >= 0))
        if len(rows):
            slot, other_slot = (np.full(len(rows), slot_of[key.name], dtype=np.int32) for key in (one, other))
            yield pa.record_batch([slot, block[rows], other_slot, other_block[rows], number[rows]], schema=CROSSED)
