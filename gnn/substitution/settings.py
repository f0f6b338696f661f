"""The settings of substitution: chosen on weeks before the test weeks, the same for every shop."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRule:
    """When a visit counts as a switch; see :func:`gnn.substitution.switches.find_switches`.

    Attributes:
        habit: on so many earlier days the product was bought, at least.
        due_from: how much of the customer's mean time between purchases of the product has passed, at least.
        due_until: and at most; later, the customer may have given the product up.
    """

    habit: int = 3
    due_from: float = 0.75
    due_until: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstitutionSettings:
    """How substitution is built and trained.

    Attributes:
        horizon: how far after a cutoff the switches lie that are learnt from.
        cutoffs: how many earlier cutoffs, one horizon apart, it trains on.
        rule: what a switch is.
        prior: so many imagined observations, spread as the category sells, stand beside what was counted of a pair.
        space: width of the space made of who bought what.
        least_customers: items that fewer customers bought have no place in that space.
        hidden: width of the network's hidden layer; 0 leaves a straight line.
        epochs: passes over the switches of all training cutoffs.
        batch: switches in one step.
        sample: most candidates of one switch in one step, drawn at random.
        most_switches: most switches learnt from at one cutoff, drawn at random.
        learning_rate: of Adam at the first step; it falls to 0 in equal steps.
        weight_decay: of Adam.
    """

    horizon: timedelta = timedelta(weeks=6)
    cutoffs: int = 3
    rule: SwitchRule = SwitchRule()
    prior: float = 5.0
    space: int = 48
    least_customers: int = 5
    hidden: int = 64
    epochs: int = 6
    batch: int = 64
    sample: int = 300
    most_switches: int = 20_000
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
