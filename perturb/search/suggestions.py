"""What to try next: plans drawn by Hypothesis, of which those are taken that show most of what was not shown yet.

Hypothesis draws which operators, for which task, how strong and from which seed; its own engine does not run the episodes.
That calls a property one example at a time, waits for each, and runs an example that failed again to see whether it fails
twice: with an agent that is asked over a network and passes nine times of ten, that is slow, paid for twice, and ends in
`Flaky`. `hypothesis.target` wants a score at once, and hundreds of them. So what it would be told is told to this queue: which
operators have been shown at which tools (exposure), and under which the agent was in trouble though it passed (score).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence

from perturb.episode import Episode
from perturb.operator import Operator
from perturb.search.candidates import Candidate
from perturb.strategies import Recipe, drawn, recipes
from perturb.toolset import Task

DRAWN = 12
"""How many recipes Hypothesis draws for each that is taken."""
FEWEST_OPERATORS, TASKS = 12, 6
"""How many of the most promising operators and tasks it draws from, at least."""
WEAKER = (1.0, 1.0, 1.0, 0.5)
"""Intensities, once everything has been shown at the full one: what hides something else is then left out now and then."""
TASK = 0.5
"""How much it counts that an operator was not shown in a task, where 1 is that it was not shown at a tool: what takes two tools
together is met in few tasks."""
TROUBLE = 4.0
"""How much more interesting an operator is under which every call went wrong than one under which none did."""


class Suggestions:
    """Recipes in an order of interest, the same for the same seed and the same episodes."""

    def __init__(self, operators: Sequence[type[Operator]], tasks: Sequence[Task], seed: int) -> None:
        shuffled = random.Random(seed)
        self._operators = shuffled.sample(list(operators), len(operators))
        self._tools = {task.id: tuple({call.name for call in task.gold or ()}) for task in tasks}
        self.tasks = shuffled.sample([task.id for task in tasks], len(tasks))
        self._shown: Counter[tuple[str, str]] = Counter()
        self._shown_in: Counter[tuple[str, str]] = Counter()
        self._trouble: dict[str, float] = {}
        self._unfit: set[tuple[str, str]] = set()
        self._seed, self._number = seed, 0

    def draw(self, size: int) -> Recipe | None:
        """The most interesting of some recipes with up to `size` operators; `None` where no operator is left for any task."""
        interest = {task: self._interests(task) for task in self.tasks}
        size = min(size, max(map(len, interest.values()), default=0))
        if size == 0:
            return None
        best = {task: sum(sorted(each.values(), reverse=True)[:size]) for task, each in interest.items()}
        fit = [task for task in self.tasks if len(interest[task]) >= size]
        tasks = sorted(fit, key=lambda task: -best[task])[:TASKS]
        worth = {one: max(interest[task].get(one.id, 0.0) for task in tasks) for one in self._operators}
        ranked = sorted(self._operators, key=lambda one: -worth[one])
        chosen = [one for one in ranked if worth[one] > 0.0][: max(FEWEST_OPERATORS, 2 * size)]
        self._number += 1
        strategy = recipes(chosen, tasks, min(size, len(chosen)), WEAKER if self.all_shown else WEAKER[:1])
        found = drawn(strategy, DRAWN, self._seed * 1_000_003 + self._number)
        return max(found, key=lambda one: sum(interest[one.task].get(operator.id, 0.0) for operator in one.operators))

    @property
    def all_shown(self) -> bool:
        """Whether every operator has been shown at every tool of a task that it fits."""
        return all(
            self._shown[one.id, tool] or (one.id, task) in self._unfit
            for task in self.tasks
            for one in self._operators
            for tool in self._tools[task] or ("",)
        )

    def _interests(self, task: str) -> dict[str, float]:
        """What each operator that fits a task has not shown there: less for every time that it was shown at a tool."""
        tools = self._tools[task] or ("",)
        return {
            one.id: (1.0 + TROUBLE * self._trouble.get(one.id, 0.0))
            * (
                sum(1.0 / (1.0 + self._shown[one.id, tool]) ** 2 for tool in tools)
                + TASK / (1.0 + self._shown_in[one.id, task]) ** 2
            )
            for one in self._operators
            if (one.id, task) not in self._unfit
        }

    def dealt(self, task: str, operators: Iterable[str]) -> None:
        """These operators have had their turn at a task."""
        for operator in operators:
            self._shown_in[operator, task] += 1
            for tool in self._tools[task] or ("",):
                self._shown[operator, tool] += 1

    def unfit(self, operator: str, task: str) -> None:
        """An operator has nothing to do with a task."""
        self._unfit.add((operator, task))

    def drop(self, task: str) -> None:
        """A task is of no use: the agent does not pass it clean."""
        self.tasks = [one for one in self.tasks if one != task]

    def learn(self, candidate: Candidate, episode: Episode) -> None:
        """The score of an episode that passed: the share of its calls that went wrong, shared by its operators."""
        wrong = sum(step.stale or step.reply.is_error for step in episode.steps)
        for operator in candidate.named:
            share = wrong / max(1, len(episode.steps)) / len(candidate.named)
            self._trouble[operator] = max(share, self._trouble.get(operator, 0.0))
