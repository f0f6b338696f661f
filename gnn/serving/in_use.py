"""The model in use, taken up within seconds of a switch."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

import structlog
from threadpoolctl import threadpool_limits

from gnn.errors import ModelError
from gnn.model_store import ModelStore

LOOK_SECONDS: Final = 2.0
"""How long a version in use is taken for granted before the store is looked at again."""
Model = TypeVar("Model")
log = structlog.get_logger()


class InUse(Generic[Model]):
    """Holds the version of a kind of model that is in use, and looks now and then whether it still is.

    Args:
        store: of models.
        kind: of the model.
        load: reads one from its folder; a ``ModelError`` leaves the one before in place.
    """

    def __init__(self, store: ModelStore, kind: str, load: Callable[[Path], Model]) -> None:
        self._store = store
        self._kind = kind
        self._load = load
        self._version: str | None = None
        self._model: Model | None = None
        self._looked_at = float("-inf")
        self._turn = asyncio.Lock()

    async def model(self) -> Model | None:
        """The model; None where none is in use."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return self._model
        async with self._turn:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                await asyncio.to_thread(self._look)
                self._looked_at = time.monotonic()
        return self._model

    def _look(self) -> None:
        """Take up the version in use; where it cannot be read, go on with the one before."""
        try:
            version = self._store.current(self._kind)
            if version == self._version:
                return
            # Answers are given beside each other; threads of linear algebra for each would only wait for one another.
            threadpool_limits(1, user_api="blas")
            self._model = None if version is None else self._load(self._store.path(self._kind, version))
            self._version = version
            log.info("model.taken_up", kind=self._kind, version=version)
        except ModelError as error:
            log.error("model.not_readable", kind=self._kind, reason=str(error))  # noqa: TRY400 - the reason says it all
