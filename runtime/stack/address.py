"""Where the stores of an installation answer: the embedded ones by their state file, external ones by the settings."""

from dataclasses import dataclass

from graph.database import Neo4jAddress
from runtime.settings import Settings
from runtime.stack import nats, neo4j
from runtime.stack.errors import StackDownError, StateError
from runtime.stack.nats import NatsAddress
from runtime.stack.process import find
from runtime.stack.state import State, read_state


@dataclass(frozen=True, slots=True, kw_only=True)
class StackAddress:
    """Addresses of Neo4j and NATS with their logins."""

    neo4j: Neo4jAddress
    nats: NatsAddress

    @property
    def nats_url(self) -> str:
        """NATS with its login in the address. Never to be logged."""
        return self.nats.with_login


def neo4j_address(settings: Settings, state: State | None) -> Neo4jAddress | None:
    """Where Neo4j answers, or None if it is embedded and was never started.

    Raises:
        StateError: an external Neo4j is given without its password.
    """
    if settings.neo4j_uri is not None:
        if settings.neo4j_password is None:
            raise StateError("KINDRED_NEO4J_URI is set and KINDRED_NEO4J_PASSWORD is not", code="settings_incomplete")
        return Neo4jAddress(
            uri=settings.neo4j_uri,
            user=settings.neo4j_user,
            password=settings.neo4j_password.get_secret_value(),
            database=settings.neo4j_database,
        )
    if state is None or not state.ports.bolt:
        return None
    return neo4j.address(ports=state.ports, password=state.secrets.neo4j_password, database=settings.neo4j_database)


def nats_address(settings: Settings, state: State | None) -> NatsAddress | None:
    """Where NATS answers, or None if it is embedded and was never started."""
    if settings.nats_url is not None:
        password = settings.nats_password
        return NatsAddress(
            url=settings.nats_url,
            user=settings.nats_user,
            password=None if password is None else password.get_secret_value(),
        )
    if state is None or not state.ports.nats:
        return None
    return nats.address(port=state.ports.nats, password=state.secrets.nats_password)


def stack_address(settings: Settings) -> StackAddress:
    """Where the stores of this installation answer.

    Raises:
        StackDownError: an embedded store was never started, or does not run.
        StateError: the state file cannot be read, or the settings are incomplete.
    """
    state = read_state(settings.home)
    down = [
        name
        for name, embedded in ((neo4j.NAME, settings.neo4j_uri is None), (nats.NAME, settings.nats_url is None))
        if embedded and (state is None or find(state.processes.get(name)) is None)
    ]
    graph, messages = neo4j_address(settings, state), nats_address(settings, state)
    if down or graph is None or messages is None:
        raise StackDownError(
            f"{' and '.join(down)} of {settings.home} not running; `kindred up --home {settings.home}` starts it"
        )
    return StackAddress(neo4j=graph, nats=messages)
