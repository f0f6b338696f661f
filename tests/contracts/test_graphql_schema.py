"""The published GraphQL schema is the one that is served, and every part of it is described."""

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_specified_scalar_type,
)

import api
from api.schema import schema_text

FILE = Path(api.__file__).parent / "schema.graphql"


def served() -> GraphQLSchema:
    return build_schema(schema_text())


def test_the_published_schema_is_the_one_served() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run: kindred schema export --out api/schema.graphql"


def test_every_type_field_argument_and_value_is_described() -> None:
    missing = []
    for name, kind in served().type_map.items():
        if name.startswith("__") or is_specified_scalar_type(kind):
            continue
        if not kind.description:
            missing.append(name)
        if isinstance(kind, GraphQLEnumType):
            missing += [f"{name}.{value}" for value, definition in kind.values.items() if not definition.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                if not field.description:
                    missing.append(f"{name}.{field_name}")
                if not isinstance(kind, GraphQLInputObjectType):
                    missing += [
                        f"{name}.{field_name}({argument})" for argument, given in field.args.items() if not given.description
                    ]
    assert missing == []


def test_lists_of_objects_are_pages_or_documented_as_short() -> None:
    """A list whose length the graph decides is a connection, or takes ``first``."""
    # Bounded by the model: the touchpoint's cap of identifiers and products, steps of a shortest path, the two members'
    # decisions, the purposes of consent, the fields of a match, what one event states, what one decision touched; of a policy's
    # difference the purposes, the kinds of decision, and as many examples as were asked for, each a sample; of health the classes
    # of sizes, the reasons, the days that were asked for, and the sources of a day; as many recommendations as were asked for.
    short = {
        "Touchpoint.identifiers", "Touchpoint.products", "Touchpoint.rejectedValues", "RecordVersion.identifiers",
        "RecordVersion.rejectedValues", "RecordVersion.consent", "Profile.consent", "Decision.before", "Decision.after",
        "Explanation.steps", "Explanation.decisions", "Explanation.heldBack", "Explanation.between",
        "Explanation.obstacles", "Match.comparisons", "Recommendations.items", "Substitutes.items",
        "Query.policies", "PolicyDiff.purposes", "PurposeDiff.decisions", "PurposeDiff.pending", "PurposeDiff.mergeExamples",
        "PurposeDiff.splitExamples", "SplitExample.parts", "ConsentEffect.conflicts", "ConsentEffect.restored",
        "ConsentExample.before", "GraphHealth.recordSizes", "GraphHealth.memberSizes", "GraphHealth.heldBack", "GraphHealth.days",
        "HealthDay.sources", "RatedIdentity.reasons",
    }  # fmt: skip
    unbounded = set()
    for name, kind in served().type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in kind.fields.items():
                is_list_of_objects = str(field.type).startswith("[") and isinstance(
                    served().type_map[str(field.type).strip("[]!")], GraphQLObjectType
                )
                if is_list_of_objects and "first" not in field.args and field_name != "edges":
                    unbounded.add(f"{name}.{field_name}")
    assert unbounded == short
