"""Repeats of one task under one plan: how sure they make it that the plan breaks the task, and whether to repeat once more."""

from __future__ import annotations

import math
from typing import Literal

Verdict = Literal["yes", "no", "open"]


class Vote:
    """Whether a plan breaks a task, by as few repeats as the two rates allow: Wald's sequential probability ratio test.

    `sound` is the rate of success where the plan does no harm, `broken` where it breaks the task. With these rates it says yes
    to a harmless plan with a probability of about `wrong_yes`, and no to a breaking one with about `wrong_no`. Repeats are
    given one after the other. Votes steer a search; what it finds is judged by `ToldApart`, on repeats of its own.

    Source: A. Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics 16 (1945).
    """

    def __init__(self, sound: float, broken: float, *, wrong_yes: float = 0.01, wrong_no: float = 0.05) -> None:
        if not 0.0 < broken < sound < 1.0:
            raise ValueError(f"a broken task passes less often than a sound one, and neither rate is sure: {broken}, {sound}")
        self._failed = math.log((1.0 - broken) / (1.0 - sound))
        self._passed = math.log(broken / sound)
        self._yes = math.log((1.0 - wrong_no) / wrong_yes)
        self._no = math.log(wrong_no / (1.0 - wrong_yes))
        self._sum = 0.0

    def add(self, passed: bool) -> Verdict:
        """Take one repeat; what comes behind the verdict changes nothing."""
        if self.verdict == "open":
            self._sum += self._passed if passed else self._failed
        return self.verdict

    @property
    def verdict(self) -> Verdict:
        return "yes" if self._sum >= self._yes else "no" if self._sum <= self._no else "open"

    @property
    def leans(self) -> Verdict:
        """The side that is likelier so far."""
        return "yes" if self._sum > 0.0 else "no"

    @property
    def fewest(self) -> int:
        """How many more repeats it takes at least: so many can be under way at once, and none of them is wasted."""
        if self.verdict != "open":
            return 0
        to_yes, to_no = (self._yes - self._sum) / self._failed, (self._no - self._sum) / self._passed
        return math.ceil(min(to_yes, to_no) - 1e-9)


class ToldApart:
    """Whether one task passes less often perturbed than clean, judged pair by pair, and certain as soon as it can be.

    A pair is a clean and a perturbed repeat, run close in time. While the perturbed rate is no lower than the clean one,
    `evidence` ever reaches 1/α with probability at most α, however often it is looked at, and also where both rates drift from
    pair to pair. The bets are made by the counts given at first (`(passed, repeats)` of each arm, from other repeats) and by
    the pairs seen so far.

    Each pair multiplies the evidence by p_c(y_c)·p_p(y_p) / (p_0(y_c)·p_0(y_p)), with the guessed rates p_c > p_p and their
    mean p_0: an e-variable of two Bernoulli streams.

    Source: R. J. Turner, A. Ly, P. D. Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for
    optional stopping", Journal of Statistical Planning and Inference 230 (2024).
    """

    def __init__(self, alpha: float, clean: tuple[int, int] = (0, 0), perturbed: tuple[int, int] = (0, 0)) -> None:
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
        self.alpha = alpha
        self.pairs = 0
        self.log_evidence = 0.0
        self._counts = [list(clean), list(perturbed)]

    @property
    def evidence(self) -> float:
        return math.exp(self.log_evidence)

    @property
    def sure(self) -> bool:
        """Whether the evidence has reached 1/α."""
        return self.log_evidence >= math.log(1.0 / self.alpha)

    @property
    def _rates(self) -> tuple[float, float]:
        """The guesses at both rates: half a success and half a failure are added to each."""
        clean, perturbed = ((passed + 0.5) / (repeats + 1.0) for passed, repeats in self._counts)
        return clean, perturbed

    def add(self, clean: bool, perturbed: bool) -> bool:
        """Take one pair, and say whether it is sure now. Where the guesses lie the other way round, no bet is made."""
        high, low = self._rates
        if high > low:
            middle = (high + low) / 2.0
            for rate, passed in ((high, clean), (low, perturbed)):
                self.log_evidence += math.log(rate / middle if passed else (1.0 - rate) / (1.0 - middle))
        self.pairs += 1
        for counts, passed in zip(self._counts, (clean, perturbed), strict=True):
            counts[0] += passed
            counts[1] += 1
        return self.sure

    @property
    def fewest(self) -> int:
        """How many more pairs it takes at least, as the bets stand now."""
        high, low = self._rates
        if self.sure:
            return 0
        middle = (high + low) / 2.0
        most = math.log(high * (1.0 - low) / (middle * (1.0 - middle))) if high > low else 0.0
        return max(1, math.floor((math.log(1.0 / self.alpha) - self.log_evidence) / most)) if most > 0.0 else 1
