"""Operations that Schemathesis makes of the schema, and bombs, sent to ``kindred serve`` as it runs in production.

Every answer is of the documented form: data of the schema's shape, or errors with a documented code and nothing of the inside.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import graphql
import httpx
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from api.auth import Role
from api.graphql import MAX_BODY_BYTES
from runtime.stack.address import StackAddress
from tests.fuzz.effort import examples
from tests.journeys.services import ServiceProcess, on_stores

SCHEMA_FILE: Final = Path("api/schema.graphql")
EXAMPLES: Final = 12
KEY: Final = "fuzzing-key-for-tests"
KEYS: Final = {"fuzzer": KEY, "reader": "reading-key-for-tests"}
CODES: Final = frozenset(re.findall(r"^\| `(\w+)` \|", Path("docs/guides/graphql.md").read_text(encoding="utf-8"), re.MULTILINE))
INSIDE: Final = re.compile(r"Traceback|neo4j|Cypher|bolt://|nats://|\.py\b|\wError:|Exception", re.IGNORECASE)
NORMAL: Final = '{ profile(identifier: {namespace: "email", value: "ada@shop.test"}) { ... on Profile { identityId } } }'
POLICY: Final = next(Path("graph/identity").rglob("individual*.toml")).read_text(encoding="utf-8")

SCHEMA: Final = graphql.build_schema(SCHEMA_FILE.read_text(encoding="utf-8"))
OPERATIONS: Final = {
    found.ok().label: found.ok() for found in schemathesis.graphql.from_path(str(SCHEMA_FILE)).get_all_operations()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The running server; ``known`` are values, by the argument's name, that its graph knows."""

    process: ServiceProcess
    http: httpx.Client
    known: dict[str, list[str]]

    def ask(self, query: str, **more: Any) -> httpx.Response:
        return self.http.post("/graphql", json={"query": query, **more})


@pytest.fixture(scope="module")
def served(town: Any, stack: StackAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``kindred serve`` in production, over the town, with a key that may do everything."""
    environment = on_stores(stack) | {
        "KINDRED_ENVIRONMENT": "production",
        "KINDRED_API_KEYS": json.dumps(KEYS),
        "KINDRED_API_ROLES": json.dumps({"fuzzer": [role.value for role in Role if role is not Role.INTROSPECT]}),
    }
    process = ServiceProcess(tmp_path_factory.mktemp("home"), "serve", port_option="--port", environment=environment)
    process.start()
    try:
        asyncio.run(process.ready())
        with httpx.Client(base_url=process.url, headers={"authorization": f"Bearer {KEY}"}, timeout=30) as http:
            found = http.post("/graphql", json={"query": NORMAL}).json()
            identity = found["data"]["profile"]["identityId"]
            known = {
                "namespace": ["email", "user_id", "anonymous_id", "loyalty_id"],
                "value": ["ada@shop.test", "grace@shop.test", "u1", "tablet"],
                "key": ["user_id:u1", "email:grace@shop.test", "anonymous_id:tablet", "crm:1"],
                "id": [identity, "crm:1", "kettle"],
                "product": ["kettle"],
                "productId": ["kettle"],
                "document": [POLICY],
            }
            yield Served(process=process, http=http, known=known)
    finally:
        process.kill()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_is_of_the_documented_form(served: Served, name: str, mode: GenerationMode) -> None:
    @given(case=OPERATIONS[name].as_strategy(generation_mode=mode), chance=st.randoms(use_true_random=False))
    @examples(EXAMPLES)
    def ask(case: Any, chance: Random) -> None:
        document = graphql.parse(case.body)
        if mode is GenerationMode.POSITIVE:
            document = graphql.visit(document, Acquainted(served.known, chance))
        document = graphql.visit(document, Typed())
        answer = served.ask(graphql.print_ast(document))
        assert_documented(document, answer)
        # An operation without arguments cannot be asked wrongly: it is asked rightly then.
        assert case.meta.generation.mode.is_positive or answer.json().get("errors")

    ask()
    assert_normal(served)


def test_every_operation_of_the_schema_is_tried() -> None:
    roots = (SCHEMA.query_type, SCHEMA.mutation_type)
    assert len(OPERATIONS) == sum(len(root.fields) for root in roots if root is not None)
    assert {"invalid_query", "too_costly", "timeout", "internal_error"} <= CODES


ADA: Final = 'identifier: {namespace: "email", value: "ada@shop.test"}'
DEEP: Final = "household { individuals { edges { node { "


def nested(depth: int) -> str:
    return f"{{ profile({ADA}) {{ ... on Profile {{ {DEEP * depth} identityId {'} } } } ' * depth} }} }} }}"


def pages(size: int) -> str:
    return f"""{{ profile({ADA}) {{ ... on Profile {{ individuals(first: {size}) {{ edges {{ node {{
      journey(first: {size}) {{ edges {{ node {{ messageId }} }} }} }} }} }} }} }} }}"""


def fragments(count: int) -> str:
    """Each spreads the next twice: of so many, two to that power fields."""
    spreads = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(count))
    return f"{{ ...f0 }} {spreads} fragment f{count} on Query {{ profile({ADA}) {{ __typename }} }}"


INTROSPECTION: Final = "{ __schema { types { " + "fields { type { " * 20 + "name" + " } }" * 20 + " } } }"
BOMBS: Final = {
    "nested 10 levels": nested(10),
    "nested 200 levels": nested(200),
    "nested inline fragments": "{ " + "... on Query { " * 900 + "__typename" + " }" * 900 + " }",
    "1,000 brackets of a list": "{ lookalikes(of: " + "[" * 1_000 + "]" * 1_000 + ") { __typename } }",
    "40,000 brackets of a list": "{ lookalikes(of: " + "[" * 40_000,
    "1,000 aliases": "{ " + " ".join(f"a{n}: profile({ADA}) {{ __typename }}" for n in range(1_000)) + " }",
    "16 aliases": "{ " + " ".join(f"a{n}: profile({ADA}) {{ __typename }}" for n in range(16)) + " }",
    "a page of a million": pages(1_000_000),
    "a page of 10^300": pages(10**300),
    "pages of pages": pages(100),
    "a cycle of fragments": "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a __typename }",
    "a fragment of itself": "{ ...a } fragment a on Query { ...a }",
    "fragments that double 40 times": fragments(40),
    "2,001 tokens": "{ " + "__typename " * 2_001 + "}",
    "400 operations": " ".join(f"query q{n} {{ __typename }}" for n in range(400)),
    "500 variables": "query q(" + " ".join(f"$v{n}: Int" for n in range(500)) + ") { __typename }",
    "1,000 directives": "{ __typename " + "@skip(if: false) " * 1_000 + "}",
    "introspection, nested": INTROSPECTION,
    "introspection of one type": '{ __type(name: "Profile") { fields { name } } }',
    "inline fragments within each other": "{ " + "... on Query { " * 99 + f"profile({ADA}) {{ __typename }}" + " }" * 99 + " }",
    "fragments one after the other": "{ ...f0 } "
    + "".join(f"fragment f{n} on Query {{ ...f{n + 1} }} " for n in range(200))
    + f"fragment f200 on Query {{ profile({ADA}) {{ __typename }} }}",
    "a fragment that is not there": "{ ...nothing }",
    "a fragment of another type": "{ ...a } fragment a on Nothing { x }",
    "no document": "",
    "half a character": '{ profile(identifier: {namespace: "email", value: "\\ud800"}) { __typename } }',
}
# What is harmless here may be answered; everything else is refused before the graph is asked.
HARMLESS: Final = frozenset({"400 operations", "half a character"})


@pytest.mark.parametrize("name", sorted(BOMBS))
async def test_a_bomb_is_refused_before_the_graph_is_asked(served: Served, client: Any, name: str) -> None:
    query = BOMBS[name]
    before = client.database.statements_run
    inside = await client.http.post("/graphql", json={"query": query})
    answer = await asyncio.to_thread(served.ask, query)
    for each in (inside, answer):
        errors = told(each)
        assert errors or name in HARMLESS, each.text[:300]
    assert client.database.statements_run == before or name in HARMLESS
    await asyncio.to_thread(assert_normal, served)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(json.dumps({"query": "{ " + "# comment\n" * 11_000 + "__typename }"}), 413, id="a huge document"),
        pytest.param(json.dumps([{"query": NORMAL}] * 500), 400, id="500 operations in an array"),
        pytest.param(json.dumps([{"query": NORMAL}]), 400, id="one operation in an array"),
        pytest.param("[" * (MAX_BODY_BYTES - 1), 400, id="brackets"),
        pytest.param('{"query": ' + '{"a":' * 15_000, 400, id="braces"),
        pytest.param(json.dumps({"query": NORMAL, "variables": "none"}), 400, id="variables that are none"),
        pytest.param(json.dumps({"query": NORMAL, "variables": [1]}), 400, id="variables in a list"),
        pytest.param(json.dumps({"query": NORMAL, "operationName": 7}), 400, id="a number for a name"),
        pytest.param(json.dumps({"query": NORMAL, "extensions": 7}), 400, id="a number for extensions"),
        pytest.param(json.dumps({"query": None}), 400, id="no query"),
        pytest.param(json.dumps({"query": ["{"]}), 400, id="a list for a query"),
        pytest.param(json.dumps({"variables": {}}), 400, id="variables alone"),
    ],
)
def test_a_body_that_is_no_request_is_refused(served: Served, body: str, status: int) -> None:
    answer = served.http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text[:300]
    assert answer.text
    assert not INSIDE.search(answer.text)
    assert_normal(served)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
REQUESTS: Final = st.fixed_dictionaries(
    {}, optional={"query": st.sampled_from([NORMAL, "query q($v: String!) { __typename }"]) | JSON}
    | dict.fromkeys(("variables", "operationName", "extensions"), JSON)
)  # fmt: skip
HEADERS: Final = st.dictionaries(
    st.sampled_from(["content-type", "accept", "content-encoding", "x-request-id", "traceparent", "origin", "accept-language"]),
    st.sampled_from(["application/json", "multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "gzip", "*/*"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip),
    max_size=3,
)


@given(body=st.binary(max_size=300) | (JSON | REQUESTS).map(partial(json.dumps, allow_nan=True)), headers=HEADERS)
@examples(200)
def ask_anything(served: Served, body: str | bytes, headers: dict[str, str]) -> None:
    answer = served.http.post("/graphql", content=body, headers={"content-type": "application/json"} | headers)
    assert answer.status_code in (200, 400, 413, 415), f"{answer.status_code} {answer.text[:300]}"
    assert answer.text
    assert not INSIDE.search(answer.text), answer.text


def test_any_bytes_and_headers_get_an_answer(served: Served) -> None:
    ask_anything(served)
    assert_normal(served)


def test_the_log_tells_nothing_of_what_was_asked(served: Served) -> None:
    secret = "somebody@private.test"
    for query in (
        f'{{ nothing(of: "{secret}") }}',
        f'{{ "{secret}" ',
        f'{{ household(id: "{secret}", asOf: "x") {{ __typename }} }}',
    ):
        assert told(served.ask(query))
    for content in (secret, f'{{"query": "{secret}'):
        assert served.http.post("/graphql", content=content).status_code == 400
    assert secret not in served.process.log.read_text(encoding="utf-8")


class Typed(graphql.Visitor):
    """Asks every object for its type, so that the answer can be held against the schema."""

    def leave_selection_set(self, node: graphql.SelectionSetNode, *_: Any) -> graphql.SelectionSetNode:
        asked = graphql.FieldNode(name=graphql.NameNode(value="__typename"), arguments=(), directives=())
        return graphql.SelectionSetNode(selections=(*node.selections, asked))

    def leave_operation_definition(self, node: graphql.OperationDefinitionNode, *_: Any) -> Any:
        # Not the root: a mutation's answer is told apart by its field alone.
        selections = tuple(each for each in node.selection_set.selections if not is_typename(each))
        return _with(node, selection_set=graphql.SelectionSetNode(selections=selections))


class Acquainted(graphql.Visitor):
    """Puts values that the graph knows in the place of half of the made-up ones, and pages of a usual size."""

    def __init__(self, known: dict[str, list[str]], chance: Random) -> None:
        super().__init__()
        self._known = known
        self._chance = chance

    def leave_argument(self, node: graphql.ArgumentNode, *_: Any) -> Any:
        return self._exchanged(node)

    def leave_object_field(self, node: graphql.ObjectFieldNode, *_: Any) -> Any:
        return self._exchanged(node)

    def _exchanged(self, node: Any) -> Any:
        name = node.name.value
        if self._chance.random() < 0.5:
            return None
        if name in self._known and isinstance(node.value, graphql.StringValueNode):
            return _with(node, value=graphql.StringValueNode(value=self._chance.choice(self._known[name])))
        if isinstance(node.value, graphql.IntValueNode):
            return _with(node, value=graphql.IntValueNode(value=str(self._chance.randrange(1, 6))))
        return None


def is_typename(node: graphql.SelectionNode) -> bool:
    return isinstance(node, graphql.FieldNode) and node.name.value == "__typename"


def _with(node: Any, **changes: Any) -> Any:
    return type(node)(**{key: getattr(node, key, None) for key in node.keys} | changes)


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    """The errors of an answer, each of the documented form."""
    assert answer.status_code in (200, 400), f"{answer.status_code} {answer.text[:300]}"
    if not answer.headers["content-type"].startswith("application/json"):
        # What is no GraphQL request is refused before there could be a GraphQL answer.
        assert answer.status_code == 400
        assert answer.text
        return [{"message": answer.text}]
    errors: list[dict[str, Any]] = answer.json().get("errors") or []
    for error in errors:
        assert error["message"]
        code = error["extensions"]["code"]
        assert code in CODES - {"internal_error", "unavailable", "timeout"}, error
        assert not INSIDE.search(error["message"]), error
    return errors


def assert_documented(document: graphql.DocumentNode, answer: httpx.Response) -> None:
    """The answer has errors of the documented form, or data of the schema's shape: they are executed again upon themselves."""
    errors = told(answer)
    data = answer.json().get("data")
    assert data is not None or errors, answer.text[:300]
    if data is None:
        return
    again = graphql.execute_sync(
        SCHEMA,
        document,
        root_value=data,
        field_resolver=lambda source, info, **_: source[str(info.path.key)],
        type_resolver=lambda value, *_: value["__typename"],
    )
    assert again.errors is None, again.errors
    assert again.data == data


def assert_normal(served: Served) -> None:
    """The same process answers a question as it should."""
    assert served.process.pid
    answer = served.ask(NORMAL)
    assert answer.status_code == 200
    assert answer.json()["data"]["profile"]["identityId"].startswith("ind_")
