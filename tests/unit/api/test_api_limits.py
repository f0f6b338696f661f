"""What an operation may cost, worked out by hand."""

import pytest
from graphql import GraphQLSchema, build_schema, parse

from api.limits import LIST_SIZE, operation_cost
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
