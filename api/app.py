"""The HTTP application: GraphQL, health, metrics, and the routes of whoever shares the port."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from api.access_log import AccessLog
from api.auth import Authenticator, Caller
from api.context import Context, Normalise, Propose, Work
from api.errors import ErrorCodes
from api.graphql import GraphQLEndpoint
from api.health import Check, Refresh, health_routes
from api.live.hub import LiveHub
from api.live.protocol import SEND_SECONDS
from api.metrics import ApiMetrics
from api.schema import build_schema
from gnn.model_store import ModelStore
from gnn.serving.recommendations import RecommendationDesk
from gnn.serving.substitutes import SubstitutionDesk
from graph.database import Database
from graph.identity.publication import PolicyDesk
from graph.identity.review import ReviewDesk
from graph.identity.stewardship import Tell, open_stewardship, tell_nobody
from graph.repositories.acts import ActRepository
from graph.repositories.embeddings import EmbeddingRepository
from graph.repositories.health import HealthRepository
from graph.repositories.journeys import JourneyRepository
from graph.repositories.live import LiveRepository
from graph.repositories.policies import PolicyRepository
from graph.repositories.profiles import ProfileRepository

GRAPHQL_PATH = "/graphql"


def create_app(
    *,
    database: Database,
    authenticator: Authenticator,
    normalise: Normalise,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    propose: Propose,
    metrics: ApiMetrics,
    checks: Mapping[str, Check],
    outages: tuple[type[Exception], ...],
    environment: Literal["development", "production"],
    allowed_origins: Sequence[str],
    extra_routes: Sequence[BaseRoute],
    models: ModelStore,
    refresh: Sequence[Refresh] = (),
    suppressed_products: Sequence[str] = (),
    request_seconds: float = 10.0,
    hub: LiveHub | None = None,
    tell: Tell = tell_nobody,
    send_seconds: float = SEND_SECONDS,
) -> Starlette:
    """The application, without any connection of its own.

    Args:
        database: the graph.
        authenticator: knows the API keys.
        normalise: makes an identifier of what a client looks up.
        clock: tells when a steward acts and a policy is published; with a time zone.
        new_id: makes ids that were never used.
        propose: compares policies with the graph.
        metrics: counts requests; its registry is served at ``/metrics``.
        checks: what ``/readyz`` asks, by name.
        outages: errors by which the graph shows that it does not answer.
        environment: ``development`` also serves GraphiQL, introspection and the messages of internal errors.
        allowed_origins: origins whose pages may ask from a browser; ``*`` is any.
        extra_routes: further routes, such as the collector's.
        models: where the recommender in use is.
        refresh: what reads further metrics before a scrape.
        suppressed_products: ids of products that are never recommended.
        request_seconds: how long one operation may take.
        hub: wakes subscribers; its maker tells it of changes. Without one they find changes by themselves.
        tell: told what stewards' actions changed.
        send_seconds: how long one message to a subscriber may wait for the client to read those before it.
    """
    development = environment == "development"
    profiles, journeys = ProfileRepository(database), JourneyRepository(database)
    reviews = ReviewDesk(database)
    stewardship = open_stewardship(database, clock=clock, new_id=new_id, tell=tell)
    policies = PolicyDesk(PolicyRepository(database))
    gauges = HealthRepository(database).gauges
    acts = ActRepository(database)
    recommendations = RecommendationDesk(acts, models, suppressed=suppressed_products)
    substitutes = SubstitutionDesk(acts, models, suppressed=suppressed_products)
    embeddings = EmbeddingRepository(database)
    live, subscribers = LiveRepository(database), LiveHub() if hub is None else hub
    work = Work()

    def new_context(caller: Caller) -> Context:
        return Context(
            database=database,
            profiles=profiles,
            journeys=journeys,
            reviews=reviews,
            stewardship=stewardship,
            policies=policies,
            recommendations=recommendations,
            substitutes=substitutes,
            embeddings=embeddings,
            live=live,
            hub=subscribers,
            metrics=metrics,
            propose=propose,
            work=work,
            clock=clock,
            normalise=normalise,
            caller=caller,
        )

    endpoint = GraphQLEndpoint(
        build_schema(development=development),
        errors=ErrorCodes(outages=outages, reveal=development),
        authenticator=authenticator,
        new_context=new_context,
        metrics=metrics,
        request_seconds=request_seconds,
        graphiql=development,
        allowed_origins=allowed_origins,
        send_seconds=send_seconds,
    )
    cors = Middleware(
        CORSMiddleware, allow_origins=list(allowed_origins), allow_methods=["POST"], allow_headers=["*"], max_age=86_400
    )
    routes: list[BaseRoute] = [
        Route(GRAPHQL_PATH, endpoint, methods=["GET", "POST", "OPTIONS"], middleware=[cors]),
        WebSocketRoute(GRAPHQL_PATH, endpoint),
        *health_routes(checks, registry=metrics.registry, refresh=[lambda: metrics.graph.refresh(gauges), *refresh]),
        *extra_routes,
    ]
    return Starlette(routes=routes, middleware=[Middleware(AccessLog, metrics=metrics)])
