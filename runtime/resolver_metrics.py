"""Counts what resolutions do to identities."""

from collections.abc import Iterable

from graph.identity.resolver import ResolutionReport
from graph.model.stewardship import Effect
from ingest import metrics


def count_effect(effect: Effect) -> None:
    """Count the changes of identities that were settled at once."""
    for change in effect.changes:
        metrics.IDENTITY_CHANGES.labels(purpose=change.purpose.value, kind=change.kind.value).inc()


def count_reports(reports: Iterable[ResolutionReport]) -> None:
    """Count the decisions of resolutions of everything."""
    for report in reports:
        for kind, count in report.decisions.items():
            metrics.IDENTITY_CHANGES.labels(purpose=report.purpose.value, kind=kind).inc(count)


def count_scored(scored: int, unscored: int) -> None:
    """Count records that were scored where identities were settled, and those that wait for a resolution of everything."""
    metrics.RECORDS_SCORED.inc(scored)
    metrics.RECORDS_UNSCORED.inc(unscored)
