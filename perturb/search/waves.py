"""The plans that are tried, in waves: drawn, made, proven solvable, none twice, and larger as more of them are passed."""

from __future__ import annotations

from perturb.errors import ConfigurationError
from perturb.evaluation import Prepared
from perturb.operator import SeededPick, Stack
from perturb.search.candidates import Candidate, Proofs, is_fault
from perturb.search.suggestions import Suggestions
from perturb.strategies import Recipe
from perturb.toolset import Task
from perturb.types import HEADLINE_KINDS
from perturb.watchdog import Turns

LARGEST = 32
"""The most operators in one plan: what takes two operators together is met soonest by large ones."""
DRAWS = 40
"""How many recipes in a row may come to nothing before there is nothing left to try."""
MOST_FAULTS = 20


class Waves:
    """Candidates, a wave at a time.

    `suggestions` says what to draw and learns from what comes of it; `faults` are those of operators that were met on the way,
    `not_proven` the tasks that are left out, since they have no gold calls that pass their own check. Where everything is asked
    for (`*`), what withholds or misleads is left out: an agent may be unable to do better.
    """

    def __init__(self, prepared: Prepared, proofs: Proofs) -> None:
        self.prepared = prepared
        self.proofs = proofs
        self.every_kind = tuple(prepared.request.operators) != ("*",)
        self.tried = 0
        self.faults: dict[str, None] = {}
        self.not_proven: list[str] = []
        self._size = 1
        self._seen: set[str] = set()
        self._turns = Turns()

    async def begin(self) -> None:
        """Find the tasks that can be proven solvable. Raises `ConfigurationError` where there are none."""
        operators = [one for one in self.prepared.operators if self.every_kind or one.promises in HEADLINE_KINDS]
        self.suggestions = Suggestions(operators, await self._usable(), self.prepared.request.design.seed)

    async def _usable(self) -> list[Task]:
        usable: list[Task] = []
        for task in self.prepared.tasks:
            await self._turns.turn()
            clean = await self.prepared.gold.clean(task)
            if clean is not None and clean.passed:
                usable.append(task)
            else:
                self.not_proven.append(task.id)
        if not usable:
            raise ConfigurationError(
                f"no task of toolset {self.prepared.toolset.name!r} that is asked for can be proven solvable, since none has "
                "gold calls that pass its own check; a search needs one (perturb check says more)"
            )
        return usable

    async def next(self, most: int) -> list[Candidate]:
        """The next candidates, `most` at most, each proven solvable; none where nothing is left to try."""
        wave: list[Candidate] = []
        size, in_vain = self._size, 0
        while len(wave) < most and in_vain < DRAWS:
            await self._turns.turn()
            recipe = self.suggestions.draw(size)
            if recipe is None:
                break
            candidate = await self._made(recipe)
            if candidate is None:
                in_vain += 1
                size = max(1, size - (in_vain % 5 == 0))
                continue
            in_vain = 0
            self._seen.add(candidate.digest)
            wave.append(candidate)
            self.tried += 1
            if self.tried % 2 == 0:
                size = self._size = self._grown()
        return wave

    def _grown(self) -> int:
        """The next size: twice as large after two of a size, so that an agent that breaks easily is met by small plans; from
        the largest back to half of it, so that what hides something else is not always there."""
        largest = min(LARGEST, len(self.prepared.operators))
        return max(1, largest // 2) if self._size >= largest else min(2 * self._size, largest)

    async def _made(self, recipe: Recipe) -> Candidate | None:
        """The candidate that a recipe comes to; `None` where it is none, is not solvable, or was tried before."""
        task = self.prepared.toolset.task(recipe.task)
        agent = self.prepared.agent
        setup = self.prepared.gold.setup.for_agent(takes_scaffold=agent.takes_scaffold).for_task(task)
        try:
            chosen = sorted(recipe.operators, key=self.prepared.operators.index)  # as a run lays them
            stack, left_out = Stack.of(chosen, setup, lambda name: SeededPick(recipe.seed, name), recipe.intensity)
        except Exception as error:
            self._fault(f"{', '.join(one.id for one in recipe.operators)}: {type(error).__name__}: {error}")
            return None
        for name, reason in left_out.items():
            # Beside others an operator may find nothing left that it finds alone.
            if len(recipe.operators) == 1 or reason.reason == "not_declared":
                self.suggestions.unfit(name, task.id)
        # Each has had its turn, whatever comes of it, but for one that clashed with another.
        self.suggestions.dealt(
            task.id,
            [one.id for one in recipe.operators if one.id not in left_out or left_out[one.id].reason != "conflict"],
        )
        candidate = Candidate.of(task.id, stack.operators, lambda one: self.every_kind or one.kind in HEADLINE_KINDS)
        if not candidate.members and len(recipe.operators) == 1:
            self.suggestions.unfit(recipe.operators[0].id, task.id)
        if not candidate.members or candidate.digest in self._seen:
            return None
        proof = await self.proofs.of(candidate)
        if proof.status == "solvable":
            return candidate
        if is_fault(proof) or proof.status == "unsolvable":
            self._fault(f"{', '.join(candidate.ids)}: {proof.reason}: {proof.detail}")
        if len(recipe.operators) == 1:
            self.suggestions.unfit(recipe.operators[0].id, task.id)
        return None

    def smaller(self) -> None:
        """Go on with plans of half the size: what was large has failed, and was too much at once."""
        self._size = max(1, self._size // 2)

    def _fault(self, words: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults[words] = None
