"""What is like a product, and who is like some people."""

from typing import Annotated, Final

import strawberry

from api.context import Info
from api.errors import InvalidArgument
from api.types.parts import IdentifierInput
from api.types.profile import profile
from api.types.similar import Lookalike, SimilarProduct
from graph.model.evidence import RejectedValue

MOST: Final = 100
MOST_SEEDS: Final = 200


@strawberry.type
class SimilarQuery:
    """Part of the root of all queries."""

    @strawberry.field(
        description="Products that the same kind of customers take, nearest first; none before `kindred score`, or where the "
        "product has no vector."
    )
    async def similar_products(
        self,
        info: Info,
        product_id: Annotated[strawberry.ID, strawberry.argument(description="The product's id.")],
        first: Annotated[int, strawberry.argument(description="How many, at most 100.")] = 10,
    ) -> list[SimilarProduct]:
        """From the slot in use."""
        found = await info.context.embeddings.similar_products(str(product_id), count=_checked(first))
        return [SimilarProduct.of(row) for row in found]

    @strawberry.field(
        description="Individuals who take what those with the identifiers take, nearest first and without these: whom else to "
        "reach. Whoever has no vector is passed over. An action still needs each one's consent."
    )
    async def lookalikes(
        self,
        info: Info,
        of: Annotated[list[IdentifierInput], strawberry.argument(description="Identifiers of the seeds, at most 200.")],
        first: Annotated[int, strawberry.argument(description="How many, at most 100.")] = 10,
    ) -> list[Lookalike]:
        """From the slot in use."""
        if not 1 <= len(of) <= MOST_SEEDS:
            raise InvalidArgument(f"of holds {len(of)} identifiers; from 1 to {MOST_SEEDS} are taken")
        keys = []
        for given in of:
            normalised = info.context.normalise(given.namespace, given.value)
            if isinstance(normalised, RejectedValue):
                raise InvalidArgument(f"{given.namespace} {given.value}: {normalised.reason}")
            keys.append(normalised.key)
        rows = await info.context.embeddings.lookalikes(keys, count=_checked(first))
        states = await info.context.profiles.identities([row.identity_id for row in rows], as_of=None)
        found = []
        for row in rows:
            state = states[row.identity_id]
            if state is not None:
                found.append(Lookalike(profile=profile(state, as_of=None), similarity=row.score, model=row.version))
        return found


def _checked(first: int) -> int:
    if not 1 <= first <= MOST:
        raise InvalidArgument(f"first is {first}; from 1 to {MOST} are given")
    return first
