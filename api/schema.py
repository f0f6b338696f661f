"""The GraphQL schema and its limits."""

from collections.abc import Callable, Iterator

import strawberry
from graphql.validation import NoSchemaIntrospectionCustomRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig

from api.auth import Scope
from api.errors import ErrorCodes
from api.limits import MAX_COST, MAX_TOKENS, RULES, CostLimit
from api.queries import Query

CACHED_DOCUMENTS = 512


class IntrospectionByScope(SchemaExtension):
    """Refuses introspection to callers whose key does not have the scope for it."""

    def on_operation(self) -> Iterator[None]:
        """Add the rule before the document is validated."""
        caller = getattr(self.execution_context.context, "caller", None)
        if caller is None or Scope.INTROSPECT not in caller.scopes:
            self.execution_context.validation_rules += (NoSchemaIntrospectionCustomRule,)
        yield


def build_schema(*, outages: tuple[type[Exception], ...], development: bool) -> strawberry.Schema:
    """The schema. In development everybody may introspect it, and errors keep their messages.

    ``outages`` are the errors by which the graph shows that it does not answer.
    """
    extensions: list[Callable[[], SchemaExtension]] = [
        lambda: MaxTokensLimiter(MAX_TOKENS),
        lambda: AddValidationRules(list(RULES)),
        # Before the caches: hooks end in the reverse of this order, and the cost needs the validation's end.
        lambda: CostLimit(max_cost=MAX_COST),
        lambda: ParserCache(maxsize=CACHED_DOCUMENTS),
        lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
        lambda: ErrorCodes(outages=outages, reveal=development),
    ]
    if not development:
        extensions.insert(0, IntrospectionByScope)
    return strawberry.Schema(Query, extensions=extensions, config=StrawberryConfig(disable_field_suggestions=not development))


def schema_text() -> str:
    """The schema in GraphQL's own language, as ``api/schema.graphql`` holds it."""
    return build_schema(outages=(), development=True).as_str() + "\n"
