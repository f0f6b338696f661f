"""Traces are sent where the settings or OpenTelemetry's variables say, and a receiver that is away holds nobody up."""

import contextlib
import io
import json
import socket
import time
from pathlib import Path

import pytest
import structlog

from graph.tracing import span, tracer
from runtime.logging import configure_logging
from runtime.settings import load_settings
from runtime.tracing import FLUSH_SECONDS, traces_wanted, tracing
from tests.otlp import receiving


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_SDK_DISABLED",
        "OTEL_TRACES_EXPORTER",
    ):
        monkeypatch.delenv(name, raising=False)


def test_nothing_is_traced_unless_a_receiver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_settings(home=tmp_path)
    assert not traces_wanted(plain)
    with tracing(plain, service="worker"):
        assert tracer() is None
    assert traces_wanted(load_settings(home=tmp_path, traces_endpoint="http://otel:4318"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318")
    assert traces_wanted(plain)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not traces_wanted(plain)


def test_spans_arrive_under_the_name_of_the_service_and_logs_carry_their_ids(tmp_path: Path) -> None:
    output = io.StringIO()
    configure_logging(level="info", log_format="json", stream=output)
    log = structlog.get_logger("test")
    with receiving() as receiver, tracing(load_settings(home=tmp_path, traces_endpoint=receiver.url), service="worker"):
        with contextlib.suppress(ValueError), span("write events", attributes={"count": 3}):
            log.info("inside")
            raise ValueError("ada@shop.test")
        log.info("outside")
    [(path, request)] = receiver.requests
    assert path == "/v1/traces"
    [(service, sent)] = receiver.spans()
    assert service == "kindred-worker"
    assert sent.name == "write events"
    assert "ada" not in str(request), "an error's text may name people"
    assert {each.key: each.value.string_value or each.value.int_value for each in sent.attributes} == {
        "count": 3,
        "error.type": "ValueError",
    }
    lines = {line["event"]: line for line in map(json.loads, output.getvalue().splitlines())}
    assert lines["inside"]["trace_id"] == sent.trace_id.hex()
    assert lines["inside"]["span_id"] == sent.span_id.hex()
    assert "trace_id" not in lines["outside"]
    assert tracer() is None


def test_a_receiver_that_never_answers_holds_up_the_end_for_a_moment_only(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = load_settings(home=tmp_path, traces_endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with tracing(settings, service="worker"):
            with span("write events"):
                pass
            began = time.monotonic()
        assert time.monotonic() - began < FLUSH_SECONDS + 1.0
