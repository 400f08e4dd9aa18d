"""The gate that stops early: whether an agent loses more than it may, asked again after every pair of episodes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from perturb.statistics.betting import Wealth
from perturb.statistics.planning import pairs_to_gate

Answer = Literal["pass", "fail", "undecided"]


class Standing(NamedTuple):
    """Where a gate stands.

    `seen` of at most `pairs` pairs were judged; `drop` is their mean, NaN before the first; `for_fail` and `for_pass` are the
    evidence each way, of which `needed_to_fail` and `needed_to_pass` settle it. `takes` is the number of pairs with which a
    fixed sample would be settled nine times in ten, and a gate of as many pairs nearly as often, if the drop is what was
    seen: `None` where it is settled, nothing was seen, or the drop is the limit itself, which no number would settle.
    """

    answer: Answer
    limit: float
    drop: float
    seen: int
    pairs: int
    for_fail: float
    for_pass: float
    needed_to_fail: float
    needed_to_pass: float
    takes: int | None


class SequentialGate:
    """Judges "the drop is above `limit`" pair by pair, and stops as soon as the answer is certain.

    A pair is a clean and a perturbed episode of one task; its difference is 1 where only the clean one passed, -1 where only
    the perturbed one did, and else 0. The task of each pair is drawn as `launch_order.drawn_pairs` does. With the true drop
    at or below the limit it fails with probability at most `alpha` (over `families`, where it is one of so many), with the
    true drop above it passes with probability at most `alpha`, however often it is asked. After `pairs` pairs it asks for no
    more; where it is still undecided then, the answer is that it is not known.

    Pairs count in the order of their launch: one that ended early waits for those launched before it, since failures are
    often faster than successes. The first launch is 0. `limit` is a fraction, 0.1 is ten points.

    Source: see `betting.Wealth`; stopping by J. Ville, "Étude critique de la notion de collectif", 1939.
    """

    def __init__(self, limit: float, pairs: int, *, alpha: float = 0.05, families: int = 1) -> None:
        if not -1.0 < limit < 1.0:
            raise ValueError(f"the limit of a drop lies between -1 and 1, not at {limit}")
        if pairs < 1:
            raise ValueError(f"a gate needs at least one pair, not {pairs}")
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
        if families < 1:
            raise ValueError(f"there is at least one family, not {families}")
        self.limit, self.pairs, self.alpha, self.families = limit, pairs, alpha, families
        self.answer: Answer = "undecided"
        self._worse = Wealth((1.0 + limit) / 2.0, alpha / families, pairs)
        self._better = Wealth((1.0 - limit) / 2.0, alpha, pairs)
        self._waiting: dict[int, tuple[float, float] | None] = {}
        self._next = 0
        self._sum = self._squares = 0.0

    @property
    def seen(self) -> int:
        """The number of pairs judged."""
        return self._worse.seen

    @property
    def wants_more(self) -> bool:
        """Whether a further pair could change the answer."""
        return self.answer == "undecided" and self.seen < self.pairs

    def add(self, launch: int, low: float, high: float | None = None) -> Answer:
        """Take the difference of the pair launched as number `launch`, and answer.

        Where an episode of the pair is missing for a reason that may depend on the arm, give the smallest and the largest
        difference it can have had: the gate then errs no more often, whatever the missing outcome was.
        """
        high = low if high is None else high
        if not -1.0 <= low <= high <= 1.0:
            raise ValueError(f"the difference of a pair lies between -1 and 1, not between {low} and {high}")
        self._expect(launch)
        self._waiting[launch] = (low, high)
        return self._judge()

    def skip(self, launch: int) -> Answer:
        """Leave out a pair that has no difference, for a reason that has nothing to do with the arm."""
        self._expect(launch)
        self._waiting[launch] = None
        return self._judge()

    def extend(self, pairs: int) -> Answer:
        """Ask for so many pairs in place of `pairs`, after the last was undecided, say: what was seen stays as it is.

        The level holds all the same, since bets already settled are not made anew. To start again with a larger number and the
        same pairs would not do: that number would have been chosen by what they showed.
        """
        if pairs < self.pairs:
            raise ValueError(f"a gate of {self.pairs} pairs cannot be shortened to {pairs}")
        self.pairs = self._worse.horizon = self._better.horizon = pairs
        return self._judge()

    def _expect(self, launch: int) -> None:
        if launch < self._next or launch in self._waiting:
            raise ValueError(f"the pair of launch {launch} was given before, or is no launch")

    def _judge(self) -> Answer:
        import numpy as np

        while self.wants_more and self._next in self._waiting:
            pair = self._waiting.pop(self._next)
            self._next += 1
            if pair is None:
                continue
            low, high = pair
            # Each direction is fed the difference that speaks against it.
            self._worse.settle(np.array([(1.0 + low) / 2.0]))
            self._better.settle(np.array([(1.0 - high) / 2.0]))
            self._sum += (low + high) / 2.0
            self._squares += ((low + high) / 2.0) ** 2
            if self._worse.log_wealth[0] >= math.log(self.families / self.alpha):
                self.answer = "fail"
            elif self._better.log_wealth[0] >= math.log(1.0 / self.alpha):
                self.answer = "pass"
        return self.answer

    def standing(self) -> Standing:
        """Where the gate stands now, and what it would take."""
        drop = self._sum / self.seen if self.seen else math.nan
        return Standing(
            answer=self.answer,
            limit=self.limit,
            drop=drop,
            seen=self.seen,
            pairs=self.pairs,
            for_fail=math.exp(self._worse.log_wealth[0]),
            for_pass=math.exp(self._better.log_wealth[0]),
            needed_to_fail=self.families / self.alpha,
            needed_to_pass=1.0 / self.alpha,
            takes=self._takes(drop),
        )

    def _takes(self, drop: float) -> int | None:
        if self.answer != "undecided" or not self.seen or drop == self.limit:
            return None
        # One pair that differs more each way: a sample without any difference is no proof that there is none.
        spread = math.sqrt((self._squares + 2.0) / (self.seen + 2) - (self._sum / (self.seen + 2)) ** 2)
        alpha = self.alpha / self.families if drop > self.limit else self.alpha
        return pairs_to_gate(abs(drop - self.limit), spread, alpha=alpha)


class FamilyGates:
    """One gate a family (an operator, an axis): passes only if all pass, and fails as soon as one fails.

    A family fails at α/M, so that with M families the whole fails wrongly with probability at most α; the whole passes only
    if every family passes at α, so that it passes wrongly with probability at most α. Each family has its own launches,
    from 0, and its own `pairs`: one number for all, or one a family.

    Source: C. E. Bonferroni's inequality, and R. L. Berger, "Multiparameter hypothesis testing and acceptance sampling",
    Technometrics 24 (1982).
    """

    def __init__(self, limit: float, families: Iterable[str], pairs: int | Mapping[str, int], *, alpha: float = 0.05) -> None:
        names = tuple(dict.fromkeys(families))
        each = {name: pairs if isinstance(pairs, int) else pairs[name] for name in names}
        self.gates = {name: SequentialGate(limit, each[name], alpha=alpha, families=len(names)) for name in names}

    @property
    def answer(self) -> Answer:
        """The answer of the whole."""
        answers = [gate.answer for gate in self.gates.values()]
        if "fail" in answers:
            return "fail"
        return "pass" if answers and all(answer == "pass" for answer in answers) else "undecided"

    @property
    def open(self) -> tuple[str, ...]:
        """The families of which a further pair could change the answer of the whole."""
        if self.answer != "undecided":
            return ()
        return tuple(name for name, gate in self.gates.items() if gate.wants_more)

    def add(self, family: str, launch: int, low: float, high: float | None = None) -> Answer:
        """As `SequentialGate.add`, of one family; the answer is that of the whole."""
        self.gates[family].add(launch, low, high)
        return self.answer

    def skip(self, family: str, launch: int) -> Answer:
        """As `SequentialGate.skip`, of one family; the answer is that of the whole."""
        self.gates[family].skip(launch)
        return self.answer

    def standings(self) -> dict[str, Standing]:
        """Where each family stands."""
        return {name: gate.standing() for name, gate in self.gates.items()}
