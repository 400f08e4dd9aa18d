"""Which operator to spend the next pair on, where only the worst is sought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REDRAWS = 100


class PairCounts(NamedTuple):
    """The pairs of one operator so far: where only clean passed, where both did the same, where only perturbed passed."""

    lost: int = 0
    same: int = 0
    gained: int = 0


def top_two(counts: Sequence[PairCounts], rng: np.random.Generator, leader: float = 0.5) -> int:
    """The index of the operator that the next pair should go to, by top-two Thompson sampling.

    One drop for each operator is drawn from what its pairs make likely (a uniform prior on the three ways a pair can end). With
    probability `leader` the pair goes to the one that is worst in the draw, else to the first other one that is worst in a
    fresh draw. Where the answer is nearly sure and no fresh draw names another, the second of the last draw gets it.

    It says where to look, never what is there: the drop of an operator chosen for looking bad looks worse than it is.
    Confirm it on fresh episodes.

    Source: D. Russo, "Simple Bayesian algorithms for best-arm identification", Operations Research 68 (2020).
    """
    if not counts:
        raise ValueError("there is no operator to choose from")
    worst = int(_drawn(counts, rng).argmax())
    if len(counts) == 1 or rng.random() < leader:
        return worst
    drops = _drawn(counts, rng)
    for _ in range(REDRAWS):
        if int(drops.argmax()) != worst:
            return int(drops.argmax())
        drops = _drawn(counts, rng)
    drops[worst] = -2.0
    return int(drops.argmax())


def chance_of_worst(counts: Sequence[PairCounts], rng: np.random.Generator, draws: int = 4000) -> list[float]:
    """For each operator, how likely it is to be the worst by what its pairs make likely; the numbers add up to 1.

    Source: W. R. Thompson, "On the likelihood that one unknown probability exceeds another", Biometrika 25 (1933).
    """
    import numpy as np

    posterior = np.stack([rng.dirichlet(np.asarray(one) + 1.0, draws) for one in counts])
    worst = (posterior[..., 0] - posterior[..., 2]).argmax(axis=0)
    return [float(share) for share in np.bincount(worst, minlength=len(counts)) / draws]


def _drawn(counts: Sequence[PairCounts], rng: np.random.Generator) -> NDArray[np.float64]:
    import numpy as np

    # Three gamma variables divided by their sum are a Dirichlet one; all operators in one call.
    gammas = rng.standard_gamma(np.asarray(counts, float) + 1.0)
    drops: NDArray[np.float64] = (gammas[:, 0] - gammas[:, 2]) / gammas.sum(axis=1)
    return drops
