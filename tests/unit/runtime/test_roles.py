"""Which key may do what, by the settings."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from api.auth import Role
from runtime.settings import Settings, load_settings
from runtime.wiring import roles_of

READ, STEWARD, POLICY, INTROSPECT = Role.READ, Role.STEWARD, Role.POLICY, Role.INTROSPECT
KEYS = {"shop": "s-key", "ann": "a-key", "bot": "b-key"}


def settings(home: Path, **given: Any) -> Settings:
    return load_settings(home=home, **given)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop", {READ}),
        ("ann", {READ, STEWARD, INTROSPECT}),
        # What is listed and nothing else: not even reading.
        ("bot", {POLICY}),
    ],
)
def test_a_key_has_the_roles_that_are_listed_or_may_read(tmp_path: Path, name: str, expected: set[Role]) -> None:
    roles = {"ann": ["read", "steward"], "bot": ["policy"]}
    found = settings(tmp_path, api_keys=KEYS, api_roles=roles, introspecting_keys=["ann"])
    assert roles_of(found, name) == expected


def test_an_empty_list_takes_everything(tmp_path: Path) -> None:
    assert roles_of(settings(tmp_path, api_keys=KEYS, api_roles={"shop": []}), "shop") == set()


def test_the_generated_key_may_do_everything_unless_it_is_named(tmp_path: Path) -> None:
    assert roles_of(settings(tmp_path), "development") == {READ, STEWARD, POLICY}
    assert roles_of(settings(tmp_path, api_roles={"development": ["read"]}), "development") == {READ}


@pytest.mark.parametrize("given", [{"api_keys": {"development": "a-key"}}, {"environment": "production"}])
def test_a_key_of_the_same_name_that_was_not_generated_may_read_alone(tmp_path: Path, given: dict[str, Any]) -> None:
    assert roles_of(settings(tmp_path, **given), "development") == {READ}


def test_roles_of_a_key_that_does_not_exist_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="api_roles names an, and there is no API key of that name"):
        settings(tmp_path, api_keys=KEYS, api_roles={"an": ["steward"]})


def test_an_unknown_role_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="api_roles"):
        settings(tmp_path, api_keys=KEYS, api_roles={"ann": ["admin"]})


def test_roles_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINDRED_API_KEYS", '{"ann": "a-key"}')
    monkeypatch.setenv("KINDRED_API_ROLES", '{"ann": ["read", "steward"]}')
    found = settings(tmp_path)
    assert roles_of(found, "ann") == {READ, STEWARD}
    assert "a-key" not in repr(found)
