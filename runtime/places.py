"""Databases that a command names: by the address of a server, or by the home of an installation."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from graph.database import Neo4jAddress
from graph.errors import KindredError
from runtime.settings import load_settings
from runtime.stack.address import neo4j_address
from runtime.stack.errors import StackDownError
from runtime.stack.state import read_state

SCHEMES = frozenset(
    {"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"},
)


class PlaceUnknown(KindredError):  # noqa: N818 - states what was observed, as the others do
    """What was named is no database."""

    code = "place_unknown"


def is_address(place: str) -> bool:
    """Whether a place is told as the address of a server, ``bolt://host:port`` or one of its kin."""
    return urlsplit(place).scheme in SCHEMES


def database_at(place: str, *, password: str | None) -> Neo4jAddress:
    """Where a database is and how to log in.

    Args:
        place: ``bolt://USER@HOST:PORT/DATABASE`` (user and database are ``neo4j`` where they are not said), or the home of an
            installation.
        password: of an address; a home knows its own.

    Raises:
        PlaceUnknown: it is neither, or an address holds a password or comes without one.
        StackDownError: the installation of the home was never started.
        StateError: the state file of the home cannot be read, or its settings are incomplete.
    """
    if is_address(place):
        parts = urlsplit(place)
        if parts.password is not None:
            raise PlaceUnknown("the address holds a password, which others could read: say it by KINDRED_TARGET_PASSWORD")
        if password is None:
            raise PlaceUnknown(f"there is no password for {place}: say it by KINDRED_TARGET_PASSWORD")
        server = parts.netloc.rpartition("@")[2]
        return Neo4jAddress(
            uri=urlunsplit((parts.scheme, server, "", "", "")),
            user=parts.username or "neo4j",
            password=password,
            database=parts.path.strip("/") or "neo4j",
        )
    home = Path(place)
    if not home.is_dir():
        raise PlaceUnknown(f"{place} is neither an address (bolt://HOST:PORT) nor the home of an installation")
    address = neo4j_address(load_settings(home=home), read_state(home))
    if address is None:
        raise StackDownError(f"neo4j of {home} was never started; `kindred up --home {home}` starts it")
    return address
