"""The HTTP side: keys, limits, errors, health, metrics, logs; over ASGI, and once over TCP."""

import asyncio
import socket
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from prometheus_client import CollectorRegistry

from api.metrics import MAX_OPERATIONS, ApiMetrics

SMALL = '{ profile(identifier: {namespace: "email", value: "ada@shop.test"}) { ... on Profile { identityId } } }'


@pytest.mark.parametrize("key", [None, "", "wrong", "reader-key-for-test", "reader-key-for-testsX"])
async def test_without_a_valid_key_nothing_is_answered(open_client: Any, key: str | None) -> None:
    client = await open_client(key=key)
    answer = await client.http.post("/graphql", json={"query": SMALL})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["extensions"] == {"code": "unauthenticated"}


async def test_introspection_in_production_needs_the_role(open_client: Any) -> None:
    query = "{ __schema { queryType { name } } }"
    refused = await (await open_client()).ask(query)
    assert refused["errors"][0]["extensions"]["code"] == "invalid_query"
    assert refused.get("data") is None
    allowed = await (await open_client(key="studio-key")).data(query)
    assert allowed == {"__schema": {"queryType": {"name": "Query"}}}
    # The validation of the same document is remembered for each set of rules apart.
    assert "errors" in await (await open_client()).ask(query)


async def test_graphiql_is_served_in_development_alone(open_client: Any) -> None:
    browser = {"accept": "text/html"}
    development = await open_client(key=None, environment="development")
    page = await development.http.get("/graphql", headers=browser)
    assert (page.status_code, "graphiql" in page.text.lower()) == (200, True)
    with_question = await development.http.get("/graphql", headers=browser, params={"query": SMALL})
    assert (with_question.status_code, with_question.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await development.http.get("/graphql", params={"query": SMALL})).status_code == 401
    with_key = await open_client(environment="development")
    assert (await with_key.http.get("/graphql", params={"query": SMALL})).status_code == 400
    production = await open_client(key=None)
    assert (await production.http.get("/graphql", headers=browser)).status_code == 401


async def test_a_query_that_is_too_deep_is_refused(client: Any) -> None:
    deep = "household { individuals { edges { node { " * 4 + "identityId" + " } } } }" * 4
    body = await client.ask('{ profile(identifier: {namespace: "email", value: "a"}) { ... on Profile { ' + deep + " } } }")
    assert body["errors"][0]["extensions"]["code"] == "invalid_query"
    assert "depth" in body["errors"][0]["message"]


async def test_a_query_that_is_too_costly_is_refused_before_it_runs(client: Any) -> None:
    query = """query($first: Int!) { profile(identifier: {namespace: "email", value: "ada@shop.test"}, purpose: HOUSEHOLD) {
      ... on Profile { individuals(first: $first) { edges { node {
        journey(first: $first) { edges { node { messageId at } } } } } } } } }"""
    before = client.database.statements_run
    body = await client.ask(query, first=100)
    [error] = body["errors"]
    # profile 1 + individuals 1 + edges 1 + 100 x (node 1 + journey 1 + edges 1 + 100 x (node 1 + 2)) = 30,303
    assert error["extensions"] == {"code": "too_costly", "cost": 30_303}
    assert client.database.statements_run == before
    assert "errors" not in await client.ask(query, first=10)


async def test_too_many_aliases_tokens_and_bytes_are_refused(client: Any) -> None:
    aliases = " ".join(f"a{n}: __typename" for n in range(16))
    assert "aliases" in (await client.ask("{ " + aliases + " }"))["errors"][0]["message"]
    tokens = "{ " + "__typename " * 2001 + "}"
    assert (await client.ask(tokens))["errors"][0]["extensions"]["code"] == "invalid_query"
    answer = await client.http.post("/graphql", json={"query": SMALL, "variables": {"padding": "x" * 100_000}})
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"query": 3}', b'{"query": ""}'])
async def test_what_is_no_request_is_refused_clearly(client: Any, body: bytes) -> None:
    answer = await client.http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_cypher_in_a_value_is_only_a_value(client: Any) -> None:
    query = """query($value: String!) { profile(identifier: {namespace: "user_id", value: $value}) {
      ... on ProfileNotFound { reason identifier { value } } } }"""
    found = await client.data(query, value="u1'}) DETACH DELETE n //")
    assert found["profile"] == {"reason": "UNKNOWN", "identifier": {"value": "u1'}) DETACH DELETE n //"}}
    assert (await client.data(SMALL))["profile"]["identityId"]


async def test_an_outage_is_told_apart_from_a_fault_and_both_are_masked(open_client: Any, monkeypatch: Any) -> None:
    client = await open_client(outages=(ConnectionError,))
    for raised, code in ((ConnectionError("10.0.0.7 refused"), "unavailable"), (ValueError("secret"), "internal_error")):

        async def fail(*_: Any, error: Exception = raised) -> Any:
            raise error

        monkeypatch.setattr(client.database, "run", fail)
        with structlog.testing.capture_logs() as logs:
            body = await client.ask(SMALL)
        [error] = body["errors"]
        assert error["extensions"]["code"] == code
        assert str(raised) not in str(body)
        [logged] = [event for event in logs if event["event"] == "graphql.failed"]
        assert logged["error_id"] == error["extensions"]["errorId"]


async def test_an_operation_that_takes_too_long_ends(open_client: Any, monkeypatch: Any) -> None:
    client = await open_client(request_seconds=0.05)

    async def hang(*_: Any) -> Any:
        await asyncio.sleep(30)

    monkeypatch.setattr(client.database, "run", hang)
    body = await client.ask(SMALL)
    assert body["errors"][0]["extensions"] == {"code": "timeout"}


async def test_readiness_names_what_does_not_answer(open_client: Any) -> None:
    async def refused() -> None:
        raise ConnectionRefusedError("nats://secret@host")

    async def answers() -> None:
        return None

    ready = await open_client(key=None, checks={"neo4j": answers})
    assert (await ready.http.get("/readyz")).json() == {"status": "ok", "checks": {"neo4j": "ok"}}
    unready = await open_client(key=None, checks={"neo4j": answers, "nats": refused})
    answer = await unready.http.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"neo4j": "ok", "nats": "ConnectionRefusedError"})
    assert (await unready.http.get("/healthz")).json() == {"status": "ok"}


async def test_metrics_count_operations_by_name_up_to_a_limit(open_client: Any) -> None:
    client = await open_client(metrics=ApiMetrics(CollectorRegistry()))
    await client.ask("query Named { __typename }")
    await client.ask("{ __typename }")
    await client.ask("query Broken { nothing }")
    for n in range(MAX_OPERATIONS):
        await client.ask(f"query Flood{n} {{ __typename }}")
    await client.http.get("/made-up-path")
    text = (await client.http.get("/metrics")).text
    assert 'kindred_graphql_operation_seconds_count{operation="Named",outcome="ok"} 1.0' in text
    assert 'kindred_graphql_operation_seconds_count{operation="anonymous",outcome="ok"} 1.0' in text
    assert 'kindred_graphql_operation_seconds_count{operation="Broken",outcome="error"} 1.0' in text
    # Two names were taken before the flood, so two of its names find no place.
    assert 'kindred_graphql_operation_seconds_count{operation="other",outcome="ok"} 2.0' in text
    assert 'kindred_http_requests_total{route="other",status="404"} 1.0' in text


async def test_the_access_log_says_who_and_what_but_no_identifier(client: Any) -> None:
    with structlog.testing.capture_logs() as logs:
        await client.ask(SMALL.replace("{ profile", "query Small { profile", 1))
    [logged] = [event for event in logs if event["event"] == "http.request"]
    assert {key: logged[key] for key in ("method", "route", "status", "caller", "operation")} == {
        "method": "POST", "route": "/graphql", "status": 200, "caller": "reader", "operation": "Small",
    }  # fmt: skip
    assert "ada" not in str(logs)


async def test_pages_of_allowed_origins_may_ask(open_client: Any) -> None:
    client = await open_client(key=None, allowed_origins=("https://shop.test",))
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    allowed = await client.http.options("/graphql", headers={"origin": "https://shop.test", **ask})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://shop.test")
    refused = await client.http.options("/graphql", headers={"origin": "https://evil.test", **ask})
    assert "access-control-allow-origin" not in refused.headers


async def test_over_tcp_by_uvicorn(make_app: Any) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(), log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as http:
            for _ in range(100):
                if server.started:
                    break
                await asyncio.sleep(0.05)
            answer = await http.post("/graphql", json={"query": SMALL}, headers={"authorization": "Bearer reader-key-for-tests"})
            assert answer.json()["data"]["profile"]["identityId"].startswith("ind_")
            assert len(answer.headers["x-request-id"]) == 32
    finally:
        server.should_exit = True
        await serving
