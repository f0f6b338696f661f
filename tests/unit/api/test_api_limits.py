"""What an operation may cost, worked out by hand."""

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from api.limits import LIST_SIZE, MAX_ALIASES, MAX_DEPTH, MAX_NESTING, ShapeLimit, operation_cost
from api.schema import schema_text


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(schema_text())


def cost(schema: GraphQLSchema, selection: str, **variables: object) -> int:
    query = '{ profile(identifier: {namespace: "email", value: "a"}) { ... on Profile { ' + selection + " } } }"
    if variables:
        query = "query($first: Int = 7) " + query
    return operation_cost(schema, parse(query), operation_name=None, variables=variables)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("identityId", 2),  # profile, identityId
        ("__typename identityId", 2),
        ("name { full given }", 4),  # profile, name, full, given
        ("emails(first: 3) { value }", 1 + 1 + 3),
        ("emails { value }", 1 + 1 + 10),  # the schema's default is 10
        ("consent { purpose state }", 1 + 1 + LIST_SIZE * 2),
        ("journey(first: 5) { edges { cursor node { at } } }", 1 + 1 + 1 + 5 * (1 + 1 + 1)),
        ("journey { totalCount }", 1 + 1 + 1),
        ("journey(first: 2) { edges { node { products { name } } } }", 1 + 1 + 1 + 2 * (1 + 1 + LIST_SIZE)),
        ("journey(first: -4) { edges { node { at } } }", 3),
        ("a: journey(first: 5) { edges { cursor } } b: journey(first: 5) { edges { cursor } }", 1 + 2 * (1 + 1 + 5)),
    ],
)
def test_cost_by_hand(schema: GraphQLSchema, selection: str, expected: int) -> None:
    assert cost(schema, selection) == expected


def test_sizes_from_variables_count(schema: GraphQLSchema) -> None:
    selection = "journey(first: $first) { edges { cursor } }"
    assert cost(schema, selection, first=50) == 1 + 1 + 1 + 50
    # Not given: the variable's default of 7.
    assert cost(schema, selection, other=1) == 1 + 1 + 1 + 7


def test_fragments_count_where_they_are_used(schema: GraphQLSchema) -> None:
    query = """
    { profile(identifier: {namespace: "email", value: "a"}) { ...P ...P } }
    fragment P on Profile { journey(first: 5) { ...J } }
    fragment J on JourneyConnection { edges { cursor } }
    """
    assert operation_cost(schema, parse(query), operation_name=None, variables={}) == 1 + 2 * (1 + 1 + 5)


def test_only_the_operation_that_runs_counts(schema: GraphQLSchema) -> None:
    document = parse("query A { __typename } query B { node(id: 1) { id } }")
    assert operation_cost(schema, document, operation_name="A", variables={}) == 0
    assert operation_cost(schema, document, operation_name="B", variables={}) == 2


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        # the queue, edges, 5 x (node, left, match, its weight, comparisons, 10 x field)
        (
            "{ reviewQueue(first: 5) { edges { node { left match { matchWeight comparisons { field } } } } } }",
            1 + 1 + 5 * (1 + 1 + 1 + 1 + 1 + LIST_SIZE),
        ),
        ("{ explainIdentity(id: 1) { ... on IdentityExplanation { steps(first: 7) { edges { node { end } } } } } }", 3 + 7 * 2),
        ("{ policyVersions(purpose: INDIVIDUAL, first: 3) { edges { node { document } } } }", 1 + 1 + 3 * 2),
        # the action, its effect, 4 changes with the names of those that enter (one field) and 6 that leave
        (
            (
                'mutation { rejectLink(id: 1, reason: "r") { ... on StewardAction { effect { changes(first: 4) {'
                " entering leaving(first: 6) { member } } } } } }"
            ),
            1 + 1 + 1 + 4 * (1 + 1 + 6),
        ),
    ],
)
def test_cost_of_what_stewards_and_policy_makers_ask(schema: GraphQLSchema, operation: str, expected: int) -> None:
    assert operation_cost(schema, parse(operation), operation_name=None, variables={}) == expected


def refused(schema: GraphQLSchema, query: str) -> list[str]:
    return [error.message for error in validate(schema, parse(query), [ShapeLimit])]


def test_what_is_within_the_limits_of_shape_passes(schema: GraphQLSchema) -> None:
    aliases = " ".join(f"a{n}: __typename" for n in range(MAX_ALIASES))
    deep = "a { " * MAX_DEPTH + "b" + " }" * MAX_DEPTH
    nested = "... { " * (MAX_NESTING - 1) + "b" + " }" * (MAX_NESTING - 1)
    for selection in (aliases, deep, nested, "__schema { " * (MAX_DEPTH + 1) + "b" + " }" * (MAX_DEPTH + 1)):
        assert refused(schema, f"{{ {selection} }}") == []


def test_what_is_deeper_or_has_more_aliases_is_refused(schema: GraphQLSchema) -> None:
    deep = "{ a " * (MAX_DEPTH + 1) + "{ b }" + " }" * (MAX_DEPTH + 1)
    assert refused(schema, f"query Q {deep}") == [f"'Q' exceeds maximum operation depth of {MAX_DEPTH}"]
    nested = "{ " + "... { " * MAX_NESTING + "b" + " }" * MAX_NESTING + " }"
    assert refused(schema, nested) == [
        f"the operation has {MAX_NESTING + 1} selections within each other, {MAX_NESTING} are allowed"
    ]
    # 8 aliases, spread twice.
    aliases = " ".join(f"a{n}: __typename" for n in range(8))
    assert refused(schema, f"{{ ...F ...F }} fragment F on Query {{ {aliases} }}") == [
        f"16 aliases found. Allowed: {MAX_ALIASES}"
    ]


def test_fragments_that_double_are_counted_without_being_written_out(schema: GraphQLSchema) -> None:
    doubling = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(40))
    query = f"{{ ...f0 }} {doubling} fragment f40 on Query {{ a: node(id: 1) {{ id }} }}"
    assert refused(schema, query) == [f"{2**40} aliases found. Allowed: {MAX_ALIASES}"]
    assert operation_cost(schema, parse(query), operation_name=None, variables={}) == 2**40 * 2


def test_cycles_and_unknown_fragments_are_left_to_other_rules(schema: GraphQLSchema) -> None:
    assert refused(schema, "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a ...nothing }") == []
