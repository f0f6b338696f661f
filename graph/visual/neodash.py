"""The NeoDash 2.4 dashboard: the graph for those who have no Bloom, in any deployment of Neo4j."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from graph.statements import neodash
from graph.statements.statement import Statement
from graph.visual.bloom import code_of
from graph.visual.catalog import LABELS

NEODASH_VERSION = "2.4"
NAMESPACE = uuid.UUID("0f0f4a52-7c0b-4b5e-8f0b-0d0f3a1c9f55")
PAGE_COLUMNS = 24
"""Width of a NeoDash page in grid columns."""
CUSTOMER_PARAMETER = "neodash_customer_email"

_WELCOME = """Kindred keeps three identity graphs over one layer of evidence.

Choose a person by e-mail address on the page **Person**; the pages **Identity graph**, **Journey** and **Decisions** follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One tile. ``query`` is a statement, or Markdown where ``kind`` is ``text``; sizes are in grid columns and rows."""

    title: str
    kind: str
    query: Statement[Any, Any] | str
    width: int
    height: int = 4
    settings: dict[str, Any] = field(default_factory=dict)
    selection: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of tiles, laid out left to right, top to bottom."""

    title: str
    reports: tuple[Report, ...]


_CAPTIONS = {label.name: label.caption[0] for label in LABELS}
_BARS = {"legend": False, "barValues": True}
_SELECTOR = Report(
    title="Choose a person by e-mail address",
    kind="select",
    query=neodash.SUGGEST_EMAIL,
    width=8,
    height=3,
    settings={"type": "Custom Query", "entityType": "customer_email", "parameterName": CUSTOMER_PARAMETER},
)

PAGES = (
    Page(
        title="Overview",
        reports=(
            Report(title="Kindred", kind="text", query=_WELCOME, width=8),
            Report(title="What the graph holds", kind="table", query=neodash.COUNT_NODES, width=16, settings={"compact": True}),
            Report(
                title="Interactions by channel",
                kind="bar",
                query=neodash.COUNT_TOUCHPOINTS_BY_CHANNEL,
                width=12,
                settings=_BARS,
                selection={"index": "channel", "value": "touchpoints", "key": "(none)"},
            ),
            Report(
                title="Identifiers by kind",
                kind="bar",
                query=neodash.COUNT_IDENTIFIERS_BY_NAMESPACE,
                width=12,
                settings=_BARS,
                selection={"index": "namespace", "value": "identifiers", "key": "(none)"},
            ),
        ),
    ),
    Page(
        title="Person",
        reports=(
            _SELECTOR,
            Report(title="Identifiers and records", kind="table", query=neodash.LIST_PERSON_MEMBERS, width=24, height=6),
        ),
    ),
    Page(
        title="Identity graph",
        reports=(
            _SELECTOR,
            Report(
                title="Members, evidence, household and operational identities",
                kind="graph",
                query=neodash.DRAW_PERSON,
                width=24,
                height=8,
                selection=_CAPTIONS,
                settings={"nodePositions": {}},
            ),
        ),
    ),
    Page(
        title="Journey",
        reports=(_SELECTOR, Report(title="Newest first", kind="table", query=neodash.LIST_JOURNEY, width=24, height=8)),
    ),
    Page(
        title="Held back",
        reports=(
            Report(
                title="By purpose and reason",
                kind="bar",
                query=neodash.COUNT_HELD_BACK,
                width=24,
                settings=_BARS,
                selection={"index": "reason", "value": "held", "key": "(none)"},
            ),
            Report(title="What is left out, and why", kind="table", query=neodash.LIST_HELD_BACK, width=24, height=6),
        ),
    ),
    Page(
        title="Decisions",
        reports=(
            _SELECTOR,
            Report(
                title="By purpose and kind",
                kind="bar",
                query=neodash.COUNT_DECISIONS,
                width=16,
                settings=_BARS,
                selection={"index": "kind", "value": "decisions", "key": "(none)"},
            ),
            Report(title="About the chosen person", kind="table", query=neodash.LIST_DECISIONS, width=24, height=6),
        ),
    ),
)


def dashboard() -> dict[str, Any]:
    """The dashboard as NeoDash imports it, ready to be written as JSON."""
    return {
        "uuid": str(NAMESPACE),
        "title": "Kindred",
        "version": NEODASH_VERSION,
        "settings": {
            "pagenumber": 0,
            "editable": True,
            "fullscreenEnabled": True,
            "parameters": {CUSTOMER_PARAMETER: ""},
        },
        "pages": [{"title": page.title, "reports": _laid_out(page)} for page in PAGES],
        "parameters": {},
        "extensions": {"active": True, "activeReducers": []},
    }


def _laid_out(page: Page) -> list[dict[str, Any]]:
    placed = []
    x = y = row_height = 0
    for index, report in enumerate(page.reports):
        if x + report.width > PAGE_COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        placed.append(
            {
                "id": str(uuid.uuid5(NAMESPACE, f"{page.title}/{index}")),
                "title": report.title,
                "query": report.query if isinstance(report.query, str) else code_of(report.query),
                "type": report.kind,
                "x": x,
                "y": y,
                "width": report.width,
                "height": report.height,
                "selection": dict(report.selection),
                "settings": dict(report.settings),
            }
        )
        x += report.width
        row_height = max(row_height, report.height)
    return placed
