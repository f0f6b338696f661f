"""Policies are data: parsed strictly, versioned by content, and each purpose keeps what the design promises of it."""

import tomllib
from copy import deepcopy
from typing import Any

import pytest

from graph.identity.policy import POLICIES, Joins, PolicyError, load_policy, parse_policy
from graph.model.identity import Purpose


def document(purpose: Purpose = Purpose.INDIVIDUAL) -> dict[str, Any]:
    return tomllib.loads((POLICIES / f"{purpose.value}.toml").read_text(encoding="utf-8"))


def parse(changed: dict[str, Any]) -> Any:
    return parse_policy(changed, purpose=Purpose.INDIVIDUAL, where="policy.toml")


def test_the_version_is_a_digest_of_the_content() -> None:
    changed = deepcopy(document())
    same, other = parse(deepcopy(changed)), load_policy(Purpose.INDIVIDUAL)
    assert same.version == other.version
    changed["limits"]["max_members"] += 1
    assert parse(changed).version != same.version


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("description"), "policy.toml: 'description' is missing"),
        (lambda d: d.update(colour="red"), r"policy.toml: unknown entries \['colour'\]"),
        (lambda d: d["limits"].update(max_members="many"), r"policy.toml \[limits\]: 'max_members' is 'many', expected int"),
        (lambda d: d["limits"].update(max_members=True), r"\[limits\]: 'max_members' is True, expected int"),
        (
            lambda d: d["evidence"]["email"].update(joins="sometimes"),
            r"\[evidence.email\]: 'joins' holds 'sometimes', expected one of",
        ),
        (lambda d: d["contradiction"][0].update(fields=["shoe_size"]), r"\[\[contradiction\]\] 1: 'fields' holds 'shoe_size'"),
        (lambda d: d["contradiction"][0].pop("weight"), r"\[\[contradiction\]\] 1: 'weight' is missing"),
        (lambda d: d["blocked"].update(any="unknown"), r"\[blocked\]: 'any' is 'unknown', expected a list of texts"),
        (lambda d: d["blocked"].update(email=[1]), r"\[blocked\]: 'email' is \[1\], expected a list of texts"),
        (lambda d: d["blocked"]["made_of"].append(""), r"\[blocked\]: 'made_of' has a set without a character"),
        (lambda d: d.update(purpose="operational"), "purpose is 'operational', expected 'individual'"),
    ],
)
def test_what_cannot_be_understood_is_named(change: Any, message: str) -> None:
    changed = document()
    change(changed)
    with pytest.raises(PolicyError, match=message) as raised:
        parse(changed)
    assert raised.value.code == "policy_invalid"


def test_a_missing_or_broken_file_is_named(tmp_path: Any) -> None:
    with pytest.raises(PolicyError, match=r"there is no policy file household\.toml"):
        load_policy(Purpose.HOUSEHOLD, folder=tmp_path)
    (tmp_path / "household.toml").write_text("id = ", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"household\.toml is not TOML"):
        load_policy(Purpose.HOUSEHOLD, folder=tmp_path)


@pytest.mark.parametrize(
    "key",
    [
        "email:test@test.com",
        "email:none@nowhere.org",
        "phone:0000000000",
        "phone:+17020000000",
        "crm_id:unknown",
        "ssn:?",
        "ssn:0",
        "ssn:000-00-0000",
        "anonymous_id:00000000-0000-0000-0000-000000000000",
        "crm_id:xxxx",
        "crm_id:--",
    ],
)
def test_values_that_say_nothing_are_blocked(key: str) -> None:
    assert load_policy(Purpose.INDIVIDUAL).blocked.holds(key)


@pytest.mark.parametrize(
    "key",
    [
        "email:ann@example.com",
        "loyalty_id:7",
        "phone:+17025550001",
        "crm_id:1000",
        "user_id:x1",
        "anonymous_id:004e3bba-f808-d9bd-1779-895c106b3c50",
        "user_id:xx-7-x",
    ],
)
def test_ordinary_values_are_not_blocked(key: str) -> None:
    assert not load_policy(Purpose.INDIVIDUAL).blocked.holds(key)


def test_namespaces_that_no_policy_names_count_as_ids_of_one_person() -> None:
    kind = load_policy(Purpose.INDIVIDUAL).kind_of("crm_id:42")
    assert kind.joins is Joins.ALONE
    assert kind.weight > load_policy(Purpose.INDIVIDUAL).kind("email").weight


def test_operational_identities_hold_neither_cookies_nor_anything_unverified() -> None:
    policy = load_policy(Purpose.OPERATIONAL)
    for namespace in ("anonymous_id", "device_id", "name_birth_date", "postal_address"):
        assert not policy.kind(namespace).member
        assert not policy.kind(namespace).verified
    assert policy.kind("loyalty_id").max_per_identity == 1
