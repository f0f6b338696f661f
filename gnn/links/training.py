"""Learning which links are lost where evidence is missing, from evidence taken away on purpose. The only module with torch.

No labels are needed: from records whose individuals stand, a share of the evidence is taken, they are linked anew, and the pairs
of parts that were one individual before are the links to be found again. What is learnt from is what all the evidence is sure of
(D. Lopez-Paz et al., "Unifying distillation and privileged information", ICLR 2016: the teacher sees what the student does not).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn

from gnn.data.interactions import Floats
from gnn.errors import InteractionsError
from gnn.links.candidates import Index
from gnn.links.factors import weigh
from gnn.links.hiding import hide
from gnn.links.scorer import REACH, LinkNetwork, LinkScorer
from gnn.links.settings import LinkSettings
from gnn.links.standing import Standing, most_of, standing
from graph.model.claim import Claim

CALIBRATING_SEED = 1_000
ROUNDS = 5
PRIOR_WEIGHT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Pairs of the parts that were left when evidence was taken away.

    Attributes:
        factors: of the pairs, by the evidence that was left.
        together: whether the two were one individual, shape ``(pairs,)``.
        taught: probability that they are, by all the evidence and calibrated.
        left: the individual, before, of the one part.
        right: and of the other.
    """

    parts: Standing
    together: NDArray[np.bool_]
    taught: NDArray[np.float64]
    left: Index
    right: Index


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedLinks:
    """A predictor and what it was taught by: links that were lost, and pairs that were apart."""

    scorer: LinkScorer
    links: int
    apart: int


def train_links(claims: Sequence[Claim], stands: Standing, settings: LinkSettings, *, version: str, seed: int) -> TrainedLinks:
    """Learn to find links again.

    Args:
        claims: of the records, all of them.
        stands: the same records and whose they are.
        settings: of the model.
        version: its name.
        seed: of what is taken away, of weights and of order.

    Raises:
        InteractionsError: too few links are lost to learn from.
    """
    generator = np.random.default_rng(seed)
    values, labels = [], []
    for number, share in enumerate(settings.shares):
        lesson = teach(claims, stands, share, seed=seed + number + 1)
        rows = _sure(lesson, settings, generator)
        values.append(lesson.parts.factors.values[rows])
        labels.append(lesson.together[rows])
    calibrating = teach(claims, stands, settings.calibrating_share, seed=seed + CALIBRATING_SEED)
    lost = int(calibrating.together.sum())
    if lost < settings.least_links:
        raise InteractionsError(
            f"taking away {settings.calibrating_share:.0%} of the evidence of {len(stands.individual):,} records costs {lost} "
            f"links; {settings.least_links} are needed to learn from"
        )
    x, y = np.concatenate(values), np.concatenate(labels)
    deviation = x.std(axis=0) + np.float32(1e-3)
    mean = x.mean(axis=0)
    standard = np.clip((x - mean) / deviation, -REACH, REACH)
    networks = tuple(_fit(standard, y, settings, seed=seed + number) for number in range(settings.networks))
    scorer = LinkScorer(names=stands.factors.names, mean=mean, deviation=deviation, networks=networks, version=version)
    scorer = _calibrated(scorer, calibrating, stands)
    return TrainedLinks(scorer=scorer, links=int(y.sum()), apart=int((~y).sum()))


def teach(claims: Sequence[Claim], stands: Standing, share: float, *, seed: int) -> Lesson:
    """Take a share of the evidence away and link anew."""
    parts = standing(hide(claims, share, seed=seed))
    before = most_of(parts.individual, stands.individual)
    left, right = before[parts.found.left], before[parts.found.right]
    odds = weigh(stands.matching, parts.individual, parts.found).values[:, 0].astype(np.float64)
    return Lesson(
        parts=parts,
        together=left == right,
        taught=np.asarray(stands.matching.calibration.probability(odds)),
        left=left,
        right=right,
    )


def _sure(lesson: Lesson, settings: LinkSettings, generator: np.random.Generator) -> Index:
    """Pairs of which all the evidence is sure: all that were together, and of those apart at most so many."""
    linked = np.flatnonzero(lesson.together & (lesson.taught > settings.sure))
    apart = np.flatnonzero(~lesson.together & (lesson.taught < 1.0 - settings.sure))
    if len(apart) > settings.most_pairs:
        apart = generator.choice(apart, settings.most_pairs, replace=False)
    return np.concatenate([linked, apart])


def _fit(standard: Floats, together: NDArray[np.bool_], settings: LinkSettings, *, seed: int) -> LinkNetwork:
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    width, hidden = standard.shape[1], settings.hidden
    network = nn.Sequential(
        nn.Dropout(settings.dropout / 4),
        *(nn.Linear(width, hidden), nn.SiLU(), nn.Dropout(settings.dropout)),
        *(nn.Linear(hidden, hidden), nn.SiLU(), nn.Dropout(settings.dropout)),
        nn.Linear(hidden, 1),
    )
    x, y = torch.from_numpy(standard), torch.from_numpy(together.astype(np.float32))
    batches = -(-len(y) // settings.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=settings.epochs * batches)
    for _ in range(settings.epochs):
        for rows in np.array_split(generator.permutation(len(y)), batches):
            loss = nn.functional.binary_cross_entropy_with_logits(network(x[rows])[:, 0], y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    return LinkNetwork(
        weights=tuple(_numpy(layer.weight.T) for layer in layers), biases=tuple(_numpy(layer.bias) for layer in layers)
    )


def _calibrated(scorer: LinkScorer, lesson: Lesson, stands: Standing) -> LinkScorer:
    """Platt's two numbers, by pairs that nothing was learnt from.

    What was together is right as far as all the evidence says so. What was apart may be a link that was missing before anything
    was taken away: it counts as the predictor's own probability for the two individuals, until that settles: expectation
    maximisation, as M. Saerens et al., "Adjusting the Outputs of a Classifier to New a Priori Probabilities", Neural Computation
    14, 2002, adjust to another share of links.
    """
    logits = scorer.logits(lesson.parts.factors).astype(np.float64).mean(axis=0)
    standing_logits = scorer.logits(stands.factors).astype(np.float64).mean(axis=0)
    place = _places(lesson, stands)
    slope, offset = 1.0, 0.0
    for _ in range(ROUNDS):
        missing = np.append(1.0 / (1.0 + np.exp(-(slope * standing_logits + offset))), 0.0)[place]
        label = np.where(lesson.together, np.maximum(lesson.taught, 0.5), missing)
        slope, offset = _platt(logits, label)
    return replace(scorer, slope=slope, offset=offset)


def _places(lesson: Lesson, stands: Standing) -> Index:
    """Where the individuals of each pair of parts are among the pairs that stand apart; -1 where they are no candidates."""
    count = stands.found.individuals
    known = stands.found.left * count + stands.found.right
    order = np.argsort(known)
    asked = np.minimum(lesson.left, lesson.right) * count + np.maximum(lesson.left, lesson.right)
    at = np.searchsorted(known[order], asked)
    inside = np.append(known[order], -1)[at] == asked
    return np.where(inside, np.append(order, -1)[at], -1)


def _platt(logits: NDArray[np.float64], label: NDArray[np.float64]) -> tuple[float, float]:
    """The slope and offset of greatest likelihood, the slope held to 1 by one observation."""

    def loss(values: NDArray[np.float64]) -> float:
        odds = values[0] * logits + values[1]
        likelihood = np.logaddexp(0.0, odds) - label * odds
        return float(likelihood.sum() + PRIOR_WEIGHT * (values[0] - 1.0) ** 2)

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.1, 10.0), (-10.0, 10.0)]).x
    return float(slope), float(offset)


def _numpy(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)
