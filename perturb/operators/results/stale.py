"""`results.stale`: a read that is repeated after a write gives what it gave before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import msgspec

from perturb.declared import identified
from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import Axis, Call, Kind, Result, Tool, digest


class Stale(Operator, frozen=True, kw_only=True):
    """A read that an episode makes again after a write gives the earlier result once more, as a replica or a cache does that
    lags behind; a little later it gives the right one.

    Before: `get_user` → `{"tier": "gold"}`, `set_tier {"tier": "silver"}`, `get_user` → `{"tier": "silver"}`
    After: `get_user` → `{"tier": "gold"}`, `set_tier {"tier": "silver"}`, `get_user` → `{"tier": "gold"}`

    Exactly: where a call of the tool, with the same arguments, has given a result before the last write that worked, then the
    first call after it (or the first two) is answered with that result, and those after it with what the environment answers.
    The environment is asked all the same, and stays right. A result that holds a declared identifier which the earlier one
    lacks is not held back. First reads, other arguments, writes and failures are never touched. Places are reads; intensity
    is the share of them. Does not apply where there is no read, or no write.
    """

    id: ClassVar[str] = "results.stale"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "faults"
    promises: ClassVar[Kind] = "adversarial"
    conditional: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={"op": "results.stale", "version": 1, "reads": {"get_user": 1}},
            tool=Tool(name="get_user", description="Look up a user.", effect="read"),
            others=(Tool(name="set_tier", description="Set a user's tier.", effect="write"),),
            before={
                "calls": [{"name": "get_user"}, {"name": "set_tier"}, {"name": "get_user"}, {"name": "get_user"}],
                "results": [{"tier": "gold"}, {"ok": True}, {"tier": "silver"}, {"tier": "silver"}],
            },
            after=[{"tier": "gold"}, {"ok": True}, {"tier": "gold"}, {"tier": "silver"}],
        ),
    )

    reads: dict[str, int] = msgspec.field(default_factory=dict)
    """By tool: how many calls after a write are answered with the earlier result."""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Stale | NotApplicable:
        own = Setup.of(setup.source).by_name
        places = [name for tool in setup.tools for name in tool.stands_for if name in own]
        reads = [name for name in places if own[name].effect == "read"]
        if not reads or len(reads) == len(places):
            return NotApplicable("nothing_to_change", "there are no reads, or no writes")
        return cls(reads={place: pick.integer(place, 1, 2) for place in pick.chosen(reads, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return StaleLens(setup, self.reads)


class _Seen(NamedTuple):
    """A result that was given, how many writes had worked by then, and how often it may be given again."""

    result: Result
    writes: int
    left: int


class _Memory:
    """What one episode has read, and how many of its writes have worked."""

    def __init__(self) -> None:
        self.writes = 0
        self.seen: dict[str, _Seen] = {}


class StaleLens(Lens):
    """Keeps the results of reads, and gives them again after a write."""

    withholds: ClassVar[bool] = True

    def __init__(self, real: Setup, reads: Mapping[str, int]) -> None:
        super().__init__(real)
        self._times = reads
        self._writes = {tool.name for tool in Setup.of(real.source).tools if tool.effect == "write"}

    def start(self) -> _Memory:
        return _Memory()

    def handle(self, call: Call, memory: _Memory) -> Handling:
        answer = yield call
        assert answer is not None
        place = self.real.origin(call)
        if not isinstance(answer, Result):
            return answer
        if place in self._writes:
            memory.writes += 1
        if place is None or place not in self._times:
            return answer
        key = digest(call)
        seen = memory.seen.get(key)
        if seen is not None and seen.writes < memory.writes and seen.left and self._holds(call, seen.result, answer):
            memory.seen[key] = seen._replace(left=seen.left - 1)
            return seen.result
        memory.seen[key] = _Seen(answer, memory.writes, self._times[place])
        return answer

    def _holds(self, call: Call, earlier: Result, now: Result) -> bool:
        """Whether the earlier result holds every declared identifier of the one of now."""
        schema = self.real.returns(call)
        return set(identified(schema, now.data)) <= set(identified(schema, earlier.data))
