"""What can stop the demonstration."""

from graph.errors import KindredError


class DemoError(KindredError):
    """The demonstration could not go on."""

    code = "demo_failed"
