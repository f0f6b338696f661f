"""Records that came after all were matched: scored and linked one by one, by what the last matching learnt.

Model, aliases, threshold and the totals of every field stay those of that matching; how often a value is stated counts what came
since. A record is compared with those that share the rarest keys with it, and clusters are made anew in the components that it
connects, by the functions by which all records are matched. The next matching of everything learns anew, and replaces all this.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.identity.matching.arrow import MEASURED, records_in
from graph.identity.matching.blocks import Key, bits_of
from graph.identity.matching.candidates import MAX_BLOCK, PER_RECORD, blocking_keys
from graph.identity.matching.comparer import Comparer
from graph.identity.matching.fields import IDENTIFYING, Meaning
from graph.identity.matching.linkage import components, profile_linkage
from graph.identity.matching.matching import CONNECTING, Linked, Matching, connected, evidence_of, pairs_within, score_pairs
from graph.identity.matching.records import Column, Records, domain_of, records_of
from graph.identity.matching.scored import kept_pairs, scored_matches
from graph.identity.matching.scorer import Scorer
from graph.identity.matching.survey import survey_of
from graph.model.claim import Claim
from graph.model.ids import RecordId
from graph.model.scored_match import ScoredMatch

Index = NDArray[np.int64]

CROSSED = 8
"""Large blocks of a record, the smallest, of which each two are crossed."""
MOST_TOGETHER = 600
"""Records that are clustered again at once, beyond which components that fit less are left as they are."""

_KeyText = tuple[str, str]
"""Name of a key and its text."""
_Key = tuple[str, str, str]
"""Name of a key, the field that it is of, and its text."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a record states of each field of the survey."""

    id: RecordId
    source: str
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Rescored:
    """What scoring some records came to."""

    stated: tuple[Stated, ...]
    """All that were looked at, with what they state now, by id."""
    group: tuple[int, ...]
    """The number of each one's group, in the same order."""
    matches: tuple[ScoredMatch, ...]
    """The scores that hold among the records of one group now; others among them hold no more."""
    unscored: int
    """Records of a source that no record was of when all were matched: the next matching of everything scores them."""
    component: tuple[int, ...]
    """The number of each one's component, in the same order."""
    keys: Mapping[RecordId, Sequence[_KeyText]]
    """Of those that say something new."""

    @property
    def records(self) -> tuple[RecordId, ...]:
        """All that were looked at, sorted."""
        return tuple(each.id for each in self.stated)

    @property
    def group_of(self) -> dict[RecordId, int]:
        """The group of each record."""
        return dict(zip(self.records, self.group, strict=True))


def scorer_for(matching: Matching) -> Scorer:
    """What a matching learnt, to score what comes later by."""
    return Scorer(survey_of(matching.records), matching.model, matching.comparer.aliases, matching.threshold)


class _Blocks:
    """The records by their texts of one key."""

    def __init__(self, keys: Sequence[Key]) -> None:
        texts, count = keys[0].texts, max(len(key.codes) for key in keys)
        pairs = [np.flatnonzero(key.codes >= 0) + key.codes[key.codes >= 0].astype(np.int64) * count for key in keys]
        pair = np.unique(np.concatenate(pairs))
        self._texts = texts
        self._members = (pair % max(count, 1)).astype(np.int32)
        self._starts = np.searchsorted(pair // max(count, 1), np.arange(len(texts) + 1))

    def of(self, text: str) -> NDArray[np.int32]:
        """Those that have a text, sorted."""
        place = bisect_left(self._texts, text)
        if place == len(self._texts) or self._texts[place] != text:
            return self._members[:0]
        return self._members[self._starts[place] : self._starts[place + 1]]


class LiveMatching:
    """All records that were matched, and what came since. Not safe to be used by several at once."""

    def __init__(self, records: Records, scorer: Scorer, component: NDArray[np.int32]) -> None:
        """``component`` is (records,): the component of each, in which records are linked or not."""
        self._records = records
        self.sources = frozenset(records.sources)
        """The sources whose records can be scored."""
        self._scorer = scorer
        self._fields = scorer.survey.fields
        self._columns = [records.columns[field.name] for field in self._fields]
        self._more = [_More(column) for column in self._columns]
        by_name: dict[str, list[Key]] = defaultdict(list)
        for key in blocking_keys(records):
            by_name[_base(key.name)].append(key)
        self._blocks = {name: _Blocks(keys) for name, keys in by_name.items()}
        self._component = component
        self._by_component = np.argsort(component, kind="stable")
        self._starts = np.searchsorted(component[self._by_component], np.arange(int(component.max(initial=-1)) + 2))
        self._components = len(self._starts) - 1
        self._since: list[Stated] = []
        self._number_since: dict[RecordId, int] = {}
        self._keyed_since: dict[_KeyText, list[int]] = defaultdict(list)
        self._counted_since: Counter[tuple[int, str]] = Counter()
        self._component_since: dict[int, int] = {}
        self._members_since: dict[int, list[int]] = {}
        self._gone: set[int] = set()

    @classmethod
    def of(cls, matching: Matching) -> "LiveMatching":
        """By what a matching learnt."""
        component = components(matching.left, matching.right, len(matching.records))
        return cls(matching.records, scorer_for(matching), component)

    def score(self, claims: Iterable[Claim]) -> Rescored:
        """Score records that are new or state something else than before; of others nothing is said."""
        given = sorted({claim.record_id: claim for claim in claims}.values(), key=lambda claim: claim.record_id)
        known = [claim for claim in given if claim.source in self.sources]
        new = [each for each in self._stated_by(records_of(known)) if self._stated_before(each.id) != each]
        first = len(self)
        rows = {first + place: each for place, each in enumerate(new)}
        replaced = {self._number_of(each.id) for each in new} - {None}
        keys = self._keys_of(new)
        pending: dict[_KeyText, list[int]] = defaultdict(list)
        pairs: list[tuple[int, int]] = []
        for number, own in zip(rows, keys, strict=True):
            pairs += [(number, fellow) for fellow in self._fellows(own, pending) if fellow not in replaced]
            for name, _, text in own:
                pending[name, text].append(number)
        fellows = self._connecting(pairs, rows)
        together: list[tuple[int, int]] = []
        for number, each in rows.items():
            found = {number, *self._inside(self._number_of(each.id))}
            for fellow in fellows[number]:
                whole = {fellow, *self._inside(fellow)}
                if len(found | whole) <= MOST_TOGETHER:
                    found |= whole
            together += [(number, member) for member in sorted(found - replaced)]
        return self._linked(together, rows, keys, unscored=len(given) - len(known))

    def keep(self, rescored: Rescored) -> None:
        """Take what was scored for known, once it is written."""
        component_of: dict[int, int] = {}
        numbers: list[int] = []
        for each in rescored.stated:
            before = self._number_of(each.id)
            if before is None or self._row(before) != each:
                if before is not None:
                    self._gone.add(before)
                number = len(self)
                self._since.append(each)
                self._number_since[each.id] = number
                for place, texts in enumerate(each.values):
                    self._counted_since.update((place, text) for text in texts)
                for key in rescored.keys[each.id]:
                    self._keyed_since[key].append(number)
            else:
                number = before
            numbers.append(number)
        for number, component in zip(numbers, rescored.component, strict=True):
            if component not in component_of:
                component_of[component] = self._components
                self._members_since[self._components] = []
                self._components += 1
            self._component_since[number] = component_of[component]
            self._members_since[component_of[component]].append(number)

    def _linked(
        self, together: Sequence[tuple[int, int]], rows: Mapping[int, Stated], keys: Sequence[Sequence[_Key]], *, unscored: int
    ) -> Rescored:
        """Cluster records anew, given who may be with whom; among these whichever of them connect."""
        stated_of = {number: self._row(number, rows) for number in {member for _, member in together}}
        numbers = sorted(stated_of, key=lambda number: stated_of[number].id)
        stated = tuple(stated_of[number] for number in numbers)
        place = {number: at for at, number in enumerate(numbers)}
        ends = np.array([(place[one], place[other]) for one, other in together], dtype=np.int64).reshape(-1, 2)
        group = components(ends[:, 0], ends[:, 1], len(stated))
        left, right = pairs_within(group)
        matches: tuple[ScoredMatch, ...] = ()
        component = np.arange(len(stated), dtype=np.int32)
        if len(left):
            records, model = self._measured(stated), self._scorer.model
            compares = Comparer(records, self._scorer.aliases)
            component = connected(left, right, score_pairs(model, compares, left, right), len(stated))
            left, right = pairs_within(component)
            compared = compares.compare_all(left, right)
            evidence = evidence_of(model, compares, left, right, compared)
            linked = Linked(
                records=records,
                comparer=compares,
                model=model,
                left=left,
                right=right,
                compared=compared,
                log_odds=evidence.log_odds,
                linkage=profile_linkage(left, right, evidence, len(stated), threshold=self._scorer.threshold),
            )
            matches = tuple(scored_matches(linked, kept_pairs(linked)))
        return Rescored(
            stated=stated,
            group=tuple(group.tolist()),
            matches=matches,
            unscored=unscored,
            component=tuple(component.tolist()),
            keys={each.id: tuple((name, text) for name, _, text in own) for each, own in zip(rows.values(), keys, strict=True)},
        )

    def _connecting(self, pairs: Sequence[tuple[int, int]], rows: Mapping[int, Stated]) -> dict[int, list[int]]:
        """Of each record the fellows that it may be one person with, the likeliest first, given pairs of records and fellows.

        Of those with which it shares an identifier it is kept, too, if they are not.
        """
        found: dict[int, list[int]] = {number: [] for number in rows}
        if not pairs:
            return found
        stated = {number: self._row(number, rows) for pair in pairs for number in pair}
        numbers = sorted(stated, key=lambda number: stated[number].id)
        place = {number: at for at, number in enumerate(numbers)}
        ends = np.array([(place[one], place[other]) for one, other in pairs], dtype=np.int64)
        comparer = Comparer(self._measured([stated[number] for number in numbers]), self._scorer.aliases)
        odds = score_pairs(self._scorer.model, comparer, ends.min(axis=1), ends.max(axis=1))
        for row in np.argsort(-odds, kind="stable").tolist():
            number, fellow = pairs[row]
            if odds[row] > CONNECTING or self._share(stated[number], stated[fellow]):
                found[number].append(fellow)
        return found

    def _share(self, one: Stated, other: Stated) -> bool:
        """Whether two records state the same identifier."""
        return any(
            field.meaning in IDENTIFYING and not set(texts).isdisjoint(others)
            for field, texts, others in zip(self._fields, one.values, other.values, strict=True)
        )

    def _fellows(self, keys: Sequence[_Key], pending: Mapping[_KeyText, list[int]]) -> list[int]:
        """The records with which a record has most in common, given its keys."""
        blocks = [(field, self._block(name, text, pending)) for name, field, text in keys]
        small = [block for _, block in blocks if len(block) <= MAX_BLOCK]
        large = sorted(((field, block) for field, block in blocks if len(block) > MAX_BLOCK), key=lambda each: len(each[1]))
        found = set(np.concatenate([np.empty(0, dtype=np.int64), *small]).tolist())
        for (field, block), (other, longer) in combinations(large[:CROSSED], 2):
            if field != other:
                both = block[_are_in(block, longer)]
                if len(both) <= MAX_BLOCK:
                    found.update(both.tolist())
        fellows = np.array(sorted(found), dtype=np.int64)
        in_common: dict[str, NDArray[np.float32]] = {}
        for field, block in blocks:
            # With the record itself there is one more.
            [bits] = bits_of(np.array([len(block) + 1], dtype=np.int32), max(len(self), 2))
            worth = np.where(_are_in(fellows, block), bits, np.float32(0))
            in_common[field] = np.maximum(in_common.get(field, np.float32(0)), worth)
        total = np.sum(list(in_common.values()), axis=0) if in_common else np.zeros(len(fellows))
        best: list[int] = fellows[np.argsort(-total, kind="stable")][: 2 * PER_RECORD].tolist()
        return best

    def _block(self, name: str, text: str, pending: Mapping[_KeyText, list[int]]) -> Index:
        """The records that have a key, sorted."""
        before = self._blocks[name].of(text).astype(np.int64) if name in self._blocks else np.empty(0, dtype=np.int64)
        since = [*self._keyed_since.get((name, text), ()), *pending.get((name, text), ())]
        found = np.concatenate([before, np.array(since, dtype=np.int64)])
        return found[~np.isin(found, list(self._gone))] if self._gone else found

    def __len__(self) -> int:
        return len(self._records) + len(self._since)

    def _inside(self, number: int | None) -> list[int]:
        """The records of a record's component that are still there."""
        if number is None:
            return []
        component = self._component_since.get(number)
        if component is not None:
            return [each for each in self._members_since[component] if self._is_inside(each, component)]
        if number >= len(self._records):
            return [number]
        place = self._component[number]
        members: list[int] = self._by_component[self._starts[place] : self._starts[place + 1]].tolist()
        return [each for each in members if each not in self._gone and each not in self._component_since]

    def _is_inside(self, number: int, component: int) -> bool:
        return number not in self._gone and self._component_since[number] == component

    def _keys_of(self, stated: Sequence[Stated]) -> list[list[_Key]]:
        """Of each record its keys: name, field, text."""
        found: list[dict[_Key, None]] = [{} for _ in stated]
        if not stated:
            return []
        for key in blocking_keys(self._measured(stated)):
            for row in np.flatnonzero(key.codes >= 0).tolist():
                found[row][_base(key.name), key.field, key.texts[key.codes[row]]] = None
        return [list(keys) for keys in found]

    def _measured(self, stated: Sequence[Stated]) -> Records:
        """Records in the order given, with what all records state in place of what they do."""
        counts = [[self._count(place, text) for place, texts in enumerate(each.values) for text in texts] for each in stated]
        domains = [
            [self._domain_count(place, text) for place, texts in enumerate(each.values) for text in texts] for each in stated
        ]
        batch = pa.record_batch(
            [
                list(range(len(stated))),
                [each.id for each in stated],
                [each.source for each in stated],
                [[list(texts) for texts in each.values] for each in stated],
                counts,
                domains,
            ],
            schema=MEASURED,
        )
        return records_in(batch, self._scorer.survey)

    def _count(self, place: int, text: str) -> int:
        column, since = self._columns[place], self._counted_since[place, text]
        at = bisect_left(column.values, text)
        before = int(column.counts[at]) if at < len(column.values) and column.values[at] == text else 0
        return max(before + since, 1)

    def _domain_count(self, place: int, text: str) -> int:
        column = self._columns[place]
        return column.domain_counts.get(domain_of(text), 1) if column.meaning is Meaning.EMAIL else 0

    def _stated_by(self, records: Records) -> Iterator[Stated]:
        columns = [records.columns.get(field.name) for field in self._fields]
        more = [None if column is None else _More(column) for column in columns]
        for number, record_id in enumerate(records.ids):
            values = tuple(
                () if column is None or others is None else _values_in(column, others, number)
                for column, others in zip(columns, more, strict=True)
            )
            yield Stated(RecordId(record_id), records.sources[records.source[number]], values)

    def _stated_before(self, record_id: RecordId) -> Stated | None:
        number = self._number_of(record_id)
        return None if number is None else self._row(number)

    def _number_of(self, record_id: RecordId) -> int | None:
        """The number of a record as it is now; None where it is not known."""
        since = self._number_since.get(record_id)
        if since is not None:
            return since
        place = bisect_left(self._records.ids, record_id)
        return place if place < len(self._records.ids) and self._records.ids[place] == record_id else None

    def _row(self, number: int, rows: Mapping[int, Stated] | None = None) -> Stated:
        if rows is not None and number in rows:
            return rows[number]
        if number >= len(self._records):
            return self._since[number - len(self._records)]
        values = tuple(_values_in(column, more, number) for column, more in zip(self._columns, self._more, strict=True))
        return Stated(RecordId(self._records.ids[number]), self._records.sources[self._records.source[number]], values)


@dataclass(frozen=True)
class _More:
    """A column's values beyond the first of each record, by record."""

    column: Column

    @cached_property
    def ordered(self) -> NDArray[np.int32]:
        """Rows of (record, code), by record."""
        return self.column.more[np.argsort(self.column.more[:, 0], kind="stable")]

    def of(self, number: int) -> list[int]:
        """The codes of a record."""
        start, end = np.searchsorted(self.ordered[:, 0], [number, number + 1])
        codes: list[int] = self.ordered[start:end, 1].tolist()
        return codes


def _values_in(column: Column, more: _More, number: int) -> tuple[str, ...]:
    code = column.codes[number]
    if code < 0:
        return ()
    first = column.values[code]
    return (first, *(column.values[other] for other in more.of(number))) if len(column.more) else (first,)


def _base(name: str) -> str:
    """A key's name without the rank of the value that it is of."""
    return ":".join(name.split(":")[:2])


def _are_in(numbers: Index, block: Index) -> NDArray[np.bool_]:
    """(numbers,): which of them a block has, whose numbers are sorted."""
    if not len(block):
        return np.zeros(len(numbers), dtype=np.bool_)
    places = np.minimum(np.searchsorted(block, numbers), len(block) - 1)
    found: NDArray[np.bool_] = block[places] == numbers
    return found
