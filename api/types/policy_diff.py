"""What publishing a policy and resolving would change."""

from collections.abc import Mapping

import strawberry

from api.types.enums import Purpose
from graph.model import proposal as model


@strawberry.type(description="How many decisions of one kind.")
class DecisionCount:
    """A kind and its number."""

    kind: str = strawberry.field(description="What the decisions do, such as `merged`.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="Identities that would become one.")
class MergeExample:
    """One merge."""

    survivor: str = strawberry.field(description="The identity that stays.")
    absorbed: list[str] = strawberry.field(description="Ids that would lead to it.")
    members: int = strawberry.field(description="How many members the one would have.")
    sample: list[str] = strawberry.field(description="Some members that would come to it.")

    @classmethod
    def of(cls, merge: model.MergeExample) -> "MergeExample":
        """From the model."""
        return cls(survivor=merge.survivor, absorbed=list(merge.absorbed), members=merge.members, sample=list(merge.sample))


@strawberry.type(description="Some members of an identity that would stay together.")
class SplitPart:
    """One part."""

    size: int = strawberry.field(description="How many members it would have.")
    sample: list[str] = strawberry.field(description="Some of them.")


@strawberry.type(description="An identity whose members would go separate ways.")
class SplitExample:
    """One split."""

    identity_id: str = strawberry.field(description="The identity.")
    parts: list[SplitPart] = strawberry.field(description="What would become of it; the part that keeps the id comes first.")

    @classmethod
    def of(cls, split: model.SplitExample) -> "SplitExample":
        """From the model."""
        parts = zip(split.sizes, split.parts, strict=True)
        return cls(identity_id=split.identity_id, parts=[SplitPart(size=size, sample=list(part)) for size, part in parts])


@strawberry.type(description="Records that have one state of consent now.")
class ConsentBefore:
    """One state."""

    state: str = strawberry.field(description="The state that counts for them now.")
    records: list[str] = strawberry.field(description="Some of the records.")


@strawberry.type(description="An identity in which consent would come to count differently for some of its records.")
class ConsentExample:
    """One identity."""

    identity_id: str | None = strawberry.field(description="The identity; null for one that would be new.")
    consent: str = strawberry.field(description="What the consent is for, such as `email`.")
    before: list[ConsentBefore] = strawberry.field(description="What counts now, state by state.")
    after: str = strawberry.field(description="What would count for all of them: the strictest statement.")
    records: int = strawberry.field(description="How many records it would change for.")

    @classmethod
    def of(cls, example: model.ConsentExample) -> "ConsentExample":
        """From the model."""
        return cls(
            identity_id=example.identity_id,
            consent=example.consent,
            before=[ConsentBefore(state=state, records=list(records)) for state, records in sorted(example.before.items())],
            after=example.after,
            records=example.records,
        )


@strawberry.type(description="How consent would change as identities merge and split.")
class ConsentEffect:
    """What is lost and what is restored."""

    lost_records: int = strawberry.field(description="Records whose consent would be withheld by another record's statement.")
    lost_identities: int = strawberry.field(description="Identities that would hold such records.")
    restored_records: int = strawberry.field(description="Records whose consent would count as granted again.")
    restored_identities: int = strawberry.field(description="Identities that would hold such records.")
    conflicts: list[ConsentExample] = strawberry.field(description="Examples of consent that is lost, the largest first.")
    restored: list[ConsentExample] = strawberry.field(description="Examples of consent that is restored, the largest first.")

    @classmethod
    def of(cls, effect: model.ConsentEffect) -> "ConsentEffect":
        """From the model."""
        return cls(
            lost_records=effect.lost_records,
            lost_identities=effect.lost_identities,
            restored_records=effect.restored_records,
            restored_identities=effect.restored_identities,
            conflicts=[ConsentExample.of(example) for example in effect.conflicts],
            restored=[ConsentExample.of(example) for example in effect.restored],
        )


@strawberry.type(description="What would change in the identities of one purpose.")
class PurposeDiff:
    """One identity graph."""

    purpose: Purpose = strawberry.field(description="The identity graph.")
    policy_version: str = strawberry.field(description="The policy by which it would be concluded.")
    identities_before: int = strawberry.field(description="How many identities there are.")
    identities_after: int = strawberry.field(description="How many there would be.")
    decisions: list[DecisionCount] = strawberry.field(description="Decisions that the next resolution would take, by kind.")
    pending: list[DecisionCount] | None = strawberry.field(
        description="Those that it would take anyway, under the policies in force; null where that was not asked."
    )
    merges: int = strawberry.field(description="Identities that would take in others.")
    redirected: int = strawberry.field(description="Ids that would lead to another identity.")
    splits: int = strawberry.field(description="Identities whose members would go separate ways.")
    created: int = strawberry.field(description="Identities that would come to be.")
    retired: int = strawberry.field(description="Identities of which no evidence would be left.")
    members_moved: int = strawberry.field(description="Members that would change from one identity to another.")
    members_entering: int = strawberry.field(description="Members that would come into an identity from none.")
    members_leaving: int = strawberry.field(description="Members that would be in no identity any more.")
    merge_examples: list[MergeExample] = strawberry.field(description="Examples of merges, the largest first.")
    split_examples: list[SplitExample] = strawberry.field(description="Examples of splits, the largest first.")
    consent: ConsentEffect | None = strawberry.field(
        description="How consent would change; null for households, through which it is not inherited."
    )

    @classmethod
    def of(cls, diff: model.PurposeDiff) -> "PurposeDiff":
        """From the model."""
        return cls(
            purpose=Purpose(diff.purpose),
            policy_version=diff.policy_version,
            identities_before=diff.identities_before,
            identities_after=diff.identities_after,
            decisions=_counts(diff.decisions),
            pending=None if diff.pending is None else _counts(diff.pending),
            merges=diff.merges,
            redirected=diff.redirected,
            splits=diff.splits,
            created=diff.created,
            retired=diff.retired,
            members_moved=diff.members_moved,
            members_entering=diff.members_entering,
            members_leaving=diff.members_leaving,
            merge_examples=[MergeExample.of(example) for example in diff.merge_examples],
            split_examples=[SplitExample.of(example) for example in diff.split_examples],
            consent=ConsentEffect.of(diff.consent) if diff.consent else None,
        )


@strawberry.type(description="What publishing a policy and resolving would change, worked out without changing anything.")
class PolicyDiff:
    """A proposed policy against the graph as it stands."""

    purpose: Purpose = strawberry.field(description="The identity graph whose policy is proposed.")
    proposed: str = strawberry.field(description="Version of the proposed policy.")
    in_force: str = strawberry.field(description="Version of the policy in force.")
    based_on: int = strawberry.field(description="Number of the policy in force: what `publishPolicy` takes as `basedOn`.")
    unchanged: bool = strawberry.field(description="Whether nothing would change.")
    purposes: list[PurposeDiff] = strawberry.field(description="The identity graphs: of individuals all others are made.")
    households_affected: int = strawberry.field(description="Households that would change, or whose individuals would.")
    household_examples: list[str] = strawberry.field(description="Ids of some of them.")
    digest: str = strawberry.field(description="The same for the same changes, whenever they are worked out.")
    seconds: float = strawberry.field(description="How long it took.")

    @classmethod
    def of(cls, diff: model.PolicyDiff) -> "PolicyDiff":
        """From the model."""
        return cls(
            purpose=Purpose(diff.purpose),
            proposed=diff.proposed,
            in_force=diff.in_force,
            based_on=diff.based_on,
            unchanged=diff.unchanged,
            purposes=[PurposeDiff.of(each) for each in diff.purposes],
            households_affected=diff.households_affected,
            household_examples=list(diff.household_examples),
            digest=diff.digest,
            seconds=sum(diff.seconds.values()),
        )


def _counts(decisions: Mapping[str, int]) -> list[DecisionCount]:
    return [DecisionCount(kind=kind, count=count) for kind, count in sorted(decisions.items())]
