"""The Bloom perspective: how the graph looks in Neo4j Bloom and Aura's Explore, and what can be asked of it there.

Generated from ``graph.visual.catalog`` and the statements of ``graph.statements.bloom``. The same inputs give the same bytes, so
the file can be kept and compared.
"""

import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from graph.statements import bloom
from graph.statements.statement import Statement
from graph.visual.catalog import LABELS, RELATIONSHIP_TYPES, Label, RelationshipType

BLOOM_VERSION = "2.7.0"
EDITED_AT = datetime(2026, 11, 22, tzinfo=UTC)
"""When the perspective was last changed here; fixed, so that the same catalogue gives the same file."""
NAMESPACE = uuid.UUID("6a1f6d7e-5a0c-4a86-9a3f-5f1d2f1c7b10")
PALETTE = (
    "#FFE081", "#C990C0", "#F79767", "#57C7E3", "#F16667", "#D9C8AE", "#8DCC93",
    "#ECB5C9", "#4C8EDA", "#FFC454", "#DA7194", "#569480", "#848484", "#D9D9D9",
)  # fmt: skip
RELATIONSHIP_CAPTION = "0_REL_TYPE_CAPTION_KEY"
CATEGORY_CAPTION = "0_CATEGORY_NAME_CAPTION_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Where Bloom finds values to offer while a parameter is typed."""

    label: str
    property: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPhrase:
    """A question that Bloom's search bar understands. ``text`` names the statement's parameters as ``$name``."""

    text: str
    meaning: str
    statement: Statement[Any, Any]
    suggestions: tuple[tuple[str, Suggestion], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneAction:
    """What the context menu offers on selected nodes of ``labels``."""

    name: str
    statement: Statement[Any, Any]
    labels: tuple[str, ...]


_IDENTIFIER_VALUE = Suggestion(label="Identifier", property="value")
_EMAIL = (("email", _IDENTIFIER_VALUE),)
_PURPOSE = Suggestion(label="HeldBack", property="purpose")

SEARCH_PHRASES = (
    SearchPhrase(
        text="identity of $email",
        meaning="The person with an e-mail address and everything that belongs to that person",
        statement=bloom.IDENTITY_OF_EMAIL,
        suggestions=_EMAIL,
    ),
    SearchPhrase(
        text="who has $identifier",
        meaning="The person with a phone number, loyalty card, user id or cookie",
        statement=bloom.IDENTITY_OF_IDENTIFIER,
        suggestions=(("identifier", _IDENTIFIER_VALUE),),
    ),
    SearchPhrase(
        text="household of $email",
        meaning="Who lives with the person with an e-mail address",
        statement=bloom.HOUSEHOLD_OF_EMAIL,
        suggestions=_EMAIL,
    ),
    SearchPhrase(
        text="journey of $email",
        meaning="The newest 100 interactions of the person with an e-mail address",
        statement=bloom.JOURNEY_OF_EMAIL,
        suggestions=_EMAIL,
    ),
    SearchPhrase(
        text="why are $a and $b one person",
        meaning="The shortest chain of evidence between two identifiers or records of one person",
        statement=bloom.WHY_ONE_PERSON,
        suggestions=(("a", _IDENTIFIER_VALUE), ("b", _IDENTIFIER_VALUE)),
    ),
    SearchPhrase(
        text="disagreements between individual and operational",
        meaning="People whose records one identity graph joins and the other keeps apart",
        statement=bloom.DISAGREEMENTS,
    ),
    SearchPhrase(
        text="held back in $purpose",
        meaning="What the policy of a purpose leaves out, and why",
        statement=bloom.HELD_BACK_IN_PURPOSE,
        suggestions=(("purpose", _PURPOSE),),
    ),
    SearchPhrase(
        text="decisions about $email",
        meaning="Every decision about the identities of the person with an e-mail address",
        statement=bloom.DECISIONS_ABOUT_EMAIL,
        suggestions=_EMAIL,
    ),
    SearchPhrase(
        text="record $record",
        meaning="One record, its versions, and the identifiers that it states",
        statement=bloom.RECORD_BY_ID,
        suggestions=(("record", Suggestion(label="Record", property="id")),),
    ),
    SearchPhrase(
        text="largest individuals",
        meaning="The ten individuals with the most members",
        statement=bloom.LARGEST_INDIVIDUALS,
    ),
    SearchPhrase(
        text="people interested in $product",
        meaning="Who viewed, carted or bought a product",
        statement=bloom.PEOPLE_INTERESTED_IN_PRODUCT,
        suggestions=(("product", Suggestion(label="Product", property="name")),),
    ),
)

SCENE_ACTIONS = (
    SceneAction(name="Show evidence", statement=bloom.SHOW_EVIDENCE, labels=("Individual", "Operational")),
    SceneAction(name="Show decisions", statement=bloom.SHOW_DECISIONS, labels=("Individual", "Household", "Operational")),
    SceneAction(name="Show household", statement=bloom.SHOW_HOUSEHOLD, labels=("Individual",)),
    SceneAction(name="Show journey", statement=bloom.SHOW_JOURNEY, labels=("Individual",)),
    SceneAction(name="Show history", statement=bloom.SHOW_HISTORY, labels=("Individual", "Household", "Operational")),
    SceneAction(name="Show in every identity graph", statement=bloom.SHOW_OTHER_PURPOSES, labels=("Identifier", "Record")),
    SceneAction(name="Show why held back", statement=bloom.SHOW_HELD_BACK, labels=("Identifier", "Record")),
    SceneAction(name="Show versions", statement=bloom.SHOW_RECORD_VERSIONS, labels=("Record",)),
)


def perspective(*, edited_at: datetime) -> dict[str, Any]:
    """The perspective as Bloom imports it, ready to be written as JSON."""
    stamp = int(edited_at.timestamp() * 1000)
    category_ids = {label.name: index for index, label in enumerate(LABELS, start=1)}
    return {
        "name": "Kindred",
        "id": str(NAMESPACE),
        "version": BLOOM_VERSION,
        "createdAt": stamp,
        "lastEditedAt": stamp,
        "isAuto": False,
        "parentPerspectiveId": False,
        "hideUncategorisedData": False,
        "hiddenCategories": [],
        "hiddenRelationshipTypes": [],
        "palette": {"colors": list(PALETTE), "currentIndex": len(LABELS) % len(PALETTE)},
        "categories": [_category(label, number=category_ids[label.name], stamp=stamp) for label in LABELS],
        "labels": {
            label.name: [{"propertyKey": p.name, "type": label.name, "dataType": p.kind.value} for p in label.properties]
            for label in LABELS
        },
        "relationshipTypes": [_relationship_type(kind) for kind in RELATIONSHIP_TYPES],
        "templates": [_template(phrase, stamp=stamp + index) for index, phrase in enumerate(SEARCH_PHRASES)],
        "sceneActions": [_scene_action(action, category_ids=category_ids, stamp=stamp) for action in SCENE_ACTIONS],
        "metadata": {
            "pathSegments": [
                {"source": source, "relationshipType": kind.name, "target": target}
                for kind in RELATIONSHIP_TYPES
                for source, target in kind.ends
            ],
            "indexes": [
                {"label": label.name, "type": "native", "propertyKeys": [{"key": label.key, "metadataProp": False}]}
                for label in LABELS
            ],
            # Counts of one database's content, which Bloom refreshes after the import.
            "stats": {"labels": {}, "relationshipTypes": {}},
        },
    }


def code_of(statement: Statement[Any, Any]) -> str:
    """The statement without its opening comments, which are written for this repository."""
    lines = statement.text.splitlines()
    start = next(index for index, line in enumerate(lines) if not line.startswith("//"))
    return "\n".join(lines[start:])


def _category(label: Label, *, number: int, stamp: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": label.name,
        "labels": [label.name],
        "properties": [{"name": p.name, "exclude": not p.shown, "dataType": p.kind.value} for p in label.properties],
        "createdAt": stamp,
        "lastEditedAt": stamp,
        "color": label.colour,
        "size": label.size,
        "icon": "no-icon",
        "captionKeys": [CATEGORY_CAPTION, *label.caption],
        "styleRules": [],
    }


def _relationship_type(kind: RelationshipType) -> dict[str, Any]:
    return {
        "id": kind.name,
        "name": kind.name,
        "properties": [{"propertyKey": p.name, "type": kind.name, "dataType": p.kind.value} for p in kind.properties],
        "color": kind.colour,
        "size": kind.width,
        "captionKeys": [RELATIONSHIP_CAPTION],
    }


def _template(phrase: SearchPhrase, *, stamp: int) -> dict[str, Any]:
    suggestions = dict(phrase.suggestions)
    return {
        "id": f"tmpl:{stamp}",
        "name": phrase.meaning,
        "createdAt": stamp,
        "text": phrase.text,
        "cypher": code_of(phrase.statement),
        "isUpdateQuery": None,
        "hasCypherErrors": False,
        "params": [
            {
                "name": f"${field.name}",
                "dataType": "String",
                "collapsed": False,
                "suggestionLabel": suggestions[field.name].label,
                "suggestionProp": suggestions[field.name].property,
                "suggestionBoolean": False,
                "cypher": None,
            }
            for field in fields(phrase.statement.parameters)
        ],
    }


def _scene_action(action: SceneAction, *, category_ids: dict[str, int], stamp: int) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid5(NAMESPACE, action.statement.name)),
        "name": action.name,
        "createdAt": stamp,
        "cypher": code_of(action.statement),
        "isUpdateQuery": None,
        "hasCypherErrors": False,
        "categories": [category_ids[label] for label in action.labels],
        "relationshipTypes": None,
    }
