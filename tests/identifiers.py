"""Identifiers as tests write them: by their keys."""

from graph.model.identifier import Identifier


def identifiers(*keys: str) -> tuple[Identifier, ...]:
    """Identifiers from their keys, sorted as the model demands."""
    parts = (key.partition(":") for key in sorted(keys))
    return tuple(Identifier(namespace=namespace, value=value) for namespace, _, value in parts)
