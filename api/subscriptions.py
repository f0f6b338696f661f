"""The root of all subscriptions."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import orjson
import strawberry

from api.context import Info
from api.errors import InvalidArgument
from api.live.arrivals import Arrivals
from api.live.hub import Subscriber
from api.live.place import Place, hash_of, place_of
from api.queries import find_profile
from api.types.enums import Purpose, graph_purpose
from api.types.live import ProfileChange
from api.types.pages import Edge, decode, encode
from api.types.parts import IdentifierInput
from api.types.touchpoint import Touchpoint, touchpoint
from graph.model.evidence import RejectedValue
from graph.model.identity import Purpose as GraphPurpose
from graph.model.live import Look

Followed = Annotated[IdentifierInput, strawberry.argument(description="The identifier of whoever is followed.")]


@strawberry.type(description="What can be followed live, over WebSocket by the protocol graphql-transport-ws.")
class Subscription:
    """The root of all subscriptions."""

    @strawberry.subscription(
        description="The profile of whoever has an identifier, for one purpose: now, and right after each change."
    )
    async def profile_changed(
        self,
        info: Info,
        identifier: Followed,
        purpose: Annotated[Purpose, strawberry.argument(description="The identity graph to look in.")] = Purpose.INDIVIDUAL,
        after: Annotated[
            str | None, strawberry.argument(description="Cursor of the state known: it is told only once it is another.")
        ] = None,
    ) -> AsyncGenerator[ProfileChange, None]:
        """Changes that follow close on one another may be told as one."""
        known = decode(after)
        context = info.context
        normalised = context.normalise(identifier.namespace, identifier.value)
        if isinstance(normalised, RejectedValue):
            result = await find_profile(info, identifier, purpose=purpose, as_of=None)
            yield ProfileChange(profile=result, cursor=encode(""))
            return
        with context.hub.subscriber() as subscriber, context.metrics.subscriber("profileChanged"):
            while True:
                look = await _look(info, subscriber, normalised.key, graph_purpose(purpose))
                state = _state(look)
                if state != known:
                    # It was looked first: whatever happens in between is another state, and told next.
                    context.forget()
                    result = await find_profile(info, identifier, purpose=purpose, as_of=None)
                    context.metrics.told("profileChanged")
                    yield ProfileChange(profile=result, cursor=encode(state))
                    known = state
                await subscriber.woken()

    @strawberry.subscription(
        description="Each touchpoint of whoever has an identifier, exactly once, in the order of arrival: those that are there, "
        "then those that come, and all that another identifier brings when it turns out to be the same individual's."
    )
    async def journey_touchpoints(
        self,
        info: Info,
        identifier: Followed,
        after: Annotated[
            str | None, strawberry.argument(description="Cursor of the last touchpoint that was told: go on behind it.")
        ] = None,
    ) -> AsyncGenerator[Edge[Touchpoint], None]:
        """What has been told is not taken back should an identifier leave the individual."""
        context = info.context
        normalised = context.normalise(identifier.namespace, identifier.value)
        if isinstance(normalised, RejectedValue):
            raise InvalidArgument(normalised.reason)
        key = normalised.key
        place = Place(about=hash_of(key)) if after is None else place_of(after, key=key)
        arrivals = Arrivals(context.live, place)
        with context.hub.subscriber() as subscriber, context.metrics.subscriber("journeyTouchpoints"):
            while True:
                look = await _look(info, subscriber, key, GraphPurpose.INDIVIDUAL)
                async with aclosing(arrivals.new(look)) as new:
                    async for item, place in new:
                        context.metrics.told("journeyTouchpoints")
                        yield Edge(node=touchpoint(item), cursor=place.cursor())
                await subscriber.woken()


async def _look(info: Info, subscriber: Subscriber, key: str, purpose: GraphPurpose) -> Look:
    context = info.context
    async with context.hub.looks:
        look = await context.live.look(key, purpose=purpose)
    topics = look.topics | {key}
    if topics != subscriber.topics:
        subscriber.follow(topics)
        # What changed before it was followed woke nobody.
        subscriber.wake()
    return look


def _state(look: Look) -> str:
    """The same for the same state of a profile."""
    counts = [look.decisions, look.touchpoints, look.versions]
    state = [look.known, look.held_back, look.identity_id, look.household_id, sorted(look.keys), sorted(look.records), counts]
    return hashlib.sha256(orjson.dumps(state)).hexdigest()[:32]
