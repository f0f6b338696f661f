"""The state file: private, whole, and refused when it cannot be read."""

import re
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.settings import load_settings
from runtime.stack.address import stack_address
from runtime.stack.errors import StackDownError, StateError
from runtime.stack.nats import NatsAddress
from runtime.stack.process import ProcessId
from runtime.stack.services import Service
from runtime.stack.state import STATE_FILE, new_state, read_state, write_state


def test_state_is_read_as_written_and_private(tmp_path: Path) -> None:
    state = new_state().with_process("nats", ProcessId(pid=1, created=2.5), command=("a", "b"))
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert stat.S_IMODE((tmp_path / STATE_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]


def test_process_can_be_forgotten() -> None:
    state = new_state()
    assert state.with_process("nats", ProcessId(pid=1, created=2.5)).without_process("nats") == state


def test_secrets_differ_and_are_not_printed() -> None:
    one, other = new_state(), new_state()
    assert one.secrets.neo4j_password != other.secrets.neo4j_password
    assert one.secrets.neo4j_password not in repr(one)
    assert one.secrets.nats_password not in repr(one)


def test_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", '{"version": 2}', '{"version": 1}'])
def test_state_that_cannot_be_read_is_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE_FILE).write_text(text)
    with pytest.raises(StateError, match=r"state\.json cannot be read"):
        read_state(tmp_path)
    assert (tmp_path / STATE_FILE).read_text() == text


def test_stack_that_was_never_started(tmp_path: Path) -> None:
    with pytest.raises(StackDownError, match=r"neo4j and nats of .* not running; `kindred up"):
        stack_address(load_settings(home=tmp_path))


def test_external_stores_need_no_state(tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path,
        neo4j_uri="neo4j://db:7687",
        neo4j_password="p",
        nats_url="nats://mq:4222",
        nats_user="u",
        nats_password="q@/",
    )
    address = stack_address(settings)
    assert (address.neo4j.uri, address.neo4j.user, address.neo4j.password) == ("neo4j://db:7687", "neo4j", "p")
    assert address.nats_url == "nats://u:q%40%2F@mq:4222"


def test_external_neo4j_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="KINDRED_NEO4J_PASSWORD is not"):
        stack_address(load_settings(home=tmp_path, neo4j_uri="neo4j://db:7687", nats_url="nats://mq:4222"))


def test_address_without_login() -> None:
    assert NatsAddress(url="nats://mq:4222").with_login == "nats://mq:4222"


def test_every_server_of_a_cluster_gets_the_login() -> None:
    cluster = NatsAddress(url="nats://a:4222,nats://b:4222, tls://c:4223", user="u", password="p:")
    assert cluster.with_login == "nats://u:p%3A@a:4222,nats://u:p%3A@b:4222,tls://u:p%3A@c:4223"


def test_replicas_need_a_cluster(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="nats_replicas is for an external cluster"):
        load_settings(home=tmp_path, nats_replicas=3)


def test_service_may_not_take_the_name_of_a_store(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nats is the name of a store"):
        Service(name="nats", arguments=("worker",))
    assert Service(name="worker", arguments=("worker",)).command(home=tmp_path)[1:] == (
        "-m",
        "runtime",
        "worker",
        "--home",
        str(tmp_path),
    )


def test_secrets_can_stand_in_any_command_line_and_address() -> None:
    # One that begins with a dash was once taken for an option, in one of 64 installations.
    drawn = [new_state().secrets for _ in range(50)]
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for s in drawn for value in (s.neo4j_password, s.nats_password, s.write_key))
