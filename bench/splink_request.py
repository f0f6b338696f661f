"""What the process of Splink is asked and what it answers; importable where Splink is not installed."""

from dataclasses import dataclass
from typing import Literal

USUAL_PROBABILITY = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class SplinkRequest:
    """One run. Files are named by their paths; ``dataset`` chooses expert settings."""

    dataset: str
    style: Literal["manual", "expert"]
    records: str
    """Parquet of normalised records: read."""
    pairs: str
    """Parquet of ``left, right, weight`` (bits): written."""
    clusters: str
    """Parquet of ``record_id, cluster_id`` at ``probability``: written."""
    report: str
    """JSON of ``SplinkReport``: written."""
    probability: float = USUAL_PROBABILITY
    lowest_weight: float = -6.0
    """Pairs below this match weight (bits) are not kept."""
    memory_mb: int = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SplinkReport:
    """What the run took."""

    seconds: dict[str, float]
    """By phase: ``train``, ``predict``, ``cluster``."""
    pairs: int
    peak_memory_bytes: int
    untrained: tuple[str, ...] = ()
    """Training sessions that were not possible, with the reason."""
