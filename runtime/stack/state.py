"""What an installation remembers of its embedded servers: ports, generated secrets, processes. One JSON file, mode 0600."""

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runtime.stack.errors import StateError
from runtime.stack.process import ProcessId

STATE_FILE = "state.json"


class Secrets(BaseModel):
    """Generated once per installation, never shown and never logged."""

    model_config = ConfigDict(frozen=True)

    neo4j_password: str = Field(repr=False)
    nats_password: str = Field(repr=False)
    write_key: str = Field(repr=False)
    hash_salt: str = Field(repr=False)


class Ports(BaseModel):
    """Chosen once, so that a stack that is started again is found at the same address. 0: not chosen yet."""

    model_config = ConfigDict(frozen=True)

    bolt: int = 0
    http: int = 0
    nats: int = 0


class State(BaseModel):
    """The state file."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    secrets: Secrets
    ports: Ports = Ports()
    processes: Mapping[str, ProcessId] = Field(default_factory=dict)
    commands: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    def with_process(self, name: str, process: ProcessId, *, command: tuple[str, ...] = ()) -> "State":
        """The state in which ``name`` runs as ``process``."""
        return self.model_copy(
            update={"processes": {**self.processes, name: process}, "commands": {**self.commands, name: command}}
        )

    def without_process(self, name: str) -> "State":
        """The state in which ``name`` does not run."""
        return self.model_copy(
            update={
                "processes": {key: value for key, value in self.processes.items() if key != name},
                "commands": {key: value for key, value in self.commands.items() if key != name},
            }
        )


def new_state() -> State:
    """A first state, with its secrets drawn from the system's source of randomness."""
    return State(
        secrets=Secrets(
            neo4j_password=secrets.token_hex(24),
            nats_password=secrets.token_hex(24),
            write_key=secrets.token_hex(24),
            hash_salt=secrets.token_hex(16),
        )
    )


def read_state(home: Path) -> State | None:
    """The state of this home, or None where no stack was ever started.

    Raises:
        StateError: the file is there but cannot be read.
    """
    path = home / STATE_FILE
    try:
        return State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StateError(
            f"{path} cannot be read: {type(error).__name__}. It holds the passwords of the data in {home}: restore it from a "
            "backup, or move the whole folder away to begin with an empty one."
        ) from error


def write_state(home: Path, state: State) -> None:
    """Replace the state file in one step; a reader sees the old one or the new one."""
    write_private(home / STATE_FILE, state.model_dump_json(indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file of `tempfile` has mode 0600 from its first moment.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    incoming = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(path)
    finally:
        incoming.unlink(missing_ok=True)
