"""A suspect, cornered: repeats say whether it breaks its task, halving what of it is needed, and fresh pairs confirm it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from perturb.episode import Episode
from perturb.evaluation import Prepared
from perturb.search.candidates import Atom, Candidate, Proofs
from perturb.search.finding import tool_of
from perturb.search.halving import fewest
from perturb.search.tries import Asked, Count, Tries
from perturb.statistics.repeats import ToldApart, Vote
from perturb.watchdog import Turns

ERROR = 0.01
"""How likely a search is to report a break where there is none, however much it looks at: the n-th confirmation is at
ERROR / (n · (n + 1)), and these add up to ERROR."""
RESERVE = 14
"""Episodes that are kept for the confirmation: beyond them nothing more is made smaller."""
MOST_VOTES, MOST_PAIRS = 14, 40
"""Repeats of one vote, and pairs of one confirmation; what is not sure by then is taken for no."""
WORTH = 0.5
"""The clean rate below which a task is passed over: there is little that it could lose."""
UNLIKELY = 0.02
"""The weight of a place that the agent's trajectories do not come near, where 1 is that of one they do."""


class Suspect(msgspec.Struct, kw_only=True):
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


class Cornering:
    """The repeats of a search, clean and of candidates, and what they say."""

    def __init__(self, prepared: Prepared, tries: Tries, proofs: Proofs) -> None:
        self.prepared = prepared
        self.tries = tries
        self.proofs = proofs
        self.suspect: Suspect | None = None
        self.clean: dict[str, Count] = {}
        self.passed: dict[str, Episode] = {}
        self.repeats: dict[str, Count] = {}
        self.failed: dict[str, Episode] = {}
        self._confirmations = 0
        self._at_once = max(1, prepared.request.limits.concurrency)
        self._turns = Turns()

    async def corner(self, candidate: Candidate, episode: Episode) -> bool:
        """Whether a candidate that failed once breaks its task, which the agent passes clean: made as small as can be, and
        confirmed. `suspect` is what has become of it."""
        near = {call.name for call in self.prepared.toolset.task(candidate.task).gold or ()}
        near |= {call.name for one in (episode, self.passed[candidate.task]) for step in one.steps for call in step.real}
        suspect = Suspect(first=candidate, smallest=candidate, near=near)
        for strict in (False, True):
            suspect.smallest, suspect.cut_short = candidate, False
            # The failure that has drawn the suspicion does not count: it was picked for being one.
            if not await self._breaks(suspect, candidate, strict):
                break
            self.suspect = suspect
            smallest = await self._halved(suspect, strict)
            if (await self.proofs.of(smallest)).status == "solvable":
                suspect.smallest = smallest
            if await self._confirmed(suspect):
                return True
        self.suspect = None
        return False

    async def _halved(self, suspect: Suspect, strict: bool) -> Candidate:
        """The suspect with all left out that is not needed."""
        candidate, tools = suspect.first, set(self.prepared.gold.setup.by_name)

        async def breaks(atoms: Sequence[Atom]) -> bool:
            return await self._breaks(suspect, candidate.kept(atoms), strict, spare=RESERVE)

        def weight(atom: Atom) -> float:
            named = {tool_of(place) for place in atom.places} & tools
            return 1.0 if not named or named & suspect.near else UNLIKELY

        return candidate.kept(await fewest(candidate.atoms, breaks, weight))

    async def passes_clean(self, task: str) -> bool:
        """Whether the agent passes a task clean often enough to have something to lose: by two repeats, or by four."""
        count = self.clean.setdefault(task, Count())
        for wanted in (2, 4):
            if count.of < wanted and (count.of < 2 or count.rate < WORTH):
                await self._repeat_clean(task, wanted - count.of)
        return count.passed > 0 and count.rate >= WORTH

    def _sound(self, task: str) -> float:
        """The clean rate of a task, by its own repeats and, as if they were two more, by those of all tasks."""
        every, own = Count(), self.clean[task]
        for count in self.clean.values():
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
            self.clean.setdefault(episode.task, Count()).add(passed)
            if passed:
                self.passed[episode.task] = episode
        else:
            self.repeats.setdefault(candidate.digest, Count()).add(passed)
            if not passed:
                self.failed[candidate.digest] = episode

    async def _breaks(self, suspect: Suspect, candidate: Candidate, strict: bool, spare: int = 0) -> bool:
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
            number = min(vote.fewest, self._at_once)
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
            self.tries.words = (
                f"{len(suspect.smallest.atoms):,} of {len(suspect.first.atoms):,} places of task {candidate.task} left"
            )
        return answer

    async def _confirmed(self, suspect: Suspect) -> bool:
        """Whether fresh pairs of repeats tell the smallest plan from the clean setup."""
        candidate = suspect.smallest
        self.tries.phase, self.tries.words = "confirming", ""
        self._confirmations += 1
        suspect.level = ERROR / (self._confirmations * (self._confirmations + 1))
        clean, perturbed = self.clean[candidate.task], self.repeats.get(candidate.digest, Count())
        apart = ToldApart(suspect.level, (clean.passed, clean.of), (perturbed.passed, perturbed.of))
        suspect.pairs = Count(), Count()
        asked = 0
        while not apart.sure and asked < MOST_PAIRS:
            number = min(apart.fewest, max(1, self._at_once // 2))
            number = max(1, min(number, self.tries.left // 2))
            asked += number
            episodes = await self.tries([Asked(candidate.task), Asked(candidate.task, candidate)] * number)
            for one, other in zip(episodes[::2], episodes[1::2], strict=True):
                self._count(one)
                self._count(other, candidate)
                if one is None or other is None:
                    continue
                suspect.pairs[0].add(one.outcome == "passed")
                suspect.pairs[1].add(other.outcome == "passed")
                if not apart.sure:
                    apart.add(one.outcome == "passed", other.outcome == "passed")
            suspect.evidence = apart.evidence
            hopeless = suspect.pairs[0].of >= 6 and suspect.pairs[1].passed >= suspect.pairs[0].passed
            if hopeless:
                break
        self.tries.phase = "halving"
        return apart.sure
