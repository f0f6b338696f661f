"""The perspective has every key, with the types, that Bloom's own exports have, and says what the graph model says."""

import json
import re
import uuid
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from graph.statements import bloom as statements
from graph.statements.statement import Statement
from graph.visual.bloom import EDITED_AT, SCENE_ACTIONS, SEARCH_PHRASES, code_of, perspective
from graph.visual.catalog import LABELS, RELATIONSHIP_TYPES
from runtime.cli.main import app

ROOT = Path(__file__).parents[3]
MODEL = (ROOT / "docs" / "graph-model.md").read_text(encoding="utf-8")
NoneType = type(None)
ANY_KEY = "*"

# Keys and types as they stand in perspectives exported by Bloom itself (versions 1.9 to 2.7). A list holds the type of its
# items; a tuple the types that a value may have; the key ``*`` any keys.
FORMAT: dict[str, Any] = {
    "name": str,
    "id": str,
    "version": str,
    "createdAt": int,
    "lastEditedAt": int,
    "isAuto": bool,
    "parentPerspectiveId": (bool, str),
    "hideUncategorisedData": bool,
    "hiddenCategories": [int],
    "hiddenRelationshipTypes": [str],
    "palette": {"colors": [str], "currentIndex": int},
    "categories": [
        {
            "id": int,
            "name": str,
            "labels": [str],
            "properties": [{"name": str, "exclude": bool, "dataType": str}],
            "createdAt": int,
            "lastEditedAt": int,
            "color": str,
            "size": (int, float),
            "icon": str,
            "captionKeys": [str],
            "styleRules": [dict],
        }
    ],
    "labels": {ANY_KEY: [{"propertyKey": str, "type": str, "dataType": str}]},
    "relationshipTypes": [
        {
            "id": str,
            "name": str,
            "properties": [{"propertyKey": str, "type": str, "dataType": str}],
            "color": str,
            "size": (int, float),
            "captionKeys": [str],
        }
    ],
    "templates": [
        {
            "id": str,
            "name": str,
            "createdAt": int,
            "text": str,
            "cypher": str,
            "isUpdateQuery": (NoneType, bool),
            "hasCypherErrors": bool,
            "params": [
                {
                    "name": str,
                    "dataType": str,
                    "collapsed": bool,
                    "suggestionLabel": (NoneType, str),
                    "suggestionProp": (NoneType, str),
                    "suggestionBoolean": bool,
                    "cypher": (NoneType, str),
                }
            ],
        }
    ],
    "sceneActions": [
        {
            "id": str,
            "name": str,
            "createdAt": int,
            "cypher": str,
            "isUpdateQuery": (NoneType, bool),
            "hasCypherErrors": bool,
            "categories": (NoneType, list),
            "relationshipTypes": (NoneType, list),
        }
    ],
    "metadata": {
        "pathSegments": [{"source": str, "relationshipType": str, "target": str}],
        "indexes": [{"label": (NoneType, str), "type": str, "propertyKeys": [{"key": str, "metadataProp": bool}]}],
        "stats": {"labels": dict, "relationshipTypes": dict},
    },
}


@pytest.fixture(scope="module")
def generated() -> dict[str, Any]:
    return json.loads(json.dumps(perspective(edited_at=EDITED_AT)))


def differences(value: Any, shape: Any, *, where: str) -> list[str]:
    """Where a value differs from a shape: keys missing or too many, values of another type."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{where}: {type(value).__name__}"]
        if ANY_KEY in shape:
            shape = dict.fromkeys(value, shape[ANY_KEY])
        found = [f"{where}.{key}: missing" for key in shape.keys() - value.keys()]
        found += [f"{where}.{key}: unknown" for key in value.keys() - shape.keys()]
        for key in shape.keys() & value.keys():
            found += differences(value[key], shape[key], where=f"{where}.{key}")
        return found
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where}: {type(value).__name__}"]
        return [d for index, item in enumerate(value) for d in differences(item, shape[0], where=f"{where}[{index}]")]
    allowed = shape if isinstance(shape, tuple) else (shape,)
    return [] if type(value) in allowed else [f"{where}: {type(value).__name__}"]


def documented_properties() -> dict[str, set[str]]:
    """Label or relationship type to the names that its row in the document has between back-quotes."""
    found: dict[str, set[str]] = {}
    for line in MODEL.splitlines():
        if line.startswith("| `("):
            for types, listed in re.findall(r"\[:([A-Z_|]+)(?: \{([^}]*)\})?\]", line.replace("\\|", "|")):
                for name in types.split("|"):
                    found.setdefault(name, set()).update(part.strip() for part in listed.split(",") if part.strip())
            if held := re.match(r"\| `\((\w+) \{([^}]*)\}\)", line):
                found.setdefault(held[1], set()).update(part.strip() for part in held[2].split(","))
        elif line.startswith("| `") and line.count("|") >= 3:
            first, *rest = [cell.strip() for cell in line.replace("\\|", "/").strip("|").split("|")]
            names = [name for name in re.findall(r"`(\w+)`", first) if name[0].isupper() and name != "Identity"]
            if len(names) == 1 or names[0] == "Individual":
                columns = set(re.findall(r"`([a-z][a-z0-9_]*)`", " ".join(rest)))
                for name in names:
                    found.setdefault(name, set()).update(columns - {"namespace:value", "message"})
    return found


def test_format_of_bloom(generated: dict[str, Any]) -> None:
    assert differences(generated, FORMAT, where="perspective") == []


def test_a_wrong_format_would_be_seen(generated: dict[str, Any]) -> None:
    spoilt = json.loads(json.dumps(generated))
    del spoilt["relationshipTypes"][0]["size"]
    spoilt["categories"][0]["id"] = "1"
    assert sorted(differences(spoilt, FORMAT, where="p")) == ["p.categories[0].id: str", "p.relationshipTypes[0].size: missing"]


def test_ids_are_unique_and_references_lead_somewhere(generated: dict[str, Any]) -> None:
    categories = {category["id"]: category for category in generated["categories"]}
    assert len(categories) == len(LABELS)
    assert all(set(category["labels"]) <= generated["labels"].keys() for category in categories.values())
    for group in ("templates", "sceneActions", "relationshipTypes"):
        ids = [item["id"] for item in generated[group]]
        assert len(ids) == len(set(ids))
    for action in generated["sceneActions"]:
        assert str(uuid.UUID(action["id"])) == action["id"]
        assert set(action["categories"]) <= categories.keys()
        assert "IN $nodes" in action["cypher"]
    types = {kind["name"] for kind in generated["relationshipTypes"]}
    for segment in generated["metadata"]["pathSegments"]:
        assert {segment["source"], segment["target"]} <= generated["labels"].keys()
        assert segment["relationshipType"] in types


def test_captions_and_suggestions_are_properties(generated: dict[str, Any]) -> None:
    properties = {label: {entry["propertyKey"] for entry in entries} for label, entries in generated["labels"].items()}
    for category in generated["categories"]:
        first, *rest = category["captionKeys"]
        assert first == "0_CATEGORY_NAME_CAPTION_KEY"
        assert set(rest) <= properties[category["name"]]
        assert re.fullmatch(r"#[0-9A-F]{6}", category["color"])
    for template in generated["templates"]:
        for parameter in template["params"]:
            assert parameter["suggestionProp"] in properties[parameter["suggestionLabel"]]


def test_phrases_name_their_parameters(generated: dict[str, Any]) -> None:
    for template in generated["templates"]:
        named = re.findall(r"\$\w+", template["text"])
        assert sorted(named) == sorted(parameter["name"] for parameter in template["params"])
        assert set(named) == set(re.findall(r"\$\w+", template["cypher"]))
        assert not template["cypher"].startswith("//")


def test_every_statement_is_offered_once() -> None:
    declared = [value for value in vars(statements).values() if isinstance(value, Statement)]
    offered = [phrase.statement for phrase in SEARCH_PHRASES] + [action.statement for action in SCENE_ACTIONS]
    assert sorted(s.name for s in offered) == sorted(s.name for s in declared)
    assert all(statement.access == "read" for statement in declared)


def test_scene_actions_take_the_selection() -> None:
    for action in SCENE_ACTIONS:
        assert [field.name for field in fields(action.statement.parameters)] == ["nodes"]


def test_phrases_asked_for_are_there() -> None:
    texts = {phrase.text for phrase in SEARCH_PHRASES}
    assert {
        "identity of $email",
        "household of $email",
        "journey of $email",
        "why are $a and $b one person",
        "disagreements between individual and operational",
    } <= texts


def test_catalogue_holds_what_the_graph_model_documents() -> None:
    documented = documented_properties()
    catalogue = {item.name: {p.name for p in item.properties} for item in (*LABELS, *RELATIONSHIP_TYPES)}
    assert len(documented) > 15
    for name, properties in documented.items():
        assert name in catalogue, f"{name} is in the graph model and not in the catalogue"
        assert properties <= catalogue[name], f"{name} lacks {sorted(properties - catalogue[name])}"


def test_catalogue_holds_nothing_undocumented() -> None:
    words = set(re.findall(r"\w+", MODEL))
    assert {item.name for item in (*LABELS, *RELATIONSHIP_TYPES)} <= words


def test_code_is_the_statement_without_its_comments() -> None:
    assert code_of(statements.SHOW_RECORD_VERSIONS).splitlines()[0] == "MATCH (record:Record) WHERE elementId(record) IN $nodes"


def test_command_writes_the_file_that_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "perspective.json"
    result = CliRunner().invoke(app, ["bloom", "perspective", "--out", str(target)])
    assert result.exit_code == 0, result.output
    assert target.read_text(encoding="utf-8") == (ROOT / "infra/bloom/kindred.perspective.json").read_text(encoding="utf-8")


def test_command_prints_without_a_file() -> None:
    result = CliRunner().invoke(app, ["bloom", "perspective"])
    assert json.loads(result.stdout)["name"] == "Kindred"


def test_command_says_what_could_not_be_written(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    result = CliRunner().invoke(app, ["bloom", "perspective", "--out", str(occupied / "perspective.json")])
    assert result.exit_code == 1
    assert "could not be written" in result.output
