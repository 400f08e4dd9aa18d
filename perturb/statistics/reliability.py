"""How often all of k tries would succeed."""

from __future__ import annotations

import math
from collections.abc import Iterable


def pass_hat_k(passes: int, trials: int, k: int) -> float:
    """pass^k of one task: the chance that `k` of its trials, drawn without replacement, all passed.

    `passes` of `trials` passed; `k` is at most `trials`, or `ValueError` is raised. Each trial of the perturbed arm has its
    own plan, so there pass^k is over plans.

    Source: S. Yao et al., "τ-bench: A Benchmark for Tool-Agent-User Interaction in Real-World Domains", 2024,
    arXiv 2406.12045: C(passes, k) / C(trials, k).
    """
    if not 0 <= passes <= trials:
        raise ValueError(f"{passes} passes of {trials} trials cannot be")
    if not 1 <= k <= trials:
        raise ValueError(f"k must lie between 1 and the {trials} trials, not {k}")
    return math.comb(passes, k) / math.comb(trials, k)


def mean_pass_hat(counts: Iterable[tuple[int, int]]) -> list[float]:
    """pass^1, pass^2, … as means over tasks, as far as the task with the fewest trials allows.

    `counts` holds (passes, trials) of each task; tasks without a trial are left out.
    """
    kept = [(passes, trials) for passes, trials in counts if trials]
    depth = min((trials for _, trials in kept), default=0)
    return [math.fsum(pass_hat_k(passes, trials, k) for passes, trials in kept) / len(kept) for k in range(1, depth + 1)]
