"""Records as Arrow batches: what they state, and by which keys they are blocked.

Each function makes one batch of one batch and knows nothing of others, so that Spark runs it with ``mapInArrow`` and one machine
over a ``RecordBatchReader``, within the memory of a batch. What depends on all records - how often a value is stated, how large a
block is - is counted in between and comes with the records (``MEASURED``, ``KEYED``).

A record's ``values`` are a list for each field of the survey, in its order; a field's first value comes first, the others are
distinct. Records are numbered in the order of their ids.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.identity.matching.blocks import Key, bits_of
from graph.identity.matching.candidates import blocking_keys
from graph.identity.matching.fields import Meaning
from graph.identity.matching.records import Column, Records, domain_of
from graph.identity.matching.survey import Field, FieldTotals, MeasuredColumn, Survey

Index = NDArray[np.int64]

RECORDS = pa.schema({"number": pa.int64(), "id": pa.string(), "source": pa.string(), "values": pa.list_(pa.list_(pa.string()))})
STATED = pa.schema(
    {"number": pa.int64(), "position": pa.int32(), "field": pa.int32(), "text": pa.string(), "domain": pa.string()}
)
"""One row for each value: its place among the record's values, all fields together, and the domain of an e-mail address."""
MEASURED = pa.schema([*RECORDS, pa.field("counts", pa.list_(pa.int64())), pa.field("domains", pa.list_(pa.int64()))])
"""Records with, by position, how many records of all state the value, and how many values of all are of its domain (else 0)."""
KEY_ROWS = pa.schema({"number": pa.int64(), "slot": pa.int32(), "text": pa.string()})
"""One row for each key of a record; ``slot`` is the number of the survey's slot."""
KEYED = pa.schema(
    {
        "number": pa.int64(),
        "keys": pa.list_(pa.struct({"slot": pa.int32(), "block": pa.int64(), "size": pa.int32()})),
    }
)
"""Records with their keys' blocks: a number that tells the slot's blocks from each other, and how many records the block has."""


def record_batch(records: Records, fields: Sequence[Field]) -> pa.RecordBatch:
    """Records in memory as a batch of ``RECORDS``, numbered from 0."""
    values: list[list[list[str]]] = [[[] for _ in fields] for _ in records.ids]
    for place, field in enumerate(fields):
        column = records.columns[field.name]
        for number in np.flatnonzero(column.codes >= 0).tolist():
            values[number][place].append(column.values[column.codes[number]])
        for number, code in column.more.tolist():
            values[number][place].append(column.values[code])
    sources = [records.sources[source] for source in records.source.tolist()]
    return pa.record_batch([range(len(records)), records.ids, sources, values], schema=RECORDS)


@dataclass(frozen=True, slots=True)
class _Values:
    """All values of a batch, one after the other."""

    record: Index
    """(values,): row of the record."""
    field: Index
    rank: Index
    """Place among the values of the record's field."""
    position: Index
    """Place among all values of the record."""
    texts: pa.Array

    def of(self, field: int) -> Index:
        return np.flatnonzero(self.field == field)


def _values_of(batch: pa.RecordBatch, fields: int) -> _Values:
    lists = batch.column("values").flatten()
    if len(lists) != batch.num_rows * fields:
        raise ValueError(f"{batch.num_rows} records have {len(lists)} lists of values, not {fields} each")
    lengths = _lengths(lists)
    of_records = lengths.reshape(batch.num_rows, fields).sum(axis=1)
    return _Values(
        record=np.repeat(np.arange(batch.num_rows), of_records),
        field=np.repeat(np.tile(np.arange(fields), batch.num_rows), lengths),
        rank=_counting(lengths),
        position=_counting(of_records),
        texts=lists.flatten(),
    )


def _counting(lengths: Index) -> Index:
    """0, 1, 2, ... for each of the lengths."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def stated_values(batch: pa.RecordBatch, fields: Sequence[Field]) -> pa.RecordBatch:
    """What records state (``RECORDS``), as rows to be counted (``STATED``)."""
    values = _values_of(batch, len(fields))
    domains = pa.nulls(len(values.record), pa.string())
    emails = np.isin(values.field, [place for place, field in enumerate(fields) if field.meaning is Meaning.EMAIL])
    if emails.any():
        texts = zip(values.texts.to_pylist(), emails.tolist(), strict=True)
        domains = pa.array([domain_of(text) if email else None for text, email in texts], pa.string())
    numbers = batch.column("number").take(pa.array(values.record))
    return pa.record_batch(
        [numbers, values.position.astype(np.int32), values.field.astype(np.int32), values.texts, domains], schema=STATED
    )


def block_keys(batch: pa.RecordBatch, survey: Survey) -> pa.RecordBatch:
    """The blocking keys of records (``RECORDS``), as rows to be counted (``KEY_ROWS``)."""
    if not batch.num_rows:
        return pa.RecordBatch.from_pylist([], KEY_ROWS)
    values = _values_of(batch, len(survey.fields))
    columns = {field.name: _column(values, field, place, batch.num_rows) for place, field in enumerate(survey.fields)}
    records = Records([""] * batch.num_rows, np.zeros(batch.num_rows, dtype=np.int32), [""], columns)
    made = {key.name: key for key in blocking_keys(records)}
    numbers = batch.column("number").to_numpy()
    rows: list[pa.RecordBatch] = []
    for number, slot in enumerate(survey.slots):
        key = made.get(slot.name) or made.get(slot.first)
        # A record without a second value has its first in the second's place; there is no such key where no record of the
        # batch has a second one.
        if key is not None:
            having = np.flatnonzero(key.codes >= 0)
            texts = pa.array(key.texts, pa.string()).take(pa.array(key.codes[having]))
            slots = np.full(len(having), number, dtype=np.int32)
            rows.append(pa.record_batch([numbers[having], slots, texts], schema=KEY_ROWS))
    return pa.concat_batches(rows) if rows else pa.RecordBatch.from_pylist([], KEY_ROWS)


@dataclass(frozen=True, slots=True)
class BlockRows:
    """The blocks of a batch's records, one after the other: row of the record, slot, block, records of the block."""

    record: Index
    slot: Index
    block: Index
    size: Index

    def take(self, rows: NDArray[np.bool_] | Index) -> "BlockRows":
        """Some of them."""
        return BlockRows(self.record[rows], self.slot[rows], self.block[rows], self.size[rows])


def block_rows(batch: pa.RecordBatch) -> BlockRows:
    """The blocks of a batch of ``KEYED``."""
    keys = batch.column("keys")
    rows = pa.RecordBatch.from_struct_array(keys.flatten())
    slot, block, size = (rows.column(name).to_numpy().astype(np.int64) for name in ("slot", "block", "size"))
    return BlockRows(np.repeat(np.arange(batch.num_rows), _lengths(keys)), slot, block, size)


def keys_in(batch: pa.RecordBatch, survey: Survey) -> list[Key]:
    """The blocking keys of a batch of ``KEYED``, with the bits that they have among all records."""
    rows = block_rows(batch)
    found: list[Key] = []
    for number, slot in enumerate(survey.slots):
        of_slot = rows.take(rows.slot == number)
        if len(of_slot.slot):
            _, first, code = np.unique(of_slot.block, return_index=True, return_inverse=True)
            codes = np.full(batch.num_rows, -1, dtype=np.int32)
            codes[of_slot.record] = code
            sizes = of_slot.size[first].astype(np.int32)
            found.append(Key(slot.field, slot.name, (), codes, bits_of(sizes, len(survey.population)), sizes))
    return found


def _lengths(lists: pa.Array) -> Index:
    """How long each list is; what is null has no elements."""
    lengths: Index = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def records_in(batch: pa.RecordBatch, survey: Survey) -> Records:
    """The records of a batch of ``MEASURED``, in columns that count what all records state.

    Raises:
        ValueError: a record has a source that the survey does not know, or other fields.
    """
    values = _values_of(batch, len(survey.totals))
    counts = batch.column("counts").flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    domains = batch.column("domains").flatten().to_numpy(zero_copy_only=False).astype(np.int64)
    if len(counts) != len(values.record) or len(domains) != len(counts):
        raise ValueError(f"{len(values.record)} values have {len(counts)} counts and {len(domains)} counts of domains")
    sources = list(survey.population.sources)
    here, source = _distinct(batch.column("source"))
    if unknown := set(here) - set(sources):
        raise ValueError(f"the survey knows no record of {', '.join(sorted(unknown))}")
    return Records(
        ids=batch.column("id").to_pylist(),
        source=np.array([sources.index(name) for name in here], dtype=np.int32)[source],
        sources=sources,
        columns={
            total.field.name: _measured(values, place, batch.num_rows, total, counts, domains)
            for place, total in enumerate(survey.totals)
        },
    )


def _measured(values: _Values, place: int, count: int, totals: FieldTotals, counts: Index, domains: Index) -> MeasuredColumn:
    rows = values.of(place)
    texts, code = _distinct(values.texts.take(pa.array(rows)))
    of_values = np.zeros(len(texts), dtype=np.int64)
    of_values[code] = counts[rows]
    of_domains: Mapping[str, int] = {}
    if totals.field.meaning is Meaning.EMAIL:
        by_value = np.zeros(len(texts), dtype=np.int64)
        by_value[code] = domains[rows]
        of_domains = {domain_of(text): number for text, number in zip(texts, by_value.tolist(), strict=True)}
    codes, more = _codes(values, rows, code, count)
    return MeasuredColumn(totals.field.name, totals.field.meaning, codes, texts, more, totals, of_values, of_domains)


def _column(values: _Values, field: Field, place: int, count: int) -> Column:
    rows = values.of(place)
    texts, code = _distinct(values.texts.take(pa.array(rows)))
    codes, more = _codes(values, rows, code, count)
    return Column(field.name, field.meaning, codes, texts, more)


def _codes(values: _Values, rows: Index, code: Index, count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """A column's ``codes`` and ``more``, given the rows of its values and the code of each."""
    first = values.rank[rows] == 0
    codes = np.full(count, -1, dtype=np.int32)
    codes[values.record[rows[first]]] = code[first]
    return codes, np.column_stack([values.record[rows[~first]], code[~first]]).astype(np.int32)


def _distinct(texts: pa.Array) -> tuple[list[str], Index]:
    """The distinct texts, sorted, and the place of each text among them."""
    encoded = texts.dictionary_encode()
    found: list[str] = encoded.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    place = np.empty(len(found), dtype=np.int64)
    place[order] = np.arange(len(found))
    return [found[number] for number in order], place[encoded.indices.to_numpy()]


def in_batches(table: pa.Table, size: int) -> Iterator[pa.RecordBatch]:
    """A table in batches of at most ``size`` rows."""
    yield from table.combine_chunks().to_batches(max_chunksize=size)
