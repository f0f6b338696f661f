"""Every metric is in docs/operations.md or docs/graph-health.md, and every one that stands there exists."""

import re
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry

from api.metrics import ApiMetrics
from ingest import metrics, stream_metrics

DOCS = Path(__file__).resolve().parents[2] / "docs"
METRIC = re.compile(r"\bkindred_[a-z_]+[a-z]\b(?!\.)")
SUFFIXES = ("_total", "_bucket", "_sum", "_count")


def plain(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def existing() -> set[str]:
    api = CollectorRegistry()
    ApiMetrics(api)
    assert metrics.EVENTS is not None, "they are of the process's registry once imported"
    families = [*api.collect(), *REGISTRY.collect(), *stream_metrics._families()]
    described = {metric.name for collector in (*api._collector_to_names,) for metric in collector.describe()}
    return {plain(name) for name in {family.name for family in families} | described if name.startswith("kindred_")}


def test_metrics_are_documented_and_those_documented_exist() -> None:
    text = "\n".join((DOCS / name).read_text(encoding="utf-8") for name in ("operations.md", "graph-health.md"))
    tables = "\n".join(line for line in text.splitlines() if line.startswith("| `kindred_"))
    documented = {plain(name) for name in METRIC.findall(tables)}
    assert existing() == documented
