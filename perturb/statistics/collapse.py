"""Tasks that an agent lost altogether."""

from __future__ import annotations

from perturb.statistics.contrast import Contrast
from perturb.statistics.proportions import clopper_pearson
from perturb.statistics.records import Collapse


def collapsed_tasks(paired: Contrast, confidence: float = 0.95) -> Collapse | None:
    """The tasks that always passed clean and never perturbed, with the exact interval of their share; `None` without a task.

    Where all tasks agree, an interval of the drop says little about them; this one still does: 0 of 30 is at most 12 %.

    Source: see `clopper_pearson`.
    """
    if not paired.tasks:
        return None
    arms = zip(paired.tasks, paired.clean, paired.perturbed, strict=True)
    tasks = tuple(task for task, clean, perturbed in arms if clean.rate == 1 and perturbed.rate == 0)
    return Collapse(len(tasks), len(paired.tasks), clopper_pearson(len(tasks), len(paired.tasks), confidence), tasks)
