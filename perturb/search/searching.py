"""The search for the smallest perturbation that breaks an agent: plans of rising size, halving, and confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import anyio
import msgspec

from perturb.episode import Episode
from perturb.evaluation import Prepared, store_path
from perturb.operator import Operator
from perturb.search.candidates import Candidate, Proofs
from perturb.search.cornering import ERROR, Cornering
from perturb.search.finding import sentence
from perturb.search.tries import Asked, Count, Report, Stopped, Tries
from perturb.search.waves import Waves
from perturb.store import Store

Ending = Literal["found", "exhausted", "budget", "interrupted", "infrastructure", "nothing to lose"]


class Searched(msgspec.Struct, kw_only=True):
    """How a search ended.

    With `found`, `operator` breaks `task`, which `clean` and `perturbed` count on repeats of their own. Without, `operator` is
    the smallest plan that was suspected and could not be confirmed yet, `None` where none is; the counts are of all its repeats
    then. `smallest` says that nothing of a plan that was found can be left out: the budget sufficed to look. `error` is the
    level at which the break was told from chance, `evidence` what was reached (1/error is needed). `episodes` counts those that
    the search rests on, `ran` those of them that were run now, `tried` the plans.
    """

    ended: Ending
    why: str = ""
    operator: Operator | None = None
    task: str | None = None
    clean: Count = msgspec.field(default_factory=Count)
    perturbed: Count = msgspec.field(default_factory=Count)
    sentence: str = ""
    error: float = ERROR
    evidence: float = 1.0
    episodes: int = 0
    ran: int = 0
    tried: int = 0
    clean_episode: Episode | None = None
    perturbed_episode: Episode | None = None
    smallest: bool = False
    faults: list[str] = msgspec.field(default_factory=list)
    not_proven: list[str] = msgspec.field(default_factory=list)

    @property
    def found(self) -> bool:
        return self.ended == "found"


async def search(prepared: Prepared, report: Report | None = None) -> Searched:
    """Look for the smallest plan that breaks a task of the request. Raises `ConfigurationError` where no task can be proven
    solvable. The same request goes on where the last one was stopped: its episodes are in the store."""
    with Store(store_path(prepared.request)) as store:
        hunt = _Hunt(prepared, store, report)
        try:
            ended, why = await hunt.go(), ""
        except Stopped as stop:
            ended, why = stop.why, stop.words
        except (KeyboardInterrupt, anyio.get_cancelled_exc_class()):
            ended, why = "interrupted", "interrupted"
        finally:
            await prepared.agent.aclose()
        return hunt.told(ended, why)


class _Hunt:
    """One search."""

    def __init__(self, prepared: Prepared, store: Store, report: Report | None) -> None:
        proofs = Proofs(prepared.gold, store)
        self.prepared = prepared
        self.tries = Tries(prepared, store, report)
        self.waves = Waves(prepared, proofs)
        self.cornering = Cornering(prepared, self.tries, proofs)

    async def go(self) -> Ending:
        """Search until something is found or nothing is left to try; raises `Stopped` else."""
        await self.waves.begin()
        suggestions = self.waves.suggestions
        while suggestions.tasks:
            wave = await self.waves.next(max(1, min(self.prepared.request.limits.concurrency, self.tries.left)))
            if not wave:
                return "exhausted"
            for candidate, episode in await self._try(wave):
                if not await self.cornering.passes_clean(candidate.task):
                    suggestions.drop(candidate.task)
                    continue
                self.tries.phase = "halving"
                if await self.cornering.corner(candidate, episode):
                    return "found"
                self.tries.phase, self.tries.words = "trying", ""
                self.waves.smaller()
        return "nothing to lose"

    async def _try(self, wave: Sequence[Candidate]) -> list[tuple[Candidate, Episode]]:
        """Run each candidate once; those that failed are suspects, the ones of fewest operators first."""
        suspects = []
        episodes = await self.tries([Asked(one.task, one) for one in wave])
        for candidate, episode in zip(wave, episodes, strict=True):
            if episode is None:
                continue
            if episode.outcome == "passed":
                self.waves.suggestions.learn(candidate, episode)
            else:
                suspects.append((candidate, episode))
        return sorted(suspects, key=lambda one: len(one[0].members))

    def told(self, ended: Ending, why: str) -> Searched:
        """The search as it stands."""
        made = Searched(
            ended=ended,
            why=why,
            episodes=self.tries.used,
            ran=self.tries.ran,
            tried=self.waves.tried,
            faults=list(self.waves.faults),
            not_proven=self.waves.not_proven,
        )
        cornering = self.cornering
        suspect = cornering.suspect
        if suspect is None or suspect.evidence < 1.0:
            return made  # fresh pairs that speak against a suspicion leave nothing of it to tell
        candidate = suspect.smallest
        pairs = suspect.pairs if suspect.pairs is not None and suspect.pairs[0].of else None
        made.clean, made.perturbed = pairs or (
            cornering.clean.get(candidate.task, Count()),
            cornering.repeats.get(candidate.digest, Count()),
        )
        made.operator, made.task = candidate.operator, candidate.task
        made.error, made.evidence = suspect.level, suspect.evidence
        made.smallest = ended == "found" and not suspect.cut_short
        made.clean_episode = cornering.passed.get(candidate.task)
        made.perturbed_episode = cornering.failed.get(candidate.digest)
        made.sentence = sentence(
            candidate.operator, self.prepared.gold.setup, candidate.task, str(made.clean), str(made.perturbed)
        )
        return made
