"""What scored matches say of records: who belongs together, and which pairs do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph.model.claim import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Groups of records that are linked, and pairs that were found to be of two people."""

    group_of: Mapping[str, int]
    """Records that are linked with another, and the number of their group."""
    apart: frozenset[tuple[str, str]]
    """Pairs that were scored and found to be of two people; the smaller id first."""
    scored: frozenset[str]
    """Records that were scored with any other."""

    def same_group(self, left: str, right: str) -> bool:
        """Whether scored matches link the two, directly or by way of others."""
        group = self.group_of.get(left)
        return group is not None and group == self.group_of.get(right)


NO_VERDICTS = Verdicts(group_of={}, apart=frozenset(), scored=frozenset())


def verdicts_of(matches: Iterable[Match]) -> Verdicts:
    """The verdicts of scored matches."""
    parent: dict[str, str] = {}

    def root(record: str) -> str:
        while (above := parent.setdefault(record, record)) != record:
            parent[record] = record = parent[above]
        return record

    apart: list[tuple[str, str]] = []
    for match in matches:
        if match.linked:
            left, right = root(match.left), root(match.right)
            if left != right:
                parent[max(left, right)] = min(left, right)
        else:
            apart.append((match.left, match.right))
    number_of: dict[str, int] = {}
    return Verdicts(
        group_of={record: number_of.setdefault(root(record), len(number_of)) for record in sorted(parent)},
        apart=frozenset(apart),
        scored=frozenset(parent) | {record for pair in apart for record in pair},
    )
