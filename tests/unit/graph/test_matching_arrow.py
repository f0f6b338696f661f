"""Matching in Arrow batches: whatever the batches, what comes out is what the functions over all records in memory give."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pytest

from graph.identity.matching import arrow, arrow_pairs
from graph.identity.matching.arrow import in_batches, record_batch
from graph.identity.matching.blocks import rarity
from graph.identity.matching.candidates import blocking_keys, candidates
from graph.identity.matching.comparer import Comparer
from graph.identity.matching.fields import Meaning
from graph.identity.matching.matching import CONNECTING, Matching, connected, match_records, score_pairs
from graph.identity.matching.model import MatchModel
from graph.identity.matching.records import Records, records_of
from graph.identity.matching.scorer import Scorer, scorer_json, scorer_of, survey_from, survey_json
from graph.identity.matching.survey import Survey, columns_of, survey_of
from graph.model.claim import Claim

SIZES = (1, 7, 1_000_000)
PAIRS = 400
SMALL_BLOCK = 12
"""So small that blocks of three hundred records are divided by second keys."""


@dataclass(frozen=True, slots=True)
class People:
    """Records with everything that is counted between the batches."""

    records: Records
    survey: Survey
    rows: pa.RecordBatch
    measured: pa.Table
    keyed: pa.Table
    matching: Matching

    @property
    def scorer(self) -> Scorer:
        return Scorer(self.survey, self.matching.model)


@pytest.fixture(scope="module")
def people(customers: Callable[[int], list[Claim]]) -> People:
    records = records_of(customers(300))
    survey = survey_of(records)
    rows = record_batch(records, survey.fields)
    return People(records, survey, rows, measured(rows, survey), keyed(rows, survey), match_records(records))


def measured(rows: pa.RecordBatch, survey: Survey) -> pa.Table:
    stated = arrow.stated_values(rows, survey.fields).to_pylist()
    values = Counter((row["field"], row["text"]) for row in stated)
    domains = Counter((row["field"], row["domain"]) for row in stated if row["domain"] is not None)
    of_record: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in sorted(stated, key=lambda row: (row["number"], row["position"])):
        of_record[row["number"]].append((values[row["field"], row["text"]], domains[row["field"], row["domain"]]))
    lists = [of_record[number] for number in rows.column("number").to_pylist()]
    columns = [[value for value, _ in each] for each in lists], [[domain for _, domain in each] for each in lists]
    return pa.table([*rows.columns, *columns], schema=arrow.MEASURED)


def keyed(rows: pa.RecordBatch, survey: Survey) -> pa.Table:
    blocks: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row in arrow.block_keys(rows, survey).to_pylist():
        blocks[row["slot"], row["text"]].append(row["number"])
    of_record: dict[int, list[dict[str, int]]] = defaultdict(list)
    for (slot, _), numbers in blocks.items():
        for number in numbers:
            of_record[number].append({"slot": slot, "block": min(numbers), "size": len(numbers)})
    numbers = rows.column("number").to_pylist()
    return pa.table([numbers, [of_record[number] for number in numbers]], schema=arrow.KEYED)


def paired(records: pa.Table, left: Iterable[int], right: Iterable[int], schema: pa.Schema) -> pa.Table:
    rows = records.to_struct_array().combine_chunks()
    return pa.table([rows.take(pa.array(ends, pa.int64())) for ends in (left, right)], schema=schema)


def over(table: pa.Table, size: int, function: Callable[[pa.RecordBatch], pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    reader = pa.RecordBatchReader.from_batches(table.schema, in_batches(table, size))
    return pa.Table.from_batches([function(batch) for batch in reader], schema)


def test_there_are_records_of_every_kind(people: People) -> None:
    meanings = {total.field.meaning for total in people.survey.totals}
    assert {Meaning.GIVEN_NAME, Meaning.FAMILY_NAME, Meaning.EMAIL, Meaning.PHONE, Meaning.STREET} <= meanings
    assert {total.field.name: total.more for total in people.survey.totals if total.more} == {"email": 1, "phone": 1}
    assert len(people.survey.population) == 300
    assert len(set(people.records.ids)) == 300
    assert np.count_nonzero(people.matching.linked) > 100


def test_scorers_come_back_bit_for_bit(people: People) -> None:
    scorer = replace(people.scorer, aliases=frozenset((("bob", "robert"), ("jo", "joan"))))
    back = scorer_of(scorer_json(scorer))
    assert np.isneginf(scorer.model.match).any()
    for field in fields(MatchModel):
        one, other = getattr(scorer.model, field.name), getattr(back.model, field.name)
        if isinstance(one, np.ndarray):
            assert (one.shape, one.dtype, one.tobytes()) == (other.shape, other.dtype, other.tobytes())
        else:
            assert one == other
    assert back.aliases == scorer.aliases
    assert back.survey.totals == scorer.survey.totals
    assert back.survey.population.sources == scorer.survey.population.sources
    assert back.survey.population.sizes.tolist() == scorer.survey.population.sizes.tolist()
    assert survey_json(survey_from(survey_json(scorer.survey))) == survey_json(scorer.survey)


def test_a_model_with_what_is_no_logarithm_is_not_written(people: People) -> None:
    wrong = replace(people.matching.model, alone=np.full((3, 3), np.nan))
    with pytest.raises(ValueError, match="neither a number nor minus infinity"):
        scorer_json(Scorer(people.survey, wrong))


def test_totals_stand_for_the_values(people: People) -> None:
    for column, total in zip(columns_of(people.survey), people.records.columns.values(), strict=True):
        assert (column.stated, column.agreeing, column.mean_share) == (total.stated, total.agreeing, total.mean_share)


@pytest.mark.parametrize("size", SIZES)
def test_keys_do_not_depend_on_batches(people: People, size: int) -> None:
    expected = {
        (number, key.name, key.texts[key.codes[number]])
        for key in blocking_keys(people.records)
        for number in np.flatnonzero(key.codes >= 0).tolist()
    }
    rows = over(
        pa.Table.from_batches([people.rows]), size, lambda batch: arrow.block_keys(batch, people.survey), arrow.KEY_ROWS
    ).to_pylist()
    slots = people.survey.slots
    assert {(row["number"], slots[row["slot"]].name, row["text"]) for row in rows} == expected
    assert len(rows) == len(expected)
    assert any(name.endswith(":2") for _, name, _ in expected)


@pytest.mark.parametrize("size", SIZES)
def test_what_pairs_have_in_common_does_not_depend_on_batches(people: People, size: int) -> None:
    pairs = candidates(people.records)[:PAIRS]
    expected = rarity(list(blocking_keys(people.records)), pairs[:, 0], pairs[:, 1])
    table = paired(people.keyed, pairs[:, 0], pairs[:, 1], arrow_pairs.PAIRED_KEYS)
    found = over(table, size, lambda batch: arrow_pairs.pair_bits(batch, people.survey), arrow_pairs.BITS)
    assert found["bits"].to_numpy().tolist() == expected.tolist()
    assert np.column_stack([found["left"].to_numpy(), found["right"].to_numpy()]).tolist() == pairs.tolist()


@pytest.mark.parametrize("size", SIZES)
def test_levels_and_rarity_do_not_depend_on_batches(people: People, size: int) -> None:
    left, right = people.matching.left[:PAIRS], people.matching.right[:PAIRS]
    expected = Comparer(people.records).compare(left, right)
    table = paired(people.measured, left, right, arrow_pairs.PAIRED_RECORDS)
    found = over(table, size, lambda batch: arrow_pairs.compare_pairs(batch, people.survey), arrow_pairs.COMPARED)
    assert found["levels"].to_pylist() == expected.levels.tolist()
    assert found["rarity"].to_pylist() == expected.rarity.tolist()
    assert np.count_nonzero(expected.rarity) > PAIRS
    assert found["source_left"].to_pylist() == people.records.source[left].tolist()
    assert found["source_right"].to_pylist() == people.records.source[right].tolist()


@pytest.mark.parametrize("size", SIZES)
def test_odds_do_not_depend_on_batches(people: People, size: int) -> None:
    pairs = candidates(people.records)[:PAIRS]
    expected = score_pairs(people.matching.model, Comparer(people.records), pairs[:, 0], pairs[:, 1])
    table = paired(people.measured, pairs[:, 0], pairs[:, 1], arrow_pairs.PAIRED_RECORDS)
    scorer = scorer_of(scorer_json(people.scorer))
    found = over(table, size, lambda batch: arrow_pairs.score_pairs(batch, scorer), arrow_pairs.SCORED)
    assert found["log_odds"].to_numpy().tolist() == expected.tolist()


@pytest.mark.parametrize("size", SIZES)
def test_blocks_give_the_pairs_that_all_records_give(people: People, size: int) -> None:
    expected = candidates(people.records, per_record=1_000_000, max_block=SMALL_BLOCK)
    blocks: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row in arrow.block_keys(people.rows, people.survey).to_pylist():
        blocks[row["slot"], row["text"]].append(row["number"])
    crossed: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for batch in in_batches(people.keyed, size):
        for part in arrow_pairs.crossed_blocks(batch, people.survey, SMALL_BLOCK):
            for row in part.to_pylist():
                crossed[row["slot"], row["block"], row["other_slot"], row["other_block"]].append(row["number"])
    numbers = [each[::-1] for each in (*blocks.values(), *crossed.values()) if 1 < len(each) <= SMALL_BLOCK]
    table = pa.table([numbers], schema=arrow_pairs.BLOCKS)
    found = {
        (row["left"], row["right"])
        for batch in in_batches(table, size)
        for part in arrow_pairs.block_pairs(batch, SMALL_BLOCK)
        for row in part.to_pylist()
    }
    assert found == set(map(tuple, expected.tolist()))
    assert any(1 < len(each) <= SMALL_BLOCK for each in crossed.values())


@pytest.mark.parametrize("shelves", [1, 5])
def test_components_are_linked_by_themselves_as_they_are_together(people: People, shelves: int) -> None:
    matching = people.matching
    left, right = matching.left, matching.right
    component = connected(left, right, np.full(len(left), CONNECTING + 1), len(people.records))
    several = np.flatnonzero(np.bincount(component)[component] > 1)
    columns = [*people.measured.take(several).columns, component[several].astype(np.int64)]
    table = pa.table(columns, schema=arrow_pairs.COMPONENTS)
    found: dict[str, str] = {}
    for shelf in range(shelves):
        part = table.filter(pa.array(component[several] % shelves == shelf))
        found |= {row["id"]: row["cluster"] for row in arrow_pairs.link_components(part, people.scorer).to_pylist()}
    clusters = matching.linkage.clusters
    first = {cluster: people.records.ids[number] for number, cluster in reversed(list(enumerate(clusters.tolist())))}
    ids = people.records.ids
    assert found == {ids[number]: first[clusters[number]] for number in several.tolist()}
    assert len(set(found.values())) < len(found)


def test_a_batch_of_no_record_has_no_keys_and_no_values(people: People) -> None:
    none = people.rows.slice(0, 0)
    assert arrow.block_keys(none, people.survey).num_rows == 0
    assert arrow.stated_values(none, people.survey.fields).num_rows == 0
    pairs = pa.RecordBatch.from_pylist([], arrow_pairs.PAIRED_RECORDS)
    assert arrow_pairs.score_pairs(pairs, people.scorer).num_rows == 0


def test_records_that_the_survey_does_not_know_are_refused(people: People) -> None:
    batch = people.measured.to_batches()[0]
    others = replace(people.survey, population=replace(people.survey.population, sources=("crm", "other", "web")))
    with pytest.raises(ValueError, match="the survey knows no record of loyalty"):
        arrow.records_in(batch, others)
    with pytest.raises(ValueError, match="lists of values"):
        arrow.records_in(batch, replace(people.survey, totals=people.survey.totals[1:]))
