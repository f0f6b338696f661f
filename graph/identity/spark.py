"""Matching on Spark: the functions that match records in memory, over batches that Spark makes, with the same links.

Counting, joining and grouping are Spark's; what records, pairs and components come to is computed by the functions of
``matching.arrow`` and ``matching.arrow_pairs`` in Spark's Python workers (``mapInArrow``, ``applyInArrow``). The driver holds the
compared pairs that the model is estimated from, and the pairs that connect with a number for each record, to find components.

This is the only module that imports pyspark, which is in the optional dependency group ``spark``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as sql
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import ArrayType

from graph.identity.matching import arrow, arrow_pairs
from graph.identity.matching.aliases import learnt
from graph.identity.matching.candidates import MAX_BLOCK, MORE_VALUES, PER_RECORD
from graph.identity.matching.comparer import Compared
from graph.identity.matching.estimation import Observed, Sample, estimate
from graph.identity.matching.fields import Meaning
from graph.identity.matching.matching import CONNECTING, connected, draw
from graph.identity.matching.records import Population
from graph.identity.matching.scorer import Scorer, scorer_json, scorer_of, survey_from, survey_json
from graph.identity.matching.survey import Field, FieldTotals, Survey, columns_of

Index = NDArray[np.int64]
Batches = Iterable[pa.RecordBatch]

SHELF = 2_000
"""Records, about, whose components one task links at a time."""
BROUGHT = 8_000
"""Compared pairs, about, that one task brings to the driver: less than the 1 MiB from which Spark stores results on the way."""
_ROW_BITS = 33
"""``monotonically_increasing_id`` is a row's place in its partition, and before so many bits the partition's number."""


@dataclass(frozen=True, slots=True)
class SparkMatching:
    """What matching came to."""

    clusters: DataFrame
    """(id, cluster): each record, and the id of the first record of its cluster."""
    scorer: Scorer
    candidates: int


def match_on_spark(records: DataFrame, fields: Mapping[str, Meaning], *, seed: int = 0) -> SparkMatching:
    """Match records with each other.

    ``records`` have an ``id``, a ``source`` and for each of ``fields`` a column of text or of lists of texts, normalised as
    ``matching.records.records_of`` normalises them. Links are those of ``matching.matching.match_records`` over the same records
    and with the same ``seed``.

    Raises:
        ValueError: two records have one id, or no record states any of the fields.
    """
    rows, stated = _numbered_records(records, fields)
    survey = _surveyed(rows, stated)
    measured, keyed = _measured(rows, survey).persist(), _keyed(rows, survey).persist()
    candidates = _rarest(_pairs(keyed, survey), keyed, survey).persist()
    found = candidates.count()
    scorer = Scorer(survey, estimate(_observed(candidates, found, measured, survey, seed)))
    linked, scorer = _linked(candidates, measured, scorer)
    clusters = rows.join(linked.select("number", "cluster"), "number", "left")
    # Computed here and now, so that what it is made of need not be kept.
    clusters = clusters.select("id", sql.coalesce("cluster", "id").alias("cluster")).localCheckpoint()
    for frame in (measured, keyed, candidates):
        frame.unpersist()
    return SparkMatching(clusters, scorer, found)


def _mapped(frame: DataFrame, function: Callable[[pa.RecordBatch], pa.RecordBatch], schema: pa.Schema) -> DataFrame:
    """Batches of ``frame``, each made into one of ``schema``."""
    return _flat_mapped(frame, lambda batch: (function(batch),), schema)


def _flat_mapped(frame: DataFrame, function: Callable[[pa.RecordBatch], Batches], schema: pa.Schema) -> DataFrame:
    def run(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from function(batch)

    return frame.mapInArrow(run, from_arrow_schema(schema))


def _numbered(frame: DataFrame, *order: str) -> DataFrame:
    """The rows with their ``number``, from 0, in an order."""
    # Kept, not merely cached: a partition computed again might have other rows, and their numbers would be wrong in silence.
    placed = frame.sort(*order).withColumn("_at", sql.monotonically_increasing_id()).localCheckpoint()
    placed = placed.withColumn("_part", sql.shiftright("_at", _ROW_BITS))
    sizes = sorted((row["_part"], row["count"]) for row in placed.groupBy("_part").count().collect())
    parts = np.array([part for part, _ in sizes], dtype=np.int64)
    counts = np.array([count for _, count in sizes], dtype=np.int64)
    starts = frame.sparkSession.createDataFrame(pa.table({"_part": parts, "_start": np.cumsum(counts) - counts}))
    number = sql.col("_start") + sql.col("_at") - sql.shiftleft("_part", _ROW_BITS)
    return placed.join(sql.broadcast(starts), "_part").withColumn("number", number).drop("_at", "_part", "_start")


def _numbered_records(records: DataFrame, fields: Mapping[str, Meaning]) -> tuple[DataFrame, Mapping[Field, int]]:
    """Records (``arrow.RECORDS``), and for each field that any states how many values beyond its first one has at most."""
    lists = [_texts(records, name).alias(name) for name in sorted(fields)]
    rows = records.select("id", "source", *lists)
    most = rows.agg(
        sql.count("id").alias("records"),
        sql.count_distinct("id").alias("ids"),
        *(sql.max(sql.size(f"`{name}`")).alias(f"of {name}") for name in sorted(fields)),
    ).first()
    if most is None or most["records"] != most["ids"]:
        raise ValueError("records have an id that another record has")
    stated = {Field(name, fields[name]): most[f"of {name}"] - 1 for name in sorted(fields) if most[f"of {name}"]}
    if not stated:
        raise ValueError(f"no record states any of {', '.join(sorted(fields)) or 'no fields'}")
    values = sql.array(*(sql.col(f"`{field.name}`") for field in stated)).alias("values")
    return _numbered(rows.select("id", "source", values), "id").select(*arrow.RECORDS.names), stated


def _texts(records: DataFrame, name: str) -> Column:
    """What records state of a field: the first value, then the others without repetition; an empty list for nothing."""
    column = sql.col(f"`{name}`")
    if not isinstance(records.schema[name].dataType, ArrayType):
        column = sql.array(column)
    texts = sql.filter(sql.coalesce(column, _none("string")), lambda text: text.isNotNull() & (text != ""))
    return sql.concat(sql.slice(texts, 1, 1), sql.array_distinct(sql.slice(texts, 2, 2**30)))


def _none(of: str) -> Column:
    return sql.array().cast(f"array<{of}>")


def _surveyed(rows: DataFrame, stated: Mapping[Field, int]) -> Survey:
    sizes = sorted((row["source"], row["count"]) for row in rows.groupBy("source").count().collect())
    counted = _counted(rows, tuple(stated)).groupBy("field")
    pairs = sql.expr("sum(count * (count - 1) div 2)")
    of_field = {row["field"]: row for row in counted.agg(sql.sum("count").alias("stated"), pairs.alias("agreeing")).collect()}
    population = Population(tuple(name for name, _ in sizes), np.array([size for _, size in sizes], dtype=np.int64))
    return Survey(
        population,
        tuple(
            FieldTotals(field, of_field[place]["stated"], of_field[place]["agreeing"], min(more, MORE_VALUES))
            for place, (field, more) in enumerate(stated.items())
        ),
    )


def _stated(rows: DataFrame, fields: tuple[Field, ...]) -> DataFrame:
    return _mapped(rows, lambda batch: arrow.stated_values(batch, fields), arrow.STATED)


def _counted(rows: DataFrame, fields: tuple[Field, ...]) -> DataFrame:
    return _stated(rows, fields).groupBy("field", "text").agg(sql.count("*").alias("count"))


def _measured(rows: DataFrame, survey: Survey) -> DataFrame:
    """The records with the counts of their values (``arrow.MEASURED``)."""
    stated = _stated(rows, survey.fields)
    domains = stated.where("domain is not null").groupBy("field", "domain").agg(sql.count("*").alias("of_domain"))
    counted = stated.join(_counted(rows, survey.fields), ["field", "text"]).join(domains, ["field", "domain"], "left")
    each = sql.struct("position", "count", sql.coalesce("of_domain", sql.lit(0)).alias("of_domain"))
    lists = counted.groupBy("number").agg(sql.sort_array(sql.collect_list(each)).alias("each"))
    return rows.join(lists, "number", "left").select(
        *arrow.RECORDS.names,
        sql.coalesce(sql.col("each.count"), _none("bigint")).alias("counts"),
        sql.coalesce(sql.col("each.of_domain"), _none("bigint")).alias("domains"),
    )


def _keyed(rows: DataFrame, survey: Survey) -> DataFrame:
    """The records with the blocks of their keys (``arrow.KEYED``); a block is named after its first record."""
    text = survey_json(survey)
    keys = _mapped(rows, lambda batch: arrow.block_keys(batch, survey_from(text)), arrow.KEY_ROWS)
    size = sql.count("*").cast("int").alias("size")
    blocks = keys.groupBy("slot", "text").agg(sql.min("number").alias("block"), size)
    return (
        keys.join(blocks, ["slot", "text"])
        .groupBy("number")
        .agg(sql.collect_list(sql.struct("slot", "block", "size")).alias("keys"))
    )


def _pairs(keyed: DataFrame, survey: Survey) -> DataFrame:
    """All pairs of records of a small block, or of two large blocks that have few records in common."""
    text = survey_json(survey)
    single = keyed.select("number", sql.inline("keys")).where(sql.col("size").between(2, MAX_BLOCK)).groupBy("slot", "block")
    crossed = _flat_mapped(
        keyed, lambda batch: arrow_pairs.crossed_blocks(batch, survey_from(text), MAX_BLOCK), arrow_pairs.CROSSED
    )
    names = arrow_pairs.CROSSED.names[:-1]
    # Counted before they are collected: two large blocks may have millions of records in common.
    few = crossed.groupBy(*names).count().where(sql.col("count").between(2, MAX_BLOCK)).drop("count")
    numbers = sql.collect_list("number").alias("numbers")
    blocks = single.agg(numbers).select("numbers").union(crossed.join(few, names).groupBy(*names).agg(numbers).select("numbers"))
    return _flat_mapped(blocks, lambda batch: arrow_pairs.block_pairs(batch, MAX_BLOCK), arrow_pairs.PAIRS).distinct()


def _rarest(pairs: DataFrame, keyed: DataFrame, survey: Survey) -> DataFrame:
    """The pairs that are among the ``PER_RECORD`` of either record that have the rarest keys in common."""
    text = survey_json(survey)
    bits = _mapped(_with_records(pairs, keyed), lambda batch: arrow_pairs.pair_bits(batch, survey_from(text)), arrow_pairs.BITS)

    def rank(end: str, other: str) -> Column:
        return sql.row_number().over(Window.partitionBy(end).orderBy(sql.desc("bits"), other))

    ranked = bits.withColumn("of_left", rank("left", "right")).withColumn("of_right", rank("right", "left"))
    return ranked.where((sql.col("of_left") <= PER_RECORD) | (sql.col("of_right") <= PER_RECORD)).select("left", "right")


def _with_records(pairs: DataFrame, records: DataFrame) -> DataFrame:
    """Both records of each pair, whole."""
    for end in ("left", "right"):
        ends = records.select(sql.col("number").alias(end), sql.struct(*records.columns).alias(f"{end}_record"))
        pairs = pairs.join(ends, end)
    return pairs.select(sql.col("left_record").alias("left"), sql.col("right_record").alias("right"))


def _observed(candidates: DataFrame, found: int, measured: DataFrame, survey: Survey, seed: int) -> Observed:
    drawn = draw(found, len(survey.population), np.random.default_rng(seed))
    if len(drawn.candidates) < found:
        rows = candidates.sparkSession.createDataFrame(pa.table({"number": drawn.candidates}))
        candidates = _numbered(candidates, "left", "right").join(rows, "number").select("left", "right")
    random = candidates.sparkSession.createDataFrame(pa.table({"left": drawn.left, "right": drawn.right}))
    return Observed(
        population=survey.population,
        columns=columns_of(survey),
        candidates=_compared(candidates, len(drawn.candidates), measured, survey),
        share=drawn.share,
        random=_in_order(_compared(random, len(drawn.left), measured, survey), drawn.left, drawn.right),
        all_pairs=drawn.all_pairs,
    )


def _compared(pairs: DataFrame, number: int, measured: DataFrame, survey: Survey) -> Sample:
    """So many pairs, sorted, compared and brought to the driver."""
    text = survey_json(survey)
    compared = _mapped(
        _with_records(pairs, measured),
        lambda batch: arrow_pairs.compare_pairs(batch, survey_from(text)),
        arrow_pairs.COMPARED,
    )
    table = compared.repartition(number // BROUGHT + 1).toArrow()
    table = table.sort_by([("left", "ascending"), ("right", "ascending")])
    shape = (table.num_rows, len(survey.totals))
    levels, rarity = (table.column(name).combine_chunks().flatten().to_numpy().reshape(shape) for name in ("levels", "rarity"))
    return Sample(Compared(levels, rarity), *(table.column(name).to_numpy() for name in ("source_left", "source_right")))


def _in_order(ordered: Sample, left: Index, right: Index) -> Sample:
    """Pairs that were sorted, in the order in which they were drawn: sums of fractions depend on the order."""
    place = np.empty(len(left), dtype=np.int64)
    place[np.lexsort((right, left))] = np.arange(len(left))
    return Sample(ordered.compared.take(place), ordered.source_left[place], ordered.source_right[place])


def _linked(candidates: DataFrame, measured: DataFrame, scorer: Scorer) -> tuple[DataFrame, Scorer]:
    """Clusters (``arrow_pairs.CLUSTERS``) of the records that are connected with others; the scorer with what names it learnt."""
    text = scorer_json(scorer)
    scored = _mapped(
        _with_records(candidates, measured),
        lambda batch: arrow_pairs.score_pairs(batch, scorer_of(text)),
        arrow_pairs.SCORED,
    )
    table = scored.where(sql.col("log_odds") > CONNECTING).toArrow()
    left, right, odds = (table.column(name).to_numpy() for name in ("left", "right", "log_odds"))
    component = connected(left, right, odds, len(scorer.survey.population))
    shelves = candidates.sparkSession.createDataFrame(_shelved(component))

    def aliases(shelf: pa.Table) -> pa.Table:
        return arrow_pairs.component_aliases(shelf, scorer_of(text))

    by_shelf = measured.join(shelves, "number").groupBy("shelf")
    observed = by_shelf.applyInArrow(aliases, from_arrow_schema(arrow_pairs.ALIASES)).collect()
    learning = replace(scorer, aliases=learnt(((row["one"], row["other"]), row["cluster"]) for row in observed))
    with_aliases = scorer_json(learning)

    def link(shelf: pa.Table) -> pa.Table:
        return arrow_pairs.link_components(shelf, scorer_of(with_aliases))

    return by_shelf.applyInArrow(link, from_arrow_schema(arrow_pairs.CLUSTERS)), learning


def _shelved(component: NDArray[np.int32]) -> pa.Table:
    """Records of components of more than one, which are put on shelves whole."""
    sizes = np.bincount(component).astype(np.int64)
    several = np.where(sizes > 1, sizes, 0)
    shelf = (np.cumsum(several) - several) // SHELF
    number = np.flatnonzero(several[component])
    of = component[number].astype(np.int64)
    return pa.table({"number": number, "component": of, "shelf": shelf[of]})
