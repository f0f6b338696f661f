"""Statements that write vectors of products and individuals into one of two slots, and find what is near."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoParameters, NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSlotRow:
    """The slot in use, and the version whose vectors it holds."""

    slot: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotProperty:
    """The property that holds a slot's vectors, such as ``embedding_a``."""

    property: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorRow:
    """The vector of one node."""

    id: str
    vector: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """Vectors to write into a slot."""

    property: str
    rows: Sequence[VectorRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRow:
    """How many nodes were there to write to."""

    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotUse:
    """A slot to put into use."""

    slot: str
    version: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLookup:
    """A product, and how many like it are wanted."""

    product_id: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarProductRow:
    """A product and how near it is, from 0 to 1: half of 1 plus the cosine."""

    product_id: str
    name: str | None
    brand: str | None
    score: float
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierKeys:
    """Keys of identifiers."""

    keys: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityVectorRow:
    """The vector of an individual."""

    identity_id: str
    vector: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestLookup:
    """A vector, how many near it are wanted, and who is left out."""

    vector: Sequence[float]
    count: int
    left_out: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearIdentityRow:
    """An individual and how near it is, from 0 to 1: half of 1 plus the cosine."""

    identity_id: str
    score: float
    version: str


READ_CURRENT = Statement(name="embedding/read_current", parameters=NoParameters, row=CurrentSlotRow)
CLEAR_PRODUCTS = Statement(name="embedding/clear_products", parameters=SlotProperty, row=NoRow, auto_commit=True)
CLEAR_INDIVIDUALS = Statement(name="embedding/clear_individuals", parameters=SlotProperty, row=NoRow, auto_commit=True)
WRITE_PRODUCTS = Statement(name="embedding/write_products", parameters=Vectors, row=WrittenRow)
WRITE_INDIVIDUALS = Statement(name="embedding/write_individuals", parameters=Vectors, row=WrittenRow)
USE_SLOT = Statement(name="embedding/use_slot", parameters=SlotUse, row=NoRow)
FIND_SIMILAR_PRODUCTS = Statement(name="embedding/find_similar_products", parameters=ProductLookup, row=SimilarProductRow)
READ_VECTORS_OF_IDENTIFIERS = Statement(
    name="embedding/read_vectors_of_identifiers", parameters=IdentifierKeys, row=IdentityVectorRow
)
FIND_NEAREST_INDIVIDUALS = Statement(name="embedding/find_nearest_individuals", parameters=NearestLookup, row=NearIdentityRow)
