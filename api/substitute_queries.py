"""What can take the place of a product."""

from typing import Annotated, Final

import strawberry

from api.consent import may_be_used
from api.context import Info
from api.errors import InvalidArgument
from api.types.enums import Purpose, graph_purpose
from api.types.outcomes import InvalidIdentifier
from api.types.parts import IdentifierInput
from api.types.recommendation import NoModel
from api.types.substitutes import Substitutes, SubstitutesContext, SubstitutesResult
from gnn.errors import ModelError
from graph.model.evidence import RejectedValue
from graph.model.ids import IdentifierKey

MOST: Final = 20


@strawberry.type
class SubstituteQuery:
    """Part of the root of all queries."""

    @strawberry.field(
        description="What a shopper is likeliest to accept where a product is out of stock, each with reasons. Learnt from what "
        "shoppers took when their usual product was not there; made for this shopper from what they bought up to this moment."
    )
    async def substitutes(
        self,
        info: Info,
        product: Annotated[strawberry.ID, strawberry.argument(description="The id of the product that is not there.")],
        customer: Annotated[
            IdentifierInput | None, strawberry.argument(name="for", description="An identifier of the shopper, if there is one.")
        ] = None,
        context: Annotated[SubstitutesContext | None, strawberry.argument(description="What the page knows.")] = None,
        count: Annotated[int, strawberry.argument(description="How many, at most 20.")] = 3,
        purpose: Annotated[
            Purpose, strawberry.argument(description="The identity graph that says whose purchases count.")
        ] = Purpose.INDIVIDUAL,
    ) -> SubstitutesResult:
        """Normalises the identifier as ingest does."""
        if not 1 <= count <= MOST:
            raise InvalidArgument(f"count is {count}; from 1 to {MOST} are given")
        key: IdentifierKey | None = None
        if customer is not None:
            normalised = info.context.normalise(customer.namespace, customer.value)
            if isinstance(normalised, RejectedValue):
                return InvalidIdentifier(namespace=customer.namespace, value=customer.value, message=normalised.reason)
            key = normalised.key
        try:
            answer = await info.context.substitutes.substitutes(
                str(product),
                key,
                purpose=graph_purpose(purpose),
                at=info.context.clock(),
                count=count,
                shelf=(context or SubstitutesContext()).at_the_shelf(),
                personal=_may_be_used(info, key),
            )
        except ModelError as error:
            raise InvalidArgument(str(error)) from error
        if answer is None:
            return NoModel(message="nothing is known of replacements: kindred train learns them")
        return Substitutes.of(answer)


async def _may_be_used(info: Info, key: IdentifierKey | None) -> bool:
    return key is not None and await may_be_used(info, key)
