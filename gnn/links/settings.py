"""The settings of predicted links: chosen on one generated set, the same for every graph."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """How a predictor of links is trained.

    Attributes:
        shares: of the evidence, taken away once for each; what is lost by it is what is learnt.
        calibrating_share: taken away once more, for calibration.
        sure: least calibrated probability, by all evidence, of pairs that are learnt from as linked; 1 less it is the greatest of
            those apart.
        most_pairs: pairs of individuals that are learnt from for each share, drawn at random; those that were lost always are.
        networks: trained from different beginnings; they all have to agree on a prediction.
        hidden: width of the two hidden layers.
        dropout: share of the hidden values that is left out in training.
        epochs: passes over the pairs.
        batch: pairs in one step.
        learning_rate: of AdamW at its height.
        weight_decay: of AdamW.
        least_links: links that the calibrating share has to cost; fewer teach nothing.
        least_probability: below it nothing is predicted.
    """

    shares: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2, 0.3, 0.4)
    calibrating_share: float = 0.1
    sure: float = 0.9
    most_pairs: int = 200_000
    networks: int = 3
    hidden: int = 96
    dropout: float = 0.2
    epochs: int = 8
    batch: int = 1_024
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    least_links: int = 100
    least_probability: float = 0.5
