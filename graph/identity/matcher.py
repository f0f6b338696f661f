"""What scores records against each other, as resolution asks for it: once in a run, before anything is concluded."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from graph.identity.progress import Progress
from graph.model.claim import EvidenceSet
from graph.repositories.matches import MatchRepository


async def _nothing() -> None:
    """All matches are in the graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Evidence with its scored matches."""

    evidence: EvidenceSet
    estimates: Mapping[str, object] | None = None
    """What the matcher expects of its own precision and recall; kept with the run. None where it estimates nothing."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds by step, of the whole time that matching took."""
    keep: Callable[[], Coroutine[Any, Any, None]] = _nothing
    """Writes what is new of the matches; before it is done, no identity that follows from them may be written."""


class Matcher(Protocol):
    """Scores records of the evidence against each other."""

    async def match(self, evidence: EvidenceSet, *, target_precision: float | None, progress: Progress) -> Matched:
        """The evidence with the matches that hold now; what is new of them is in the graph once it is kept.

        Links are made such that ``target_precision`` is to be expected of them, see ``matching.match_records``.
        """


class KeepsMatches:
    """Scores nothing: the matches that are in the graph hold."""

    def __init__(self, matches: MatchRepository) -> None:
        self._matches = matches

    async def match(
        self,
        evidence: EvidenceSet,
        *,
        target_precision: float | None,  # noqa: ARG002 - it links nothing anew
        progress: Progress,  # noqa: ARG002 - it has no steps
    ) -> Matched:
        """The evidence with the matches of the graph."""
        return Matched(evidence=replace(evidence, matches=await self._matches.matches()))
