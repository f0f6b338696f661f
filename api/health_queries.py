"""How healthy the identity graphs are."""

from typing import Annotated

import strawberry

from api.context import Info
from api.errors import InvalidArgument
from api.types.arguments import AsOf
from api.types.enums import Purpose, graph_purpose
from api.types.health import GraphHealth, GraphHealthResult
from api.types.health import HealthNotMeasured as NotMeasured
from api.types.pages import moment
from graph.identity.health import HealthDesk, HealthNotMeasured

MAX_DAYS = 100


@strawberry.type(description="How healthy the identity graphs are.")
class HealthQuery:
    """Answered from what was measured after the last resolution."""

    @strawberry.field(
        description="How healthy an identity graph is: what happens day by day, sizes, what looks wrong, what is left out. As of "
        "a moment, it is what was measured last by then, and the days that had ended by then."
    )
    async def graph_health(
        self,
        info: Info,
        purpose: Annotated[Purpose, strawberry.argument(description="The identity graph.")] = Purpose.INDIVIDUAL,
        days: Annotated[int, strawberry.argument(description=f"How many days back, up to {MAX_DAYS}.")] = 30,
        as_of: AsOf = None,
    ) -> GraphHealthResult:
        """One statement; days and generic values cost one more each."""
        if not 1 <= days <= MAX_DAYS:
            raise InvalidArgument(f"days is {days}, it can be 1 to {MAX_DAYS}")
        then = moment(as_of, name="asOf")
        desk = HealthDesk(info.context.database)
        try:
            state = await desk.state(graph_purpose(purpose), as_of=then, now=info.context.clock())
        except HealthNotMeasured as error:
            return NotMeasured(code=error.code, message=str(error))
        return GraphHealth.of(state, as_of=then, days=days)
