"""The statistics: drops with their intervals, what stands beside them, and a run in numbers; one file a question.

Nothing heavy is imported until something is computed.
"""

from perturb.statistics.allocation import PairCounts, chance_of_worst, top_two
from perturb.statistics.attribution import Attribution, Effect, Observation, attribute
from perturb.statistics.collapse import collapsed_tasks
from perturb.statistics.comparison import Comparison, compare_agents, retention
from perturb.statistics.contrast import Arm, Contrast
from perturb.statistics.covering import covering_array
from perturb.statistics.dose import Dose, DoseResponse, dose_response
from perturb.statistics.drop import Estimate, hull_t, suite_drop
from perturb.statistics.eligible import EligibleDrop, eligible_drop
from perturb.statistics.factorial import resolution_v, spread_over_tasks
from perturb.statistics.families import bonferroni_t, clean_trials, holm
from perturb.statistics.launch_order import drawn_pairs
from perturb.statistics.missing import Counts, MissingBounds, missing_bounds
from perturb.statistics.planning import (
    Spread,
    detectable_drop,
    gate_margin,
    pairs_to_gate,
    spread_of,
    tasks_needed,
    trials_needed,
)
from perturb.statistics.proportions import McNemar, clopper_pearson, mcnemar_exact, newcombe, newcombe_paired, tango, wilson
from perturb.statistics.records import Summary
from perturb.statistics.reliability import mean_pass_hat, pass_hat_k
from perturb.statistics.rows import COUNTED, EpisodeRow
from perturb.statistics.sequential_gate import FamilyGates, SequentialGate, Standing
from perturb.statistics.summary import summarize
from perturb.statistics.worst import WorstCase, worst_case

__all__ = [
    "COUNTED",
    "Arm",
    "Attribution",
    "Comparison",
    "Contrast",
    "Counts",
    "Dose",
    "DoseResponse",
    "Effect",
    "EligibleDrop",
    "EpisodeRow",
    "Estimate",
    "FamilyGates",
    "McNemar",
    "MissingBounds",
    "Observation",
    "PairCounts",
    "SequentialGate",
    "Spread",
    "Standing",
    "Summary",
    "WorstCase",
    "attribute",
    "bonferroni_t",
    "chance_of_worst",
    "clean_trials",
    "clopper_pearson",
    "collapsed_tasks",
    "compare_agents",
    "covering_array",
    "detectable_drop",
    "dose_response",
    "drawn_pairs",
    "eligible_drop",
    "gate_margin",
    "holm",
    "hull_t",
    "mcnemar_exact",
    "mean_pass_hat",
    "missing_bounds",
    "newcombe",
    "newcombe_paired",
    "pairs_to_gate",
    "pass_hat_k",
    "resolution_v",
    "retention",
    "spread_of",
    "spread_over_tasks",
    "suite_drop",
    "summarize",
    "tango",
    "tasks_needed",
    "top_two",
    "trials_needed",
    "wilson",
    "worst_case",
]
