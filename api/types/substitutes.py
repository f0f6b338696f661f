"""Replacements as frontends read them."""

from enum import Enum
from typing import Annotated

import strawberry

from api.types.outcomes import InvalidIdentifier
from api.types.recommendation import NoModel, RecommendationModel, RecommendedProduct
from gnn.serving.substitutes import AtTheShelf
from gnn.serving.substitutes import Substituted as Answer
from gnn.substitution.reasons import Basis


@strawberry.enum(description="What a ranking of replacements rests on, from the most to the least that is known.")
class SubstituteBasis(Enum):
    """See ``gnn.substitution.reasons.Basis``."""

    LEARNT = strawberry.enum_value(Basis.LEARNT, description="What shoppers took instead of the product.")
    CATEGORY = strawberry.enum_value(Basis.CATEGORY, description="What sells in the category.")
    SHOP = strawberry.enum_value(Basis.SHOP, description="What sells in the shop.")


@strawberry.input(description="What the page knows of the moment. Products that the model does not know are passed over.")
class SubstitutesContext:
    """See ``gnn.serving.substitutes.AtTheShelf``."""

    store_id: strawberry.ID | None = strawberry.field(default=None, description="The store that the shopper is at.")
    out_of_stock: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Other products that cannot be had either."
    )
    exclude: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Products that may not come up, such as those in the cart already."
    )
    must_share: list[str] = strawberry.field(
        default_factory=list,
        description="Qualities, such as `brand`, that a replacement has to share with the product; one that is unknown is not.",
    )
    category: str | None = strawberry.field(default=None, description="The category of a product that was never sold.")

    def at_the_shelf(self) -> AtTheShelf:
        """For the desk."""
        return AtTheShelf(
            store=None if self.store_id is None else str(self.store_id),
            left_out=[str(each) for each in (*self.out_of_stock, *self.exclude)],
            agree_on=self.must_share,
            category=self.category,
        )


@strawberry.type(description="One replacement.")
class Substitute:
    """See ``gnn.substitution.substitution.Substitute``."""

    product: RecommendedProduct = strawberry.field(description="What is offered.")
    chance: float | None = strawberry.field(
        description="The model's estimate that the shopper, who takes something of the category, takes this; null where a simple "
        "way ranked it."
    )
    basis: SubstituteBasis = strawberry.field(description="What the ranking rests on.")
    reasons: list[str] = strawberry.field(description="Why, in words, the most telling first; at least one.")


@strawberry.type(description="What a shopper is likeliest to accept in the place of a product, best first.")
class Substitutes:
    """An answer to ``substitutes``."""

    items: list[Substitute] = strawberry.field(description="Best first; fewer than asked for where there are no more.")
    personal: bool = strawberry.field(
        description="Whether what the shopper bought was used: not where nobody is named, or a record of the person refuses "
        "`personalization`."
    )
    purchases: int = strawberry.field(description="How many purchases of the shopper were used, one for each product and day.")
    model: RecommendationModel = strawberry.field(description="What made them.")

    @classmethod
    def of(cls, answer: Answer) -> "Substitutes":
        """From the desk's."""
        items = [
            Substitute(
                product=RecommendedProduct(product_id=item.item, title=item.title),
                chance=item.chance,
                basis=SubstituteBasis(item.basis),
                reasons=list(item.reasons),
            )
            for item in answer.items
        ]
        model = RecommendationModel(
            version=answer.model.version, trained_until=answer.model.shelf.cutoff, served=answer.model.served
        )
        return cls(items=items, personal=answer.personal, purchases=answer.purchases, model=model)


SubstitutesResult = Annotated[
    Substitutes | NoModel | InvalidIdentifier,
    strawberry.union("SubstitutesResult", description="What asking for replacements can lead to."),
]
