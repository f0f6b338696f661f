"""The matcher of every installation: scores all records against each other, and keeps the scores as evidence."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

from graph.identity.live_matcher import LiveMatcher
from graph.identity.matcher import Matched
from graph.identity.matching.estimates import estimates
from graph.identity.matching.live import scorer_for
from graph.identity.matching.matching import Matching, match_records
from graph.identity.matching.records import Records, records_of
from graph.identity.matching.scored import Kept, digest, kept_pairs, parameters_json, scored_matches
from graph.identity.matching.scorer import scorer_json, scorer_of
from graph.identity.progress import Progress
from graph.model.claim import Assertion, EvidenceSet, Match, weight_as_read
from graph.model.identity import Purpose
from graph.model.scored_match import MatchModelRecord
from graph.repositories.matches import MatchRepository


class ScoresRecords:
    """Scores the records whenever what they state has changed since they were scored last."""

    def __init__(
        self,
        matches: MatchRepository,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        pupil: LiveMatcher | None = None,
    ) -> None:
        """``pupil`` learns what scores all records, to score those that come later."""
        self._matches = matches
        self._pupil = pupil
        self._clock = clock
        self._new_id = new_id

    async def match(self, evidence: EvidenceSet, *, target_precision: float | None, progress: Progress) -> Matched:
        """The evidence with the scores that hold now; what is new of them is in the graph when this returns."""
        seconds = _Seconds()
        # In a thread of its own: whoever holds a lease must be able to renew it meanwhile.
        records = await asyncio.to_thread(records_of, evidence.claims)
        asked = _Asked(records=records, labels=labels_of(evidence.assertions), target_precision=target_precision)
        evidence_digest = await asyncio.to_thread(digest, records, asked.labels, target_precision)
        seconds.begin("read")
        latest = await self._matches.latest_model()
        if latest is not None and latest.evidence_digest == evidence_digest:
            standing = await self._matches.matches()
            seconds.begin("")
            stored, name = latest.scorer, latest.id

            async def teach() -> None:
                if self._pupil is not None and stored is not None:
                    await self._pupil.learn(records, scorer_of(stored), matches=standing, model=name)

            return Matched(
                evidence=replace(evidence, matches=standing),
                estimates=json.loads(latest.estimates),
                seconds=seconds.by_step,
                keep=teach,
            )
        matching, kept = await asyncio.to_thread(_match, asked, seconds)
        matches = await asyncio.to_thread(_matches, matching, kept)
        expected, scorer = estimates(matching), scorer_for(matching)
        model = MatchModelRecord(
            id=f"model_{self._new_id()}",
            evidence_digest=evidence_digest,
            parameters=parameters_json(matching.model),
            estimates=json.dumps(expected),
            scorer=scorer_json(scorer),
        )
        at = self._clock()

        async def keep() -> None:
            advance = progress.stage("write matches", len(matches))
            await self._matches.replace(scored_matches(matching, kept), model, at=at, progress=advance)
            if self._pupil is not None:
                await self._pupil.learn(records, scorer, matches=matches, model=model.id)

        seconds.begin("")
        return Matched(evidence=replace(evidence, matches=matches), estimates=expected, seconds=seconds.by_step, keep=keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    records: Records
    labels: Mapping[tuple[str, str], bool]
    target_precision: float | None


def labels_of(assertions: Iterable[Assertion]) -> dict[tuple[str, str], bool]:
    """What stewards said of pairs of records, the smaller id first: the newest word on each that counts for individuals."""
    found: dict[tuple[str, str], bool] = {}
    for assertion in sorted(assertions, key=lambda each: (each.at, each.id)):
        if assertion.purpose in (None, Purpose.INDIVIDUAL):
            found[min(assertion.left, assertion.right), max(assertion.left, assertion.right)] = assertion.same
    return found


def match_evidence(evidence: EvidenceSet, *, target_precision: float | None) -> EvidenceSet:
    """The evidence with scores made here and now, which are kept nowhere."""
    labels = labels_of(evidence.assertions)
    asked = _Asked(records=records_of(evidence.claims), labels=labels, target_precision=target_precision)
    return replace(evidence, matches=_matches(*_match(asked, _Seconds())))


def _match(asked: _Asked, seconds: "_Seconds") -> tuple[Matching, Kept]:
    matching = match_records(asked.records, labels=asked.labels, target_precision=asked.target_precision, stage=seconds.begin)
    seconds.begin("keep")
    return matching, kept_pairs(matching)


def _matches(matching: Matching, kept: Kept) -> tuple[Match, ...]:
    """What resolution needs to know of the scores."""
    return tuple(
        Match(left=left, right=right, match_weight=weight_as_read(weight), linked=linked)
        for part in kept.parts()
        for left, right, weight, linked in part.rows(matching.records.ids)
    )


class _Seconds:
    """Seconds by step."""

    def __init__(self) -> None:
        self.by_step: dict[str, float] = {}
        self._step = "prepare"
        self._since = perf_counter()

    def begin(self, step: str) -> None:
        """End the present step and begin another."""
        now = perf_counter()
        self.by_step[self._step] = round(self.by_step.get(self._step, 0.0) + now - self._since, 2)
        self._step, self._since = step, now
