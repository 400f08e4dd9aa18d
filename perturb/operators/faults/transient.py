"""`faults.transient`: the first calls of a tool fail before anything is done, then it works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup
from perturb.types import Answer, Axis, Call, Failure, Kind, Tool


class Transient(Operator, frozen=True, kw_only=True):
    """The first calls of a tool fail with "temporarily unavailable, try again", before anything is done; then it works.

    Before: `get_user {"id": 7}` → `{"name": "Ada"}`
    After: `get_user {"id": 7}` → "temporarily unavailable …", again `get_user {"id": 7}` → `{"name": "Ada"}`

    Places are tools; intensity is the share of tools. Applies wherever there are tools.
    """

    id: ClassVar[str] = "faults.transient"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "faults"
    promises: ClassVar[Kind] = "fault"

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={"op": "faults.transient", "version": 1, "failures": {"get_user": 1}},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "integer"}}}, effect="read"),
            before={"calls": [{"name": "get_user", "arguments": {"id": 7}}] * 2, "result": {"name": "Ada"}},
            after=[
                "The service is temporarily unavailable. Nothing was changed; please try the same call again.",
                {"name": "Ada"},
            ],
        ),
    )

    failures: dict[str, int] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Transient | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        return cls(failures={place: pick.integer(place, 1, 2) for place in pick.chosen(places, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return TransientLens(setup, self.failures)


class TransientLens(Lens):
    """Counts the failures down within an episode."""

    def __init__(self, real: Setup, failures: Mapping[str, int]) -> None:
        super().__init__(real)
        self._failures = failures

    def start(self) -> dict[str, int]:
        return dict(self._failures)

    def handle(self, call: Call, memory: dict[str, int]) -> Handling:
        place = self.real.origin(call)
        if place is not None and memory.get(place, 0) > 0:
            memory[place] -= 1
            return msgspec.structs.replace(self.real.source.refusal("unavailable", tool=call.name), retry_after=1.0)
        answer = yield call
        assert answer is not None
        return answer

    def perform(self, call: Call) -> Performing:
        answer: Answer = yield call
        for _ in range(self._failures.get(self.real.origin(call) or "", 0)):
            if not (isinstance(answer, Failure) and answer.kind == "unavailable"):
                break
            answer = yield call
        return answer
