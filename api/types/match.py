"""Scored evidence: how two records compare, field by field, and what that weighs. As it was recorded, never computed again."""

import strawberry

from graph.model import explanation as graph_model


@strawberry.type(description="How one field of two records compares. Weights are in bits: 1 doubles the odds.")
class FieldComparison:
    """One field."""

    field: str = strawberry.field(description="The field.")
    level: str = strawberry.field(description="How far it agrees, such as `exact` or `differs`.")
    against_stranger: float = strawberry.field(description="How much likelier this is of one person than of two strangers.")
    against_home: float = strawberry.field(
        description="How much likelier this is of one person than of two people of one home; 0 where homes are not told apart."
    )

    @classmethod
    def of(cls, comparison: graph_model.FieldComparison) -> "FieldComparison":
        """From the model."""
        return cls(
            field=comparison.field,
            level=comparison.level,
            against_stranger=comparison.against_stranger,
            against_home=comparison.against_home,
        )


@strawberry.type(description="Scored evidence that two records are, or are not, one person. Weights are in bits.")
class Match:
    """A scored pair with all that its weight is made of."""

    left: str = strawberry.field(description="Id of the one record.")
    right: str = strawberry.field(description="Id of the other.")
    match_weight: float = strawberry.field(description="What the pair by itself weighs for one person; below 0, against.")
    linked: bool = strawberry.field(description="Whether the two belong together, all that their fellows state considered.")
    model: str | None = strawberry.field(description="The model that scored them.")
    prior_stranger: float | None = strawberry.field(description="The weight against strangers before anything is compared.")
    prior_home: float | None = strawberry.field(
        description="The weight against people of one home before anything is compared; null where homes are not told apart."
    )
    comparisons: list[FieldComparison] = strawberry.field(description="The fields that both state, with what each weighs.")

    @strawberry.field(description="The field that speaks most for one person; null where none speaks for it.")
    def strongest(self) -> FieldComparison | None:
        """Against a stranger."""
        best = max(self.comparisons, key=lambda each: each.against_stranger, default=None)
        return best if best and best.against_stranger > 0 else None

    @strawberry.field(description="The field that speaks most against one person; null where none speaks against it.")
    def weakest(self) -> FieldComparison | None:
        """Against a stranger."""
        worst = min(self.comparisons, key=lambda each: each.against_stranger, default=None)
        return worst if worst and worst.against_stranger < 0 else None

    @classmethod
    def of(cls, match: graph_model.MatchDetail) -> "Match":
        """From the model."""
        return cls(
            left=match.left,
            right=match.right,
            match_weight=match.match_weight,
            linked=match.linked,
            model=match.model,
            prior_stranger=match.prior_stranger,
            prior_home=match.prior_home,
            comparisons=[FieldComparison.of(each) for each in match.comparisons],
        )
