"""The composition root: opens what the settings name and hands it to those who need it."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.auth import Role
from graph.database import Database, open_database
from ingest.topology import Retention
from runtime.settings import DEVELOPMENT_KEY, Settings
from runtime.stack.address import StackAddress, stack_address
from runtime.stack.nats import NatsAddress
from runtime.stack.resources import MEBIBYTE
from runtime.stack.state import State, new_state, read_state, write_state

DEFAULT_SOURCE = "default"
EVERYTHING = frozenset({Role.READ, Role.STEWARD, Role.POLICY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What an application of Kindred stands on: an open database, the address of NATS, and the installation's secrets."""

    settings: Settings
    database: Database
    address: StackAddress
    write_keys: Mapping[str, str] = field(repr=False)
    hash_salt: str = field(repr=False)

    @property
    def nats_address(self) -> NatsAddress:
        """Where NATS answers."""
        return self.address.nats

    @property
    def nats_url(self) -> str:
        """NATS with its login in the address, as clients take it. Never to be logged."""
        return self.address.nats_url


@asynccontextmanager
async def open_platform(settings: Settings) -> AsyncIterator[Platform]:
    """Connect to the stores of this installation, embedded or external, and close the connection at the end.

    Raises:
        StackDownError: the embedded stack does not run.
        StateError: the settings or the state file cannot be used.
        neo4j.exceptions.DriverError: Neo4j could not be reached.
    """
    address = stack_address(settings)
    async with open_database(address.neo4j) as database:
        yield Platform(
            settings=settings,
            database=database,
            address=address,
            write_keys=write_keys(settings),
            hash_salt=hash_salt(settings),
        )


def retention(settings: Settings) -> Retention:
    """How long and how much JetStream keeps."""
    return Retention(
        # With an archive it is the archiver that lets go, of what is archived; 0 is for ever.
        events_days=settings.events_keep_days if settings.archive is None else 0.0,
        events_max_bytes=None if settings.events_max_mb is None else settings.events_max_mb * MEBIBYTE,
        dead_letters_days=settings.dead_letters_keep_days,
        replicas=settings.nats_replicas,
    )


def write_keys(settings: Settings) -> Mapping[str, str]:
    """Source name to write key: those of the settings, or one generated for this installation."""
    if settings.write_keys:
        return {source: key.get_secret_value() for source, key in settings.write_keys.items()}
    return {DEFAULT_SOURCE: _state(settings).secrets.write_key}


def api_keys(settings: Settings) -> Mapping[str, str]:
    """Name to API key: those of the settings; else, in development, one made for this installation, the same at each start."""
    if settings.api_keys or settings.environment == "production":
        return {name: key.get_secret_value() for name, key in settings.api_keys.items()}
    # From the salt, which leaves this machine no more than the key does; a secret of its own would outdate older state files.
    made = hmac.new(hash_salt(settings).encode(), b"kindred development api key", hashlib.sha256).hexdigest()
    return {DEVELOPMENT_KEY: f"dev_{made[:40]}"}


def roles_of(settings: Settings, name: str) -> frozenset[Role]:
    """What the API key of a name allows: its roles, and introspection where the settings list it."""
    generated = not settings.api_keys and settings.environment == "development" and name == DEVELOPMENT_KEY
    if name in settings.api_roles:
        roles = frozenset(Role(role) for role in settings.api_roles[name])
    else:
        roles = EVERYTHING if generated else frozenset({Role.READ})
    return roles | {Role.INTROSPECT} if name in settings.introspecting_keys else roles


def hash_salt(settings: Settings) -> str:
    """The salt of the settings, or the one generated for this installation."""
    return _state(settings).secrets.hash_salt if settings.hash_salt is None else settings.hash_salt.get_secret_value()


def _state(settings: Settings) -> State:
    state = read_state(settings.home)
    if state is None:
        # Both stores are external and nothing was ever started here: the secrets are still this installation's.
        state = new_state()
        write_state(settings.home, state)
    return state
