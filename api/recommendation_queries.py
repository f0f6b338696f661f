"""What a customer is likely to want next."""

from typing import Annotated, Final

import strawberry

from api.consent import may_be_used
from api.context import Info
from api.errors import InvalidArgument
from api.types.enums import Purpose, graph_purpose
from api.types.outcomes import InvalidIdentifier
from api.types.parts import IdentifierInput
from api.types.recommendation import NoModel, RecommendationContext, Recommendations, RecommendationsResult, WantedProducts
from gnn.recommendation.model import Wanted
from graph.model.evidence import RejectedValue

MOST: Final = 100


@strawberry.type
class RecommendationQuery:
    """Part of the root of all queries."""

    @strawberry.field(
        description="Products that whoever has an identifier is likely to take next, each with a reason. Made from what they did "
        "up to this moment: a click counts as soon as its event has arrived, or at once in the context. An identifier that "
        "nothing ever carried gets what is popular."
    )
    async def recommendations(
        self,
        info: Info,
        customer: Annotated[IdentifierInput, strawberry.argument(name="for", description="An identifier of the customer.")],
        context: Annotated[RecommendationContext | None, strawberry.argument(description="What the page knows.")] = None,
        count: Annotated[int, strawberry.argument(description="How many, at most 100.")] = 10,
        wanted: Annotated[WantedProducts, strawberry.argument(description="Which products.")] = WantedProducts.ANY,
        purpose: Annotated[
            Purpose, strawberry.argument(description="The identity graph that says whose acts count.")
        ] = Purpose.INDIVIDUAL,
    ) -> RecommendationsResult:
        """Normalises the identifier as ingest does."""
        if not 1 <= count <= MOST:
            raise InvalidArgument(f"count is {count}; from 1 to {MOST} are given")
        normalised = info.context.normalise(customer.namespace, customer.value)
        if isinstance(normalised, RejectedValue):
            return InvalidIdentifier(namespace=customer.namespace, value=customer.value, message=normalised.reason)
        desk = info.context.recommendations
        answer = await desk.recommend(
            normalised.key,
            purpose=graph_purpose(purpose),
            at=info.context.clock(),
            count=count,
            wanted=Wanted(str(wanted.value)),
            page=(context or RecommendationContext()).on_the_page(),
            personal=may_be_used(info, normalised.key),
        )
        if answer is None:
            return NoModel(message="no recommender is in use: kindred train makes one")
        return Recommendations.of(answer)
