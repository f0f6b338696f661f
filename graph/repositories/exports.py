"""Streams of identity and evidence for warehouses and for learning. Rows are yielded as they arrive; nothing is held."""

from collections.abc import AsyncIterator
from datetime import datetime

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

    def acts(self, purpose: Purpose, *, cutoff: datetime, as_of: datetime) -> AsyncIterator[statements.ActRow]:
        """What customers did with products, stores, campaigns and offers before a cutoff, as it was known at a moment."""
        if purpose is Purpose.HOUSEHOLD:
            return self._database.stream(
                statements.EXPORT_ACTS_OF_HOUSEHOLDS, statements.BeforeParameters(cutoff=cutoff, as_of=as_of)
            )
        return self._database.stream(
            statements.EXPORT_ACTS, statements.ActsParameters(purpose=purpose, cutoff=cutoff, as_of=as_of)
        )

    def products(self, *, cutoff: datetime, as_of: datetime) -> AsyncIterator[statements.ProductRow]:
        """Products that were known before a cutoff, with the first description of each."""
        return self._database.stream(statements.EXPORT_PRODUCTS, statements.BeforeParameters(cutoff=cutoff, as_of=as_of))

    def product_categories(self, *, cutoff: datetime) -> AsyncIterator[statements.ProductCategoryRow]:
        """Categories that products were said to be of before a cutoff."""
        return self._database.stream(statements.EXPORT_PRODUCT_CATEGORIES, statements.CutoffParameters(cutoff=cutoff))

    def residences(self, *, as_of: datetime) -> AsyncIterator[statements.ResidenceRow]:
        """The household of each individual as of a moment."""
        return self._database.stream(statements.EXPORT_RESIDENCES, statements.AsOfParameters(as_of=as_of))
