"""Errors of the graph: each states what was observed and carries a stable code."""


class KindredError(Exception):
    """Base of the errors that a user can act on.

    ``code`` is stable, lower snake case, and safe to match on; the message is for people.
    """

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
