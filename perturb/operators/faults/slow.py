"""`faults.slow`: a tool starts a job and says "pending", and is asked again with the job's id until the result is ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb import schemas
from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup
from perturb.operators.added_argument import declared, put_back, set_apart
from perturb.operators.added_tool import refused
from perturb.types import JSON, Answer, Axis, Call, Failure, Kind, Result, Schema, Tool, digest

_NAMES = ("job_id", "operation_id", "task_id", "request_token")
_PENDING = "pending"


class Slow(Operator, frozen=True, kw_only=True):
    """Every call of a tool starts a job that is pending at first; the same call with the job's id gives the result when ready.

    Before: `get_user {"id": 7}` → `{"name": "Ada"}`
    After: `get_user {"id": 7}` → `{"status": "pending", "job_id": "4be1…", …}`, then with `"job_id": "4be1…"` →
    `{"name": "Ada"}`

    The job is carried out once, at the first call. The tool's description, its schemas and the pending answer itself say how
    to go on. A failure is told at once. Places are tools; intensity is the share of them. Applies wherever there are tools.
    """

    id: ClassVar[str] = "faults.slow"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "noise"
    promises: ClassVar[Kind] = "fault"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={"op": "faults.slow", "version": 1, "waits": {"get_user": 1}, "argument": "job_id"},
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "integer"}}}, effect="read"),
            before={
                "calls": [
                    {"name": "get_user", "arguments": {"id": 7}},
                    {"name": "get_user", "arguments": {"id": 7, "job_id": "9ec6ebc7"}},
                ],
                "result": {"name": "Ada"},
            },
            after=[
                {
                    "status": "pending",
                    "job_id": "9ec6ebc7",
                    "message": "Not ready yet. Make the same call again with this `job_id` to get the result.",
                },
                {"name": "Ada"},
            ],
        ),
    )

    waits: dict[str, int] = msgspec.field(default_factory=dict)
    """How many times a job is pending."""
    argument: str = ""

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Slow | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        taken = {name for tool in setup.tools for names in schemas.siblings(tool.parameters) for name in names}
        free = [name for name in _NAMES if name not in taken and name not in setup.names]
        if not free:
            return NotApplicable("names_exhausted", "every name for the id of a job is taken")
        chosen = pick.chosen(places, intensity)
        if not chosen:
            return cls()
        return cls(waits={place: pick.integer(place, 1, 3) for place in chosen}, argument=pick.choice("argument", free))

    def lens(self, setup: Setup) -> Lens:
        return SlowLens(setup, self.waits, self.argument)


class SlowLens(Lens):
    """Carries a call out, and keeps what it gave for as long as its job is said to be pending."""

    def __init__(self, real: Setup, waits: Mapping[str, int], argument: str) -> None:
        super().__init__(real)
        self._waits = waits
        self._argument = argument
        if waits:
            self.setup = self.shown(tools=[self._declared(tool) for tool in real.tools])

    def _slow(self, tool: Tool | None) -> bool:
        return tool is not None and any(place in self._waits for place in tool.stands_for)

    def _declared(self, tool: Tool) -> Tool:
        if not self._slow(tool):
            return tool
        name = self._argument
        note = (
            f"This runs as a job: while the answer has the status `{_PENDING}`, make the same call again with the `{name}` "
            "that it gives."
        )
        asked = {
            "type": "string",
            "description": f"The `{name}` of a pending answer, to ask again for its result. Leave it out at first.",
        }
        single = len(tool.stands_for) == 1 and tool.returns is not None
        return msgspec.structs.replace(
            tool,
            description=f"{tool.description}\n{note}".strip(),
            parameters=declared(tool.parameters, name, asked),
            returns=self._either(tool.returns) if single and tool.returns is not None else tool.returns,
        )

    def _either(self, schema: Schema) -> Schema:
        """The schema of the result, or of a pending answer."""
        pending: Schema = {
            "type": "object",
            "properties": {
                "status": {"const": _PENDING},
                self._argument: {"type": "string"},
                "message": {"type": "string"},
            },
            "required": ["status", self._argument, "message"],
        }
        return {"anyOf": [schema, pending]}

    def _wait(self, call: Call) -> int | None:
        return self._waits.get(self.real.origin(call) or "")

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return schema if self._wait(call) is None else self._either(schema)

    def show_call(self, call: Call) -> Call:
        return set_apart(call, self._argument) if self._slow(self.real.by_name.get(call.name)) else call

    def read_call(self, call: Call) -> Call | Failure:
        return put_back(call, self._argument) if self._slow(self.real.by_name.get(call.name)) else call

    def start(self) -> dict[str, tuple[Result, str, int]]:
        return {}

    def handle(self, call: Call, memory: dict[str, tuple[Result, str, int]]) -> Handling:
        if not self._slow(self.real.by_name.get(call.name)):
            answer = yield call
            assert answer is not None
            return answer
        job = call.arguments.get(self._argument)
        if job is not None:
            known = memory.get(job) if isinstance(job, str) else None
            if known is None or known[1] != call.name:
                way_out = f"Give the `{self._argument}` of a pending answer of this tool, or leave it out to start a new job."
                return refused(self.real, call, self._argument, way_out)
            result, name, left = known
            if left > 0:
                memory[job] = (result, name, left - 1)
                return self._pending(job)
            return result
        inner = put_back(call, self._argument)
        answer = yield inner
        assert answer is not None
        wait = self._wait(inner)
        if wait is None or isinstance(answer, Failure):
            return answer
        # The same call made again is another job.
        job = digest([inner, len(memory)], 8)
        memory[job] = (answer, call.name, wait - 1)
        return self._pending(job)

    def _pending(self, job: str) -> Result:
        told = f"Not ready yet. Make the same call again with this `{self._argument}` to get the result."
        return Result({"status": _PENDING, self._argument: job, "message": told}, "json")

    def perform(self, call: Call) -> Performing:
        shown = self.show_call(call)
        answer: Answer = yield shown
        for _ in range(self._wait(call) or 0):
            if isinstance(answer, Failure) or not self._is_pending(answer.data):
                break
            answer = yield Call(shown.name, {**shown.arguments, self._argument: answer.data[self._argument]})
        return answer

    def _is_pending(self, data: JSON) -> bool:
        return isinstance(data, dict) and data.keys() == {"status", self._argument, "message"} and data["status"] == _PENDING
