"""Limits on what one GraphQL document may ask for: depth, tokens, aliases and cost.

Each fragment is looked at once, however often it is spread: forty that spread the next one twice are a trillion selections.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_wrapping_type,
)
from strawberry.extensions import SchemaExtension

MAX_DEPTH = 12
MAX_NESTING = 60
"""Selections within each other, those of fragments too, which add no depth to the answer."""
MAX_ALIASES = 15
MAX_TOKENS = 2_000
MAX_COST = 20_000
"""A profile with a journey of 100 touchpoints, all fields and products of each, costs 9,000."""
LIST_SIZE = 10
"""Items assumed in a list that takes no ``first``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a selection is built: fields within each other, selections of any kind within each other, aliases."""

    depth: int = 0
    nesting: int = 0
    aliases: int = 0


class ShapeLimit(ValidationRule):
    """Refuses documents with an operation that is too deep, or with too many aliases in all operations together.

    Introspection has no depth. What is spread counts as if it were written there. Unknown fragments and cycles of fragments are
    left to the rules that refuse those.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        definitions = context.document.definitions
        shapes = _Shapes({node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)})
        operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        found = [shapes.of(node.selection_set) for node in operations]
        for node, shape in zip(operations, found, strict=True):
            if shape.depth > MAX_DEPTH:
                name = node.name.value if node.name else "anonymous"
                self.report_error(GraphQLError(f"'{name}' exceeds maximum operation depth of {MAX_DEPTH}", [node]))
            elif shape.nesting > MAX_NESTING:
                message = f"the operation has {shape.nesting} selections within each other, {MAX_NESTING} are allowed"
                self.report_error(GraphQLError(message, [node]))
        if (aliases := sum(shape.aliases for shape in found)) > MAX_ALIASES:
            self.report_error(GraphQLError(f"{aliases} aliases found. Allowed: {MAX_ALIASES}"))


class _Shapes:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Shape] = {}

    def of(self, selections: SelectionSetNode | None) -> Shape:
        depth, nesting, aliases = 0, 0, 0
        for node in selections.selections if selections else ():
            match node:
                case FieldNode():
                    inner = self.of(node.selection_set)
                    seen = bool(node.selection_set) and not node.name.value.startswith("__")
                    depth = max(depth, 1 + inner.depth if seen else 0)
                    aliases += 1 if node.alias else 0
                case InlineFragmentNode():
                    inner = self.of(node.selection_set)
                    depth = max(depth, inner.depth)
                case FragmentSpreadNode():
                    inner = self._fragment(node.name.value)
                    depth = max(depth, inner.depth)
                case _:
                    raise TypeError(f"a selection of {node.kind}")
            nesting = max(nesting, inner.nesting)
            aliases += inner.aliases
        return Shape(depth=depth, nesting=nesting + 1 if selections else 0, aliases=aliases)

    def _fragment(self, name: str) -> Shape:
        if name not in self._known:
            # Known as empty while it is looked at, so that a cycle ends.
            self._known[name] = Shape()
            if name in self._fragments:
                self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]


# Made once: ValidationCache remembers a document's validation together with its rules, and would never recognise rules made anew.
RULES: tuple[type[ValidationRule], ...] = (ShapeLimit,)


class CostLimit(SchemaExtension):
    """Refuses an operation that may return more than ``max_cost`` fields.

    A field costs 1, and its selections count once for each item that its list may have: ``first`` for a connection.
    """

    def __init__(self, *, max_cost: int) -> None:
        self._max_cost = max_cost

    def on_validate(self) -> Iterator[None]:
        """Add the cost's error to those of the validation, which ``ValidationCache`` has done before this hook."""
        self._check()
        yield

    def _check(self) -> None:
        context = self.execution_context
        if context.pre_execution_errors or context.graphql_document is None:
            return
        cost = operation_cost(
            context.schema._schema,  # noqa: SLF001 - the only way to the graphql-core schema
            context.graphql_document,
            operation_name=context.operation_name,
            variables=context.variables or {},
        )
        if cost > self._max_cost:
            message = f"the operation may return {cost} fields, {self._max_cost} are allowed: ask for shorter pages"
            context.pre_execution_errors = [GraphQLError(message, extensions={"code": "too_costly", "cost": cost})]


def operation_cost(
    schema: GraphQLSchema, document: DocumentNode, *, operation_name: str | None, variables: Mapping[str, Any]
) -> int:
    """How many fields the operation may return at most, by the sizes of the pages that it asks for."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    total = 0
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode) and operation_name in (None, node.name.value if node.name else None):
            defaults = {
                definition.variable.name.value: definition.default_value for definition in node.variable_definitions or ()
            }
            given = {name: int(value.value) for name, value in defaults.items() if isinstance(value, IntValueNode)}
            root = schema.get_root_type(node.operation)
            total += _Cost(schema, fragments, given | dict(variables)).of(node.selection_set, root)
    return total


class _Cost:
    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._known: dict[tuple[str, int], int] = {}

    def of(self, selections: SelectionSetNode | None, parent: Any, *, items: int = 1) -> int:
        """Cost of a selection on one object of ``parent``; its ``edges`` are ``items`` long."""
        if selections is None:
            return 0
        total = 0
        for node in selections.selections:
            match node:
                case FieldNode():
                    total += self._field(node, parent, items=items)
                case InlineFragmentNode():
                    condition = node.type_condition
                    inner = self._schema.get_type(condition.name.value) if condition else parent
                    total += self.of(node.selection_set, inner, items=items)
                case FragmentSpreadNode():
                    total += self._fragment(node.name.value, items=items)
        return total

    def _fragment(self, name: str, *, items: int) -> int:
        if (name, items) not in self._known:
            fragment = self._fragments[name]  # validated before: it exists and makes no cycle
            inner = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name, items] = self.of(fragment.selection_set, inner, items=items)
        return self._known[name, items]

    def _field(self, node: FieldNode, parent: Any, *, items: int) -> int:
        name = node.name.value
        if name.startswith("__") or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 0
        field = parent.fields[name]
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            return 1
        if "first" in field.args:
            size = self._first(node, field)
            # A list repeats its own selections; a connection hands the size on to its edges.
            times, edges = (size, 1) if _is_list(field.type) else (1, size)
        elif name == "edges":
            times, edges = items, 1
        else:
            times, edges = (LIST_SIZE if _is_list(field.type) else 1), 1
        return 1 + times * self.of(node.selection_set, inner, items=edges)

    def _first(self, node: FieldNode, field: GraphQLField) -> int:
        for argument in node.arguments or ():
            if argument.name.value == "first":
                if isinstance(argument.value, IntValueNode):
                    return max(0, int(argument.value.value))
                if isinstance(argument.value, VariableNode) and argument.value.name.value in self._variables:
                    given = self._variables[argument.value.name.value]
                    return max(0, given) if isinstance(given, int) else LIST_SIZE
        default = field.args["first"].default_value
        return default if isinstance(default, int) else LIST_SIZE


def _is_list(kind: Any) -> bool:
    while is_wrapping_type(kind):
        if is_list_type(kind):
            return True
        kind = kind.of_type if is_non_null_type(kind) else None
    return False
