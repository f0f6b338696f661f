"""API keys."""

import pytest

from api.auth import ApiKey, Authenticator, Role

KEYS = Authenticator(
    [
        ApiKey(name="shop", key="first-key"),
        ApiKey(name="studio", key="second-key", roles=frozenset(Role)),
    ]
)


@pytest.mark.parametrize(
    ("header", "name"),
    [("Bearer first-key", "shop"), ("bearer first-key", "shop"), ("Bearer  second-key ", "studio")],
)
def test_a_key_leads_to_its_caller(header: str, name: str) -> None:
    caller = KEYS.caller_of(header)
    assert caller is not None
    assert caller.name == name


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "first-key", "Basic first-key", "Bearer first-keyx", "Bearer \udce9"],
)
def test_anything_else_leads_to_nobody(header: str | None) -> None:
    assert KEYS.caller_of(header) is None


def test_a_key_may_read_and_no_more_unless_told() -> None:
    caller = KEYS.caller_of("Bearer first-key")
    assert caller is not None
    assert caller.roles == {Role.READ}


def test_a_key_may_do_what_its_scopes_say() -> None:
    caller = Authenticator([ApiKey(name="ann", key="k", roles=frozenset({Role.STEWARD}))]).caller_of("Bearer k")
    assert caller is not None
    assert {role: caller.may(role) for role in Role} == {
        Role.READ: False, Role.STEWARD: True, Role.POLICY: False, Role.INTROSPECT: False,
    }  # fmt: skip


def test_keys_are_not_in_representations() -> None:
    assert "first-key" not in repr(ApiKey(name="shop", key="first-key"))
