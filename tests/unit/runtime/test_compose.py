"""``infra/compose.yaml`` cannot be run by the tests; what can be checked without Docker is."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.cli.stack import register
from runtime.settings import ENV_PREFIX, Settings

INFRA = Path(__file__).resolve().parents[3] / "infra"
COMPOSE = INFRA / "compose.yaml"
KINDRED_SERVICES = ("migrate", "worker", "serve", "resolve")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return document


def test_services(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"neo4j", "nats", *KINDRED_SERVICES}
    assert compose["services"]["neo4j"]["image"] == "neo4j:5.26-community"
    assert "graph-data-science" in compose["services"]["neo4j"]["environment"]["NEO4J_PLUGINS"]
    assert set(compose["volumes"]) == {"neo4j", "nats"}


@pytest.mark.parametrize("name", KINDRED_SERVICES)
def test_environment_of_kindred_names_settings(compose: dict[str, Any], name: str) -> None:
    known = {f"{ENV_PREFIX}{field.upper()}" for field in Settings.model_fields}
    environment = compose["services"][name]["environment"]
    assert set(environment) <= known
    assert {"KINDRED_NEO4J_URI", "KINDRED_NEO4J_PASSWORD", "KINDRED_NATS_URL", "KINDRED_WRITE_KEYS"} <= set(environment)


def test_values_are_settings(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in compose["services"]["worker"]["environment"].items():
        given = '{"web": "k"}' if name == "KINDRED_WRITE_KEYS" else str(value)
        monkeypatch.setenv(name, given)
    settings = Settings()
    assert settings.neo4j_uri == "bolt://neo4j:7687"
    assert settings.environment == "production"


def test_secrets_have_no_default() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    for variable in re.findall(r"(?<!\$)\$\{([^}]*)\}", text):
        assert ":?" in variable, f"{variable} has to be given"
        assert variable.partition(":?")[0].startswith(ENV_PREFIX)


def test_stores_are_not_open_to_the_network(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_everything_waited_for_exists_and_mounted_files_are_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (INFRA / source).is_file()
        if "build" in service:
            assert (INFRA / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert compose["services"]["worker"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_migrate_is_a_command_with_that_option(compose: dict[str, Any]) -> None:
    import typer
    from typer.testing import CliRunner

    app = typer.Typer()
    register(app)
    command, option = compose["services"]["migrate"]["command"]
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert option in result.output
