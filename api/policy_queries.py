"""What can be asked about policies: what is in force and was, and what another would change."""

from typing import Annotated

import strawberry

from api.auth import Role
from api.context import Info
from api.errors import InvalidArgument
from api.types.enums import Purpose, graph_purpose
from api.types.pages import After, Connection, First, connection, decode, page_size
from api.types.policy import PolicyDiffResult, PolicyVersion
from api.types.policy_diff import PolicyDiff
from api.types.refusals import GraphTooLarge, InvalidPolicy, forbidden
from graph.identity.policy import PolicyError
from graph.repositories.neighbourhoods import NeighbourhoodRepository

MAX_EXAMPLES = 20
DIFF_UP_TO = 20_000
"""Records up to which a policy is compared within a request, which seldom takes longer than one may."""


@strawberry.type(description="What can be asked about policies.")
class PolicyQuery:
    """Questions about policies."""

    @strawberry.field(description="The policy in force for each purpose.")
    async def policies(self, info: Info) -> list[PolicyVersion]:
        """One statement."""
        return [PolicyVersion.of(version) for version in await info.context.policies.in_force_of_all()]

    @strawberry.field(description="Versions of a purpose's policy, the newest first; the first of them is in force.")
    async def policy_versions(
        self,
        info: Info,
        purpose: Annotated[Purpose, strawberry.argument(description="Whose policy.")],
        first: First = 20,
        after: After = None,
    ) -> Connection[PolicyVersion]:
        """The last of them is what comes with Kindred."""
        page = await info.context.policies.page(graph_purpose(purpose), first=page_size(first), before=_number(after))
        return connection(page, build=PolicyVersion.of, cursor=lambda version: str(version.number), after=after)

    @strawberry.field(
        description="What publishing a policy would change: merges, splits, households, consent. Changes nothing. It concludes "
        f"the whole graph, for one caller at a time, of at most {DIFF_UP_TO:,} records: `kindred policy diff` has no such limit. "
        "Needs the role `policy`."
    )
    async def policy_diff(
        self,
        info: Info,
        document: Annotated[str, strawberry.argument(description="The policy as TOML; it names its purpose.")],
        examples: Annotated[
            int, strawberry.argument(description=f"How many examples of each kind, up to {MAX_EXAMPLES}, the largest first.")
        ] = 5,
        pending: Annotated[
            bool, strawberry.argument(description="Tell apart what the next resolution changes anyway. Takes as long again.")
        ] = True,
    ) -> PolicyDiffResult:
        """By the plan that the next resolution would apply."""
        if refused := forbidden(info, Role.POLICY):
            return refused
        if not 0 <= examples <= MAX_EXAMPLES:
            raise InvalidArgument(f"examples is {examples}, it can be 0 to {MAX_EXAMPLES}")
        records = (await NeighbourhoodRepository(info.context.database).scope()).records
        if records > DIFF_UP_TO:
            message = f"the graph has {records} records, more than {DIFF_UP_TO}: use kindred policy diff"
            return GraphTooLarge(code="graph_too_large", message=message)
        context = info.context
        try:
            diff = await context.work.alone(lambda: context.propose(document, examples=examples, pending=pending))
        except PolicyError as error:
            return InvalidPolicy(code=error.code, message=str(error))
        return PolicyDiff.of(diff)


def _number(after: str | None) -> int | None:
    place = decode(after)
    if place is None:
        return None
    if not place.isdecimal():
        raise InvalidArgument("the cursor is not one that this list has given")
    return int(place)
