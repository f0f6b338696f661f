"""The GraphQL schema and its limits."""

from collections.abc import Callable, Iterator

import strawberry
from graphql import GraphQLError
from graphql.validation import NoSchemaIntrospectionCustomRule
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType

from api.auth import Role
from api.limits import MAX_COST, MAX_TOKENS, RULES, CostLimit
from api.mutations import Mutation
from api.queries import Query
from api.subscriptions import Subscription

CACHED_DOCUMENTS = 512
READING = frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION})


class IntrospectionByRole(SchemaExtension):
    """Refuses introspection to callers whose key does not have the role for it."""

    def on_operation(self) -> Iterator[None]:
        """Add the rule before the document is validated."""
        caller = getattr(self.execution_context.context, "caller", None)
        if caller is None or Role.INTROSPECT not in caller.roles:
            self.execution_context.validation_rules += (NoSchemaIntrospectionCustomRule,)
        yield


class ReadingByRole(SchemaExtension):
    """Refuses queries and subscriptions to callers whose key has no role for them. Mutations refuse by their own results."""

    def on_validate(self) -> Iterator[None]:
        """The document is parsed by now, if it can be."""
        execution = self.execution_context
        caller = getattr(execution.context, "caller", None)
        known = execution.graphql_document is not None and not execution.pre_execution_errors
        if caller and known and execution.operation_type in READING and not caller.may(Role.READ):
            message = f"the API key {caller.name} does not have the role {Role.READ.value}"
            execution.pre_execution_errors = [GraphQLError(message, extensions={"code": "forbidden"})]
        yield


class OperationName(SchemaExtension):
    """Notes the operation's name for metrics and logs."""

    def on_validate(self) -> Iterator[None]:
        """The document is parsed by now, if it can be."""
        context = self.execution_context.context
        if context is not None:
            # A name is the client's: what is kept of it is short.
            context.operation = (self.execution_context.operation_name or "")[:60] or None
        yield


class Schema(strawberry.Schema):
    """A schema that leaves it to the endpoint what is logged of an error: the document, and so its values, never are."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing."""


def build_schema(*, development: bool) -> strawberry.Schema:
    """The schema with its limits. In development everybody may introspect it."""
    extensions: list[Callable[[], SchemaExtension]] = [
        lambda: MaxTokensLimiter(MAX_TOKENS),
        lambda: AddValidationRules(list(RULES)),
        OperationName,
        lambda: ParserCache(maxsize=CACHED_DOCUMENTS),
        lambda: ValidationCache(maxsize=CACHED_DOCUMENTS),
        ReadingByRole,
        lambda: CostLimit(max_cost=MAX_COST),  # after the validation, which tells it that the document makes sense
    ]
    if not development:
        extensions.insert(0, IntrospectionByRole)
    return Schema(
        Query,
        mutation=Mutation,
        subscription=Subscription,
        extensions=extensions,
        config=StrawberryConfig(disable_field_suggestions=not development),
    )


def schema_text() -> str:
    """The schema in GraphQL's own language, as ``api/schema.graphql`` holds it."""
    return build_schema(development=True).as_str() + "\n"
