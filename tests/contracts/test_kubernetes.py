"""The manifests build, fit Kubernetes' own schemas, and say what Kindred understands."""

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from runtime.cli.main import app
from runtime.settings import ENV_PREFIX, Settings, load_settings
from runtime.stack.jars import INFRA
from runtime.stack.nats import find_executable

FOLDER = INFRA / "kubernetes"
OVERLAYS = ("production", "small")
OURS = ("serve", "worker", "resolver", "archiver")
SECRETS = {
    "KINDRED_NEO4J_PASSWORD": "p",
    "KINDRED_NATS_PASSWORD": "p",
    "KINDRED_WRITE_KEYS": '{"web": "w"}',
    "KINDRED_API_KEYS": '{"shop": "k"}',
    "KINDRED_HASH_SALT": "s",
}
"""What docs/operations.md says that the Secret holds."""
KUBERNETES = "1.33"
"""The oldest whose schema is checked; lifecycle hooks that sleep are of 1.30."""

Manifest = Mapping[str, Any]


@cache
def built(folder: Path) -> tuple[Manifest, ...]:
    """What `kubectl kustomize` makes of a folder."""
    kubectl = Path(sys.executable).with_name("kubectl")
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> tuple[Manifest, ...]:
    return built(FOLDER / "overlays" / request.param)


def named(manifests: tuple[Manifest, ...], kind: str, name: str) -> Manifest:
    [found] = [each for each in manifests if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def pods(manifests: tuple[Manifest, ...]) -> Iterator[tuple[str, Manifest]]:
    """Name and template of every workload."""
    for each in manifests:
        if each["kind"] in ("Deployment", "StatefulSet"):
            yield each["metadata"]["name"], each["spec"]["template"]


def containers(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    for _, pod in pods(manifests):
        yield from pod["spec"].get("initContainers", [])
        yield from pod["spec"]["containers"]


def configured(manifests: tuple[Manifest, ...], prefix: str) -> Mapping[str, str]:
    [found] = [e["data"] for e in manifests if e["kind"] == "ConfigMap" and e["metadata"]["name"].startswith(f"{prefix}-")]
    return dict(found)


@pytest.mark.parametrize("version", [KUBERNETES, kubernetes_validate.latest_version()])
def test_every_manifest_fits_the_schema(manifests: tuple[Manifest, ...], version: str) -> None:
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    wrong = copy.deepcopy(dict(named(built(FOLDER / "overlays" / "production"), "Deployment", "worker")))
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_settings_and_secrets_are_kindreds(
    manifests: tuple[Manifest, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = configured(manifests, "kindred") | SECRETS
    assert not [name for name in given if name.removeprefix(ENV_PREFIX).lower() not in Settings.model_fields]
    for name in [name for name in os.environ if name.startswith(ENV_PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(home=tmp_path)
    assert settings.environment == "production"
    servers = named(manifests, "StatefulSet", "nats")["spec"]["replicas"]
    assert settings.nats_url == ",".join(f"nats://nats-{number}.nats:4222" for number in range(servers))
    assert settings.nats_replicas == servers


def test_commands_are_kindreds(manifests: tuple[Manifest, ...]) -> None:
    kindred = typer.main.get_command(app)
    seen = set()
    for container in containers(manifests):
        if container["image"].partition(":")[0] == "kindred":
            name, *arguments = container["args"]
            context = kindred.make_context("kindred", [name], resilient_parsing=True)
            command = kindred.get_command(context, name)  # type: ignore[attr-defined]
            assert command is not None, name
            command.make_context(name, list(arguments), parent=context).close()
            seen.add(name)
    assert seen == {"up", "serve", "worker", "resolve", "archive"}


def test_every_container_is_bounded_and_confined(manifests: tuple[Manifest, ...]) -> None:
    for name, pod in pods(manifests):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["enableServiceLinks"] is False, name
        assert spec["automountServiceAccountToken"] is False, name
    for container in containers(manifests):
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


def test_probes_ask_ports_that_are_there_and_only_readiness_asks_the_stores(manifests: tuple[Manifest, ...]) -> None:
    for name, pod in pods(manifests):
        for container in pod["spec"]["containers"]:
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            probes = {kind: container[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")}
            asked = {kind: probe.get("httpGet", probe.get("tcpSocket")) for kind, probe in probes.items()}
            assert all(each["port"] in ports for each in asked.values()), name
            if name in OURS:
                assert [asked[kind]["path"] for kind in ("startup", "liveness", "readiness")] == [
                    "/healthz",
                    "/healthz",
                    "/readyz",
                ]
                arguments = container["args"]
                assert arguments[-1] == str(next(iter(ports.values()))), "it listens where it is asked"


def test_secrets_are_by_reference_and_of_one_name(manifests: tuple[Manifest, ...]) -> None:
    assert not [each for each in manifests if each["kind"] == "Secret"]
    for container in containers(manifests):
        for each in container.get("envFrom", []):
            assert each.get("secretRef", {"name": "kindred"}) == {"name": "kindred"}
        for each in container.get("env", []):
            reference = each.get("valueFrom", {}).get("secretKeyRef")
            assert reference is None or (reference["name"] == "kindred" and reference["key"] in SECRETS)
            assert "PASSWORD" not in each["name"] or reference is not None


def test_what_selects_pods_selects_some(manifests: tuple[Manifest, ...]) -> None:
    labels = [pod["metadata"]["labels"] for _, pod in pods(manifests)]
    selectors = []
    for each in manifests:
        if each["kind"] == "Service":
            selectors.append(each["spec"]["selector"])
        if each["kind"] == "PodDisruptionBudget":
            selectors.append(each["spec"]["selector"]["matchLabels"])
        if each["kind"] == "NetworkPolicy":
            selectors.append(each["spec"]["podSelector"].get("matchLabels", {}))
            peers = [peer for rule in each["spec"].get("ingress", []) for peer in rule.get("from", [])]
            peers += [peer for rule in each["spec"].get("egress", []) for peer in rule.get("to", [])]
            selectors += [peer["podSelector"]["matchLabels"] for peer in peers if "podSelector" in peer]
        if each["kind"] == "HorizontalPodAutoscaler":
            target = named(manifests, "Deployment", each["spec"]["scaleTargetRef"]["name"])
            assert "replicas" not in target["spec"], "what is scaled would be set back at each apply"
    assert len(selectors) > 15
    for selector in selectors:
        assert any(selector.items() <= label.items() for label in labels), selector


def test_one_resolver_and_one_archiver_and_budgets_for_what_is_several() -> None:
    manifests = built(FOLDER / "overlays" / "production")
    assert named(manifests, "Deployment", "resolver")["spec"]["replicas"] == 1
    assert named(manifests, "Deployment", "resolver")["spec"]["strategy"] == {"type": "Recreate"}
    assert named(manifests, "StatefulSet", "archiver")["spec"]["replicas"] == 1
    budgets = {
        each["metadata"]["name"]: each["spec"]["maxUnavailable"] for each in manifests if each["kind"] == "PodDisruptionBudget"
    }
    assert budgets == {"serve": 1, "worker": 1, "nats": 1}


def test_workers_can_be_scaled_by_what_waits(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    overlay = tmp_path / "kubernetes" / "overlays" / "production" / "kustomization.yaml"
    overlay.write_text(overlay.read_text() + "components:\n  - ../../components/scale-by-lag\n")
    scaler = named(built(overlay.parent), "HorizontalPodAutoscaler", "worker")
    kubernetes_validate.validate(scaler, KUBERNETES, strict=True)
    [metric] = scaler["spec"]["metrics"]
    assert metric["external"]["metric"]["name"] == "kindred_stream_pending"


def test_the_configurations_of_nats_are_valid(manifests: tuple[Manifest, ...], tmp_path: Path) -> None:
    [container] = named(manifests, "StatefulSet", "nats")["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value", "nats-0") for each in container["env"]}
    configuration = tmp_path / "nats.conf"
    configuration.write_text(configured(manifests, "nats")["cluster.conf"])
    arguments = [argument for argument in container["args"] if not argument.startswith("--config")]
    command = [find_executable(), "-t", "--config", configuration, *arguments]
    done = subprocess.run(command, env=os.environ | values, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
