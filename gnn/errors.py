"""What can go wrong in learning from the graph."""

from graph.errors import KindredError


class InteractionsError(KindredError):
    """Interactions that cannot be read, or too few to learn from."""

    code = "interactions_not_usable"


class ModelError(KindredError):
    """A model that is not there, is not whole, or does not fit what it is asked."""

    code = "model_not_usable"


class ExportError(KindredError):
    """An exported graph that cannot be written or read."""

    code = "export_not_usable"
