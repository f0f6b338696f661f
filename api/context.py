"""What resolvers get for one request."""

from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from api.auth import Caller
from graph.database import Database
from graph.model.evidence import RejectedValue
from graph.model.identifier import Identifier
from graph.repositories.journeys import JourneyRepository
from graph.repositories.profiles import ProfileRepository

T = TypeVar("T")

Normalise = Callable[[str, str], Identifier | RejectedValue]
"""A namespace and a value as given, to the identifier that ingest makes of them or what is wrong with the value."""
Read = Callable[..., Coroutine[Any, Any, Mapping[str, T]]]
"""Reads several objects at once: ids in, and a mapping out that holds every one of them."""


@dataclass(slots=True, kw_only=True)
class Context:
    """The request's collaborators, its caller and its batches."""

    database: Database
    profiles: ProfileRepository
    journeys: JourneyRepository
    normalise: Normalise
    caller: Caller
    operation: str | None = None
    """Name of the operation, once the document is parsed."""
    _loaders: dict[Hashable, DataLoader[str, Any]] = field(default_factory=dict)

    async def load(self, read: Read[T], key: str, **arguments: Hashable) -> T:
        """Read one object; all that one step of the execution asks of ``read`` with the same arguments is one statement."""
        signature = (read, frozenset(arguments.items()))
        loader = self._loaders.get(signature)
        if loader is None:

            async def batch(keys: Sequence[str]) -> list[T]:
                found = await read(keys, **arguments)
                return [found[key] for key in keys]

            loader = DataLoader(load_fn=batch)
            self._loaders[signature] = loader
        loaded: T = await loader.load(key)
        return loaded


Info: TypeAlias = strawberry.Info[Context, None]
