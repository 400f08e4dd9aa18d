"""The statistics: drops with their intervals, corrections for many operators, and a run in numbers.

Nothing heavy is imported until something is computed.
"""

from perturb.statistics.drop import Estimate, hull_t, suite_drop
from perturb.statistics.families import bonferroni_t, holm
from perturb.statistics.proportions import McNemar, clopper_pearson, mcnemar_exact
from perturb.statistics.records import Summary
from perturb.statistics.reliability import mean_pass_hat, pass_hat_k
from perturb.statistics.rows import COUNTED, EpisodeRow
from perturb.statistics.summary import summarize

__all__ = [
    "COUNTED",
    "EpisodeRow",
    "Estimate",
    "McNemar",
    "Summary",
    "bonferroni_t",
    "clopper_pearson",
    "holm",
    "hull_t",
    "mcnemar_exact",
    "mean_pass_hat",
    "pass_hat_k",
    "suite_drop",
    "summarize",
]
