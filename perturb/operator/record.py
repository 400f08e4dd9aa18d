"""The operator itself: a frozen record of what was chosen, JSON both ways."""

from __future__ import annotations

from typing import ClassVar, Literal, Self, get_args

import msgspec

from perturb.operator.lens import Lens
from perturb.operator.picking import Pick
from perturb.operator.setups import Setup
from perturb.types import JSON, Axis, Call, Kind, Tool

Phase = Literal[
    "wording",
    "state",
    "names",
    "arguments",
    "toolset",
    "faults",
    "shape",
    "paging",
    "envelope",
    "rendering",
    "noise",
    "catalogue",
    "messages",
    "scaffold",
    "stages",
]
PHASES: tuple[Phase, ...] = get_args(Phase)
"""The order in which lenses are laid over a setup, innermost first. `wording` is for what puts prompts otherwise in the
toolset's own terms, so that every rename passes over the new words too; `catalogue` for what puts tools as they are shown
behind others; `scaffold` for what changes only how the agent loop writes what is shown; `stages` for what changes the setup in
the middle of an episode, of which a stack holds one at most."""

KIND_ORDER: tuple[Kind, ...] = ("equivalent", "distraction", "fault", "ablation", "adversarial")
"""From the strongest promise to the weakest."""

Reason = Literal[
    "nothing_to_change", "not_declared", "not_met", "types_lost", "names_exhausted", "conflict", "foreign_check", "own_loop"
]
REASONS: dict[Reason, str] = {
    "nothing_to_change": "the toolset has nothing of the kind that the operator changes",
    "not_declared": "the toolset does not declare what the operator needs to know",
    "not_met": "the gold run of the task meets nothing that the operator changes",
    "types_lost": "the new form cannot carry the types of the values",
    "names_exhausted": "no new name is left that is not taken already",
    "conflict": "the operator cannot be combined with another one of the stack",
    "foreign_check": "the toolset's own check does not accept the gold answer in the new form",
    "own_loop": "the agent runs its own loop, and no scaffold of ours stands between it and its model",
}
"""Why an operator does not apply: the closed list."""


class NotApplicable(msgspec.Struct, frozen=True):
    """Why there is nothing to do, and a few words on where."""

    reason: Reason
    detail: str = ""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Before and after, for the tests, `perturb show` and the documentation.

    `plan` is the operator as JSON, `tool` the tool it is bound to. `before` and `after` hold what `what` says: the
    arguments of a call with the name (`{"name", "arguments"}`), the data of a result, a tool, a failure, or a text; for
    results and failures `call` is the real call they answer. An `exchange` has before it `{"calls", "result"}`, shown calls
    made one after the other and what the environment answers each of them (or their `results`), and after it the answers;
    `replies` has the texts that an agent reads in their place. Between two of the calls the setup may change. `names` are those
    of all tools in their order; `others` are further tools of the setup, where an operator needs several. A `reply` has before
    it the data of a result and after it the text that an agent reads; `system` is the system prompt, `turns` what the user
    says, a list with one text a turn; a `conversation` is both, as `{"system", "turns"}`. `state` is what the environment
    begins with. A `request` has before it a conversation, a list of `{"role", "content"}` with `reasoning` and `calls` (`{"id",
    "name", "arguments"}`) where a turn has them and `id` where a message answers a call, and after it what the server is sent
    in its place.
    """

    what: Literal[
        "tool",
        "call",
        "result",
        "failure",
        "text",
        "exchange",
        "replies",
        "names",
        "reply",
        "system",
        "turns",
        "conversation",
        "state",
        "request",
    ]
    plan: dict[str, JSON]
    tool: Tool
    others: tuple[Tool, ...] = ()
    before: JSON
    after: JSON
    call: Call | None = None


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """A perturbation with all its choices made. Subclasses are frozen records; their fields are the plan.

    `conditional` operators change only what an agent may or may not meet (errors, what is read a second time); they apply where
    the gold run does not meet them. `conflicts` names operators that cannot be in the same stack. `drawn_as` is the scope of
    its choices in a run, by default its id: operators with one scope draw alike.
    """

    id: ClassVar[str]
    axis: ClassVar[Axis]
    phase: ClassVar[Phase]
    version: ClassVar[int] = 1
    examples: ClassVar[tuple[Example, ...]] = ()
    conditional: ClassVar[bool] = False
    conflicts: ClassVar[frozenset[str]] = frozenset()
    promises: ClassVar[Kind] = "equivalent"
    retires_calls: ClassVar[bool] = False
    drawn_as: ClassVar[str] = ""

    @property
    def kind(self) -> Kind:
        """The kind of this plan."""
        return self.promises

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Self | NotApplicable:
        """Choose. Intensity 0 gives a plan that changes nothing; places are the toolset's own names."""
        raise NotImplementedError

    def places(self) -> frozenset[str]:
        """The places that the plan touches, by their real names; none at intensity 0."""
        found: set[str] = set()
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, dict):
                found.update(value)
        return frozenset(found)

    def lens(self, setup: Setup) -> Lens:
        """Bind the plan to a setup. Places of the plan that the setup lacks are passed over."""
        raise NotImplementedError

    def to_json(self) -> dict[str, JSON]:
        fields: dict[str, JSON] = msgspec.to_builtins(self)
        return {"op": self.id, "version": self.version, **fields}
