"""Products and people that lie near others, by the vectors that ``kindred score`` wrote."""

import strawberry

from api.types.profile import Profile
from graph.statements.embedding import SimilarProductRow


@strawberry.type(description="A product that is taken by the same kind of customers.")
class SimilarProduct:
    """One product near another."""

    product_id: str = strawberry.field(description="The product's id.")
    name: str | None = strawberry.field(description="Its name, if one was given.")
    brand: str | None = strawberry.field(description="Its brand, if one was given.")
    similarity: float = strawberry.field(description="From 0 to 1: half of 1 plus the cosine of the two vectors.")
    model: str = strawberry.field(description="The version that made the vectors.")

    @classmethod
    def of(cls, row: SimilarProductRow) -> "SimilarProduct":
        """From the graph's."""
        return cls(product_id=row.product_id, name=row.name, brand=row.brand, similarity=row.score, model=row.version)


@strawberry.type(description="An individual that takes what others take.")
class Lookalike:
    """One individual near some."""

    profile: Profile = strawberry.field(description="Who.")
    similarity: float = strawberry.field(description="From 0 to 1: half of 1 plus the cosine to the mean of the seeds.")
    model: str = strawberry.field(description="The version that made the vectors.")
