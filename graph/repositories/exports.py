"""Streams of identity and evidence for warehouses. Rows are yielded as they arrive; nothing is held."""

from collections.abc import AsyncIterator

from graph.database import Database
from graph.model.identity import Purpose
from graph.statements import export as statements
from graph.statements.statement import NoParameters


class ExportRepository:
    """What leaves the graph in bulk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def memberships(self, purpose: Purpose) -> AsyncIterator[statements.MembershipRow]:
        """Current memberships of records; those of households by way of their individuals."""
        if purpose is Purpose.HOUSEHOLD:
            return self._database.stream(statements.EXPORT_RESIDENTS, NoParameters())
        return self._database.stream(statements.EXPORT_MEMBERSHIPS, statements.PurposeParameters(purpose=purpose))

    def touchpoints(self, purpose: Purpose) -> AsyncIterator[statements.TouchpointRow]:
        """All touchpoints, each with its current identities of one purpose: those of the identifiers that it carries."""
        if purpose is Purpose.HOUSEHOLD:
            return self._database.stream(statements.EXPORT_TOUCHPOINTS_OF_HOUSEHOLDS, NoParameters())
        return self._database.stream(statements.EXPORT_TOUCHPOINTS, statements.PurposeParameters(purpose=purpose))
