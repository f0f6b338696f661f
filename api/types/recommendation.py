"""Recommendations as frontends read them."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.types.outcomes import InvalidIdentifier
from gnn.recommendation.model import Recommendation as Recommended
from gnn.recommendation.model import Wanted
from gnn.recommendation.reasons import ReasonKind as Kind
from gnn.serving.recommendations import OnThePage
from gnn.serving.recommendations import Recommended as Answer


@strawberry.enum(description="Which products to recommend.")
class WantedProducts(Enum):
    """See ``gnn.recommendation.model.Wanted``."""

    ANY = strawberry.enum_value(Wanted.ANY, description="Whatever is likeliest to be taken next.")
    NEW = strawberry.enum_value(Wanted.NEW, description="Only what the customer never bought.")
    REPEAT = strawberry.enum_value(Wanted.REPEAT, description="Only what the customer bought before.")


@strawberry.enum(description="What a reason is about.")
class RecommendationReasonKind(Enum):
    """See ``gnn.recommendation.reasons.ReasonKind``."""

    BOUGHT_BEFORE = strawberry.enum_value(Kind.BOUGHT_BEFORE, description="The customer bought it before.")
    GOES_WITH = strawberry.enum_value(Kind.GOES_WITH, description="It goes with something that the customer took or looked at.")
    LEANING = strawberry.enum_value(Kind.LEANING, description="It is of a category or brand that the customer leans to.")
    PLACE = strawberry.enum_value(Kind.PLACE, description="It sells well where the customer shops.")
    PRICE = strawberry.enum_value(Kind.PRICE, description="It is priced like what the customer takes.")
    POPULAR = strawberry.enum_value(Kind.POPULAR, description="Many customers took it lately.")


@strawberry.input(
    description="What the page knows that the graph may not yet. Products that the model does not know are passed over."
)
class RecommendationContext:
    """See ``gnn.serving.recommendations.OnThePage``."""

    store_id: strawberry.ID | None = strawberry.field(default=None, description="The store that the customer is at.")
    viewed: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Products looked at in this session, where their events may not have arrived."
    )
    in_cart: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Products in the cart; they are not recommended again."
    )
    out_of_stock: list[strawberry.ID] = strawberry.field(default_factory=list, description="Products that cannot be had.")
    exclude: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Products that may not come up, such as those on the page already."
    )

    def on_the_page(self) -> OnThePage:
        """For the desk."""
        return OnThePage(
            store=None if self.store_id is None else str(self.store_id),
            viewed=[str(each) for each in self.viewed],
            in_cart=[str(each) for each in self.in_cart],
            left_out=[str(each) for each in (*self.out_of_stock, *self.exclude)],
        )


@strawberry.type(description="A product, as the model knows it.")
class RecommendedProduct:
    """Its id and name."""

    product_id: str = strawberry.field(description="The product's id, as events have it.")
    title: str = strawberry.field(description="Its name; its id where no name was given.")


@strawberry.type(description="Why a product is recommended.")
class RecommendationReason:
    """See ``gnn.recommendation.reasons.Reason``."""

    kind: RecommendationReasonKind = strawberry.field(description="What the reason is about.")
    text: str = strawberry.field(description="The reason in words.")
    because_of: RecommendedProduct | None = strawberry.field(
        description="The product of the customer that the path goes through, if it goes through one."
    )


@strawberry.type(description="One product for one customer.")
class Recommendation:
    """See ``gnn.recommendation.model.Recommendation``."""

    product: RecommendedProduct = strawberry.field(description="What is recommended.")
    chance: float | None = strawberry.field(
        description="The model's estimate that it is the next product taken, of all; null where a simple model ranked it."
    )
    bought_before: bool = strawberry.field(description="Whether the customer bought it before.")
    reason: RecommendationReason = strawberry.field(description="Why.")

    @classmethod
    def of(cls, item: Recommended, titles: dict[str, str]) -> "Recommendation":
        """From the model's."""
        through = item.reason.because_of
        return cls(
            product=RecommendedProduct(product_id=item.item, title=titles[item.item]),
            chance=item.chance,
            bought_before=item.taken_before,
            reason=RecommendationReason(
                kind=RecommendationReasonKind(item.reason.kind),
                text=item.reason.text,
                because_of=None if through is None else RecommendedProduct(product_id=through, title=titles[through]),
            ),
        )


@strawberry.type(description="What made an answer.")
class RecommendationModel:
    """The version in use."""

    version: str = strawberry.field(description="The version, as `kindred models` has it.")
    trained_until: datetime = strawberry.field(description="What happened since has not taught it, but counts for the customer.")
    served: str = strawberry.field(description="`network`, or the simple model that did better when they were compared.")


@strawberry.type(description="Products that a customer is likely to take next, best first.")
class Recommendations:
    """An answer to ``recommendations``."""

    items: list[Recommendation] = strawberry.field(description="Best first; fewer than asked for where there are no more.")
    personal: bool = strawberry.field(
        description="Whether what the customer did was used: not where a record of the person refuses `personalization`."
    )
    acts: int = strawberry.field(description="How many views, carts, orders and the like of the customer were used.")
    model: RecommendationModel = strawberry.field(description="What made them.")

    @classmethod
    def of(cls, answer: Answer) -> "Recommendations":
        """From the desk's."""
        return cls(
            items=[Recommendation.of(item, answer.titles) for item in answer.items],
            personal=answer.personal,
            acts=answer.acts,
            model=RecommendationModel(
                version=answer.recommender.version, trained_until=answer.recommender.shop.cutoff, served=answer.served
            ),
        )


@strawberry.type(description="No recommender is in use yet.")
class NoModel:
    """Before ``kindred train``."""

    message: str = strawberry.field(description="What to do about it.")


RecommendationsResult = Annotated[
    Recommendations | NoModel | InvalidIdentifier,
    strawberry.union("RecommendationsResult", description="What asking for recommendations can lead to."),
]
