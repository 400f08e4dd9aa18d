"""The search for the smallest perturbation that breaks an agent: plans of rising size, halving, and confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import anyio
import msgspec

from perturb.episode import Episode
from perturb.errors import ConfigurationError
from perturb.evaluation import Prepared, store_path
from perturb.operator import Operator, SeededPick, Stack
from perturb.search.candidates import Atom, Candidate, Proofs, is_fault
from perturb.search.finding import sentence, tool_of
from perturb.search.halving import fewest
from perturb.search.suggestions import Suggestions
from perturb.search.tries import Asked, Count, Stopped, Tries
from perturb.statistics.repeats import ToldApart, Vote
from perturb.store import Store
from perturb.strategies import Recipe
from perturb.toolset import Task
from perturb.types import HEADLINE_KINDS
from perturb.watchdog import Turns

ERROR = 0.01
"""How likely a search is to report a break where there is none, however much it looks at: the n-th confirmation is at
ERROR / (n · (n + 1)), and these add up to ERROR."""
LARGEST, LARGER = 16, 32
"""The most operators in one plan, until everything was shown once; and from then on, when what is left takes two together."""
RESERVE = 14
"""Episodes that are kept for the confirmation: beyond them nothing more is made smaller."""
MOST_VOTES, MOST_PAIRS = 14, 40
"""Repeats of one vote, and pairs of one confirmation; what is not sure by then is taken for no."""
WORTH = 0.5
"""The clean rate below which a task is passed over: there is little that it could lose."""
UNLIKELY = 0.02
"""The weight of a place that the agent's trajectories do not come near, where 1 is that of one they do."""
DRAWS = 40
"""How many recipes in a row may come to nothing before there is nothing left to try."""

Ending = Literal["found", "exhausted", "budget", "interrupted", "infrastructure", "nothing to lose"]


class Report(Protocol):
    """Told where a search stands: what it is at, the episodes used, of how many (`None` without such a budget)."""

    def __call__(self, phase: str, used: int, total: int | None, words: str) -> None: ...


class Searched(msgspec.Struct, kw_only=True):
    """How a search ended.

    With `found`, `operator` breaks `task`, which `clean` and `perturbed` count on repeats of their own. Without, `operator` is
    the smallest plan that was suspected and could not be confirmed yet, `None` where none is; the counts are of all its repeats
    then. `smallest` says that nothing of a plan that was found can be left out: the budget sufficed to look. `error` is the level at which the break was told from chance, `evidence` what was reached (1/error is needed).
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


class _Suspect(msgspec.Struct, kw_only=True):
    """A candidate that has failed once, and what has become of it: the smallest that was voted to break, the repeats under it
    and its likes, and the tools that trajectories have come near."""

    first: Candidate
    smallest: Candidate
    near: set[str]
    broken: Count = msgspec.field(default_factory=lambda: Count(0, 4))
    votes: dict[tuple[str, bool], bool] = msgspec.field(default_factory=dict)
    pairs: tuple[Count, Count] | None = None
    cut_short: bool = False
    evidence: float = 1.0
    level: float = ERROR


class _Hunt:
    """One search."""

    def __init__(self, prepared: Prepared, store: Store, report: Report | None) -> None:
        self.prepared = prepared
        self.tries = Tries(prepared, store, self._said)
        self.proofs = Proofs(prepared.gold, store)
        self._report = report
        self._phase = "trying"
        self._words = ""
        self._turns = Turns()
        # Where everything is asked for, what withholds or misleads is left out: an agent may be unable to do better.
        self._every_kind = tuple(prepared.request.operators) != ("*",)
        self._seen: set[str] = set()
        self._size, self._tried = 1, 0
        self._clean: dict[str, Count] = {}
        self._passed_clean: dict[str, Episode] = {}
        self._repeats: dict[str, Count] = {}
        self._failed: dict[str, Episode] = {}
        self._suspect: _Suspect | None = None
        self._confirmations = 0
        self._faults: dict[str, None] = {}
        self._not_proven: list[str] = []

    async def go(self) -> Ending:
        """Search until something is found or nothing is left to try; raises `Stopped` else."""
        operators = [one for one in self.prepared.operators if self._every_kind or one.promises in HEADLINE_KINDS]
        self.suggestions = Suggestions(operators, await self._usable(), self.prepared.request.design.seed)
        while self.suggestions.tasks:
            wave = await self._wave()
            if not wave:
                return "exhausted"
            suspects = await self._try(wave)
            for candidate, episode in suspects:
                self._phase = "halving"
                if await self._corner(candidate, episode):
                    return "found"
                self._suspect, self._phase, self._words = None, "trying", ""
                self._size = max(1, self._size // 2)
        return "nothing to lose"

    async def _usable(self) -> list[Task]:
        usable: list[Task] = []
        for task in self.prepared.tasks:
            await self._turns.turn()
            clean = await self.prepared.gold.clean(task)
            if clean is not None and clean.passed:
                usable.append(task)
            else:
                self._not_proven.append(task.id)
        if not usable:
            raise ConfigurationError(
                f"no task of toolset {self.prepared.toolset.name!r} that is asked for can be proven solvable, since none has gold "
                "calls that pass its own check; a search needs one (perturb check says more)"
            )
        return usable

    # Trying

    async def _wave(self) -> list[Candidate]:
        """The next candidates, each proven solvable, as many as may be under way at once."""
        wave: list[Candidate] = []
        size, in_vain = self._size, 0
        most = max(1, min(self.prepared.request.limits.concurrency, self.tries.left))
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
            self._tried += 1
            if self._tried % 2 == 0:
                size = self._size = self._grown()
        return wave

    def _grown(self) -> int:
        """The next size: twice as large after two of a size, so that an agent that breaks easily is met by small plans; from
        the largest back to half of it, so that what hides something else is not always there."""
        largest = min(LARGER if self.suggestions.all_shown else LARGEST, len(self.prepared.operators))
        return max(1, largest // 2) if self._size >= largest else min(2 * self._size, largest)

    async def _made(self, recipe: Recipe) -> Candidate | None:
        """The candidate that a recipe comes to; `None` where it is none, is not solvable, or was tried before."""
        task = self.prepared.toolset.task(recipe.task)
        setup = self.prepared.gold.setup.for_task(task)
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
        candidate = Candidate.of(task.id, stack.operators, lambda one: self._every_kind or one.kind in HEADLINE_KINDS)
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

    async def _try(self, wave: Sequence[Candidate]) -> list[tuple[Candidate, Episode]]:
        """Run each candidate once; those that failed are suspects, the ones of fewest operators first."""
        suspects = []
        episodes = await self.tries([Asked(one.task, one) for one in wave])
        for candidate, episode in zip(wave, episodes, strict=True):
            if episode is None:
                continue
            if episode.outcome == "passed":
                self.suggestions.learn(candidate, episode)
            else:
                suspects.append((candidate, episode))
        return sorted(suspects, key=lambda one: len(one[0].members))

    # Halving

    async def _corner(self, candidate: Candidate, episode: Episode) -> bool:
        """Whether a candidate that failed once breaks its task: made as small as can be, and confirmed."""
        if not await self._passes_clean(candidate.task):
            return False
        near = {call.name for call in self.prepared.toolset.task(candidate.task).gold or ()}
        near |= {call.name for one in (episode, self._passed_clean[candidate.task]) for step in one.steps for call in step.real}
        suspect = _Suspect(first=candidate, smallest=candidate, near=near)
        for strict in (False, True):
            suspect.smallest, suspect.cut_short = candidate, False
            # The failure that has drawn the suspicion does not count: it was picked for being one.
            if not await self._breaks(suspect, candidate, strict):
                return False
            self._suspect = suspect
            tools = set(self.prepared.gold.setup.by_name)

            async def breaks(atoms: Sequence[Atom], strict: bool = strict) -> bool:
                return await self._breaks(suspect, candidate.kept(atoms), strict, spare=RESERVE)

            def weight(atom: Atom) -> float:
                named = {tool_of(place) for place in atom.places} & tools
                return 1.0 if not named or named & near else UNLIKELY

            left = await fewest(candidate.atoms, breaks, weight)
            smallest = candidate.kept(left)
            if (await self.proofs.of(smallest)).status == "solvable":
                suspect.smallest = smallest
            if await self._confirmed(suspect):
                return True
        return False

    async def _passes_clean(self, task: str) -> bool:
        count = self._clean.setdefault(task, Count())
        for wanted in (2, 4):
            if count.of < wanted and (count.of < 2 or count.rate < WORTH):
                await self._repeat_clean(task, wanted - count.of)
        if count.passed and count.rate >= WORTH:
            return True
        self.suggestions.drop(task)
        return False

    def _sound(self, task: str) -> float:
        """The clean rate of a task, by its own repeats and, as if they were two more, by those of all tasks."""
        every, own = Count(), self._clean[task]
        for count in self._clean.values():
            every.passed += count.passed
            every.of += count.of
        return min((own.passed + 2.0 * every.rate) / (own.of + 2.0), 0.97)

    async def _repeat_clean(self, task: str, number: int) -> list[Episode | None]:
        episodes = await self.tries([Asked(task)] * number)
        for one in episodes:
            self._count(one)
        return episodes

    def _count(self, episode: Episode | None, candidate: Candidate | None = None) -> None:
        if episode is None:
            return
        passed = episode.outcome == "passed"
        if candidate is None:
            self._clean.setdefault(episode.task, Count()).add(passed)
            if passed:
                self._passed_clean[episode.task] = episode
        else:
            self._repeats.setdefault(candidate.digest, Count()).add(passed)
            if not passed:
                self._failed[candidate.digest] = episode

    async def _breaks(self, suspect: _Suspect, candidate: Candidate, strict: bool, spare: int = 0) -> bool:
        """Whether fresh repeats say that a candidate breaks its task as the suspect does. What is not solvable does not; and
        when no more than `spare` episodes are left, the answer is no."""
        known = candidate.digest, strict
        if known in suspect.votes:
            return suspect.votes[known]
        await self._turns.turn()
        if not candidate.members or (await self.proofs.of(candidate)).status != "solvable":
            return False
        sound = self._sound(candidate.task)
        vote = Vote(sound, min(suspect.broken.rate, 0.6 * sound), wrong_yes=0.001 if strict else 0.01)
        mine = Count()
        while vote.verdict == "open" and mine.of < MOST_VOTES:
            number = min(vote.fewest, max(1, self.prepared.request.limits.concurrency))
            if self.tries.left < number + spare:
                suspect.cut_short = True
                return False
            episodes = await self.tries([Asked(candidate.task, candidate)] * number)
            if all(one is None for one in episodes):
                return False
            for one in episodes:
                if one is not None:
                    self._count(one, candidate)
                    mine.add(one.outcome == "passed")
                    vote.add(one.outcome == "passed")
        answer = (vote.verdict if vote.verdict != "open" else vote.leans) == "yes"
        suspect.votes[known] = answer
        if answer:
            suspect.broken.passed += mine.passed
            suspect.broken.of += mine.of
            if len(candidate.atoms) < len(suspect.smallest.atoms):
                suspect.smallest = candidate
            self._words = f"{len(suspect.smallest.atoms):,} of {len(suspect.first.atoms):,} places of task {candidate.task} left"
        return answer

    # Confirming

    async def _confirmed(self, suspect: _Suspect) -> bool:
        """Whether fresh pairs of repeats tell the smallest plan from the clean setup."""
        candidate = suspect.smallest
        self._phase, self._words = "confirming", ""
        self._confirmations += 1
        suspect.level = ERROR / (self._confirmations * (self._confirmations + 1))
        clean, perturbed = self._clean[candidate.task], self._repeats.get(candidate.digest, Count())
        apart = ToldApart(suspect.level, (clean.passed, clean.of), (perturbed.passed, perturbed.of))
        suspect.pairs = Count(), Count()
        while not apart.sure and apart.pairs < MOST_PAIRS:
            number = min(apart.fewest, max(1, self.prepared.request.limits.concurrency // 2))
            number = max(1, min(number, self.tries.left // 2))
            episodes = await self.tries([Asked(candidate.task), Asked(candidate.task, candidate)] * number)
            for one, other in zip(episodes[::2], episodes[1::2], strict=True):
                self._count(one)
                self._count(other, candidate)
                if one is None or other is None:
                    apart.pairs += 1  # it says nothing, and is no reason to go on for ever
                    continue
                suspect.pairs[0].add(one.outcome == "passed")
                suspect.pairs[1].add(other.outcome == "passed")
                if not apart.sure:
                    apart.add(one.outcome == "passed", other.outcome == "passed")
            suspect.evidence = apart.evidence
            hopeless = suspect.pairs[0].of >= 6 and suspect.pairs[1].passed >= suspect.pairs[0].passed
            if hopeless:
                break
        self._phase = "halving"
        return apart.sure

    # Telling

    def _fault(self, words: str) -> None:
        if len(self._faults) < 20:
            self._faults[words] = None

    def _said(self, used: int) -> None:
        if self._report is not None:
            self._report(self._phase, used, self.prepared.request.limits.episodes, self._words)

    def told(self, ended: Ending, why: str) -> Searched:
        """The search as it stands."""
        made = Searched(
            ended=ended,
            why=why,
            episodes=self.tries.used,
            ran=self.tries.ran,
            tried=self._tried,
            faults=list(self._faults),
            not_proven=self._not_proven,
        )
        suspect = self._suspect
        if suspect is None:
            return made
        candidate = suspect.smallest
        pairs = suspect.pairs if suspect.pairs is not None and suspect.pairs[0].of else None
        made.clean, made.perturbed = pairs or (
            self._clean.get(candidate.task, Count()),
            self._repeats.get(candidate.digest, Count()),
        )
        made.operator, made.task = candidate.operator, candidate.task
        made.error, made.evidence = suspect.level, suspect.evidence
        made.smallest = ended == "found" and not suspect.cut_short
        made.clean_episode = self._passed_clean.get(candidate.task)
        made.perturbed_episode = self._failed.get(candidate.digest)
        made.sentence = sentence(
            candidate.operator, self.prepared.gold.setup, candidate.task, str(made.clean), str(made.perturbed)
        )
        return made


