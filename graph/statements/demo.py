"""Statements that only the demonstration needs."""

from dataclasses import dataclass

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Showcase:
    """A person worth looking at; ``residents`` counts who lives in the household, the person included."""

    individual_id: str
    email: str
    sources: int
    records: int
    touchpoints: int
    residents: int


CHOOSE_SHOWCASE = Statement(name="demo/choose_showcase", parameters=NoParameters, row=Showcase)
