"""What resolvers get for one request."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from api.auth import Caller
from api.live.hub import LiveHub
from api.metrics import ApiMetrics
from gnn.serving.recommendations import RecommendationDesk
from gnn.serving.substitutes import SubstitutionDesk
from graph.database import Database
from graph.identity.publication import PolicyDesk
from graph.identity.review import ReviewDesk
from graph.identity.stewardship import Stewardship
from graph.model.evidence import RejectedValue
from graph.model.identifier import Identifier
from graph.model.proposal import PolicyDiff
from graph.repositories.embeddings import EmbeddingRepository
from graph.repositories.journeys import JourneyRepository
from graph.repositories.live import LiveRepository
from graph.repositories.profiles import ProfileRepository

T = TypeVar("T")

Normalise = Callable[[str, str], Identifier | RejectedValue]
"""A namespace and a value as given, to the identifier that ingest makes of them or what is wrong with the value."""
Read = Callable[..., Coroutine[Any, Any, Mapping[str, T]]]
"""Reads several objects at once: ids in, and a mapping out that holds every one of them."""


class Propose(Protocol):
    """Compares a policy with the graph; it may take seconds, and must not keep the event loop from others."""

    def __call__(self, document: str, *, examples: int, pending: bool) -> Coroutine[Any, Any, PolicyDiff]:
        """What publishing ``document`` and resolving would change.

        Raises:
            PolicyError: the document cannot be understood.
        """
        ...


class Work:
    """Work that outlasts the request that began it, and work that is done one at a time; shared by all requests."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work to its end, also where whoever waits for it gives up: half of it would be left to the next resolution."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def alone(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do work to its end once all other such work has ended; whoever gives up before its turn has come leaves nothing."""
        await self._turn.acquire()

        async def run() -> T:
            try:
                return await work()
            finally:
                self._turn.release()

        return await self.finish(run())


@dataclass(slots=True, kw_only=True)
class Context:
    """The request's collaborators, its caller and its batches."""

    database: Database
    profiles: ProfileRepository
    journeys: JourneyRepository
    reviews: ReviewDesk
    stewardship: Stewardship
    policies: PolicyDesk
    recommendations: RecommendationDesk
    substitutes: SubstitutionDesk
    embeddings: EmbeddingRepository
    live: LiveRepository
    hub: LiveHub
    metrics: ApiMetrics
    propose: Propose
    work: Work
    clock: Callable[[], datetime]
    normalise: Normalise
    caller: Caller
    operation: str | None = None
    """Name of the operation, once the document is parsed."""
    connection_params: Mapping[str, object] | None = None
    """What the client of a WebSocket said of itself."""
    _loaders: dict[Hashable, DataLoader[str, Any]] = field(default_factory=dict)

    def renewed(self) -> "Context":
        """The same for another operation of one connection."""
        return replace(self, operation=None, _loaders={})

    def forget(self) -> None:
        """Read anew whatever is asked for from now on."""
        self._loaders.clear()

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
