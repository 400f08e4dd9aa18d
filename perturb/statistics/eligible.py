"""The drop on the tasks that an agent can do: tasks that always fail have nothing to lose, and dilute it."""

from __future__ import annotations

import math
from typing import NamedTuple

from perturb.statistics.contrast import Contrast
from perturb.statistics.drop import Estimate, hull_t


class EligibleDrop(NamedTuple):
    """The drop over the tasks that pass a clean trial.

    `tasks` of the `of` tasks with two or more clean trials passed one; `share` is the chance that a task passes a clean trial.
    """

    estimate: Estimate
    tasks: int
    of: int
    share: float


def eligible_drop(paired: Contrast, confidence: float = 0.95) -> EligibleDrop | None:
    """The drop over the tasks that pass a clean trial: one clean trial selects, the other clean trials estimate.

    Selecting on the trials that also estimate would show a drop where nothing was changed, since a task that passed by luck
    is expected to pass less often again. Here each clean trial of a task is the selector once, and the mean over all these
    splits is taken: a task counts by its clean rate c/k, with (c-1)/(k-1) as its clean rate where selected. The clean arm
    must be of plain tasks (`contrast.plain`). Tasks with one clean trial are left out; `None` where no other ever passed.

    Source: splitting of samples, D. R. Cox, "A note on data-splitting for the evaluation of significance levels", Biometrika
    62 (1975); the interval is `hull_t` of the linearised ratio, W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, section 6.
    """
    weights, losses, whole = [], [], []
    for clean, perturbed in zip(paired.clean, paired.perturbed, strict=True):
        if clean.trials < 2:
            continue
        passes, k = float(clean.rate * round(clean.trials)), round(clean.trials)
        weights.append(passes / k)
        losses.append(passes / k * ((passes - 1) / (k - 1) - float(perturbed.rate)) if passes else 0.0)
        whole.append(2.0 / (1.0 / clean.trials + 1.0 / perturbed.trials))
    total = math.fsum(weights)
    if total == 0.0:
        return None
    share = total / len(weights)
    drop = math.fsum(losses) / total
    linear = [drop + (loss - drop * weight) / share for weight, loss in zip(weights, losses, strict=True)]
    trials = len(whole) / math.fsum(1.0 / one for one in whole)
    estimate = hull_t(linear, trials * share, confidence)._replace(estimate=drop)
    return EligibleDrop(estimate, sum(weight > 0 for weight in weights), len(weights), share)
