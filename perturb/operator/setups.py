"""What an agent is shown: the system prompt and the tools, and how they go back to the toolset's own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from perturb import corpus, schemas
from perturb.scaffold import NATIVE, Scaffold
from perturb.types import JSON, Call, Failure, FailureKind, Schema, Tool, digest

if TYPE_CHECKING:
    from perturb.operator.lens import Lens
    from perturb.toolset import Task, Toolset


SystemRole = Literal["system", "developer"]
"""In whose name the system prompt is sent, as the OpenAI wire has it."""

_TOOLS = msgspec.json.Decoder(tuple[Tool, ...])


class Setup:
    """What an agent is shown: the system prompt and the tools; prompts of single tasks go through `Lens.show_turns`.

    `lens` is the lens that made this setup, `None` for the toolset's own. `source` is the toolset. `role` is in whose name the
    system prompt is sent. `scaffold` is what the agent loop puts between a model and an episode; an agent with a loop of its
    own has another, which nobody here can change.
    """

    def __init__(
        self,
        system: str,
        tools: tuple[Tool, ...],
        source: Toolset,
        lens: Lens | None = None,
        *,
        role: SystemRole = "system",
        scaffold: Scaffold = NATIVE,
    ) -> None:
        self.system = system
        self.tools = tools
        self.source = source
        self.lens = lens
        self.role: SystemRole = role
        self.scaffold = scaffold
        self._own_loop = False
        self.by_name: dict[str, Tool] = {tool.name: tool for tool in tools}

    @classmethod
    def of(cls, toolset: Toolset) -> Setup:
        """The toolset's own setup, its schemas inlined and their places marked."""
        cached: Setup | None = toolset.__dict__.get("_setup")
        if cached is None:
            cached = cls(toolset.system, tuple(schemas.annotate(tool) for tool in toolset.tools), toolset)
            toolset.__dict__["_setup"] = cached
        return cached

    def for_task(self, task: Task) -> Setup:
        """This setup as a plan for one task is drawn on it: what the user says is that task's alone. For the toolset's own."""
        mine = copy.copy(self)
        mine.__dict__.pop("root", None)  # it is its own
        mine.__dict__["conversations"] = ((task.prompt, *task.follow_ups),)
        return mine

    def for_agent(self, *, takes_scaffold: bool) -> Setup:
        """This setup as plans for an agent are drawn on it: where the agent runs its own loop, no scaffold of ours stands
        between it and its model. For the toolset's own."""
        if takes_scaffold:
            return self
        mine = copy.copy(self)
        mine.__dict__.pop("root", None)
        mine._own_loop = True
        return mine

    @property
    def own_loop(self) -> bool:
        """Whether it is known that the agent runs its own loop."""
        return self.root._own_loop

    @cached_property
    def conversations(self) -> tuple[tuple[str, ...], ...]:
        """What the user says, as it is shown: one conversation a task, one text a turn; one task's where a plan is for it."""
        if self.lens is None:
            return tuple((task.prompt, *task.follow_ups) for task in self.source.tasks)
        return tuple(self.lens.show_turns(turns) for turns in self.lens.real.conversations)

    @cached_property
    def public_tools(self) -> tuple[Tool, ...]:
        """The tools as an agent sees them, without any of our own marks."""
        if self.lens is None:
            return tuple(public(tool) for tool in self.tools)
        own, stripped = self.root._published
        return tuple(own.get(id(tool)) or public(tool, stripped) for tool in self.tools)

    @cached_property
    def _published(self) -> tuple[dict[int, Tool], dict[int, Schema]]:
        """What the toolset's own tools are to the public, and what their schemas are, by identity: most plans leave most of
        them as they are, in however large a catalogue."""
        both = list(zip(self.tools, self.public_tools, strict=True))
        stripped = {id(tool.parameters): shown.parameters for tool, shown in both}
        stripped |= {id(tool.returns): shown.returns for tool, shown in both if shown.returns is not None}
        return {id(tool): shown for tool, shown in both}, stripped

    def copied_tools(self) -> tuple[Tool, ...]:
        """`public_tools` with schemas of their own, which may be changed in place."""
        return _TOOLS.decode(self._public_text)

    @cached_property
    def _public_text(self) -> bytes:
        return msgspec.json.encode(self.public_tools)

    @cached_property
    def root(self) -> Setup:
        """The toolset's own setup, which this one was made from."""
        return self if self.lens is None else self.lens.real.root

    @cached_property
    def digest(self) -> str:
        return digest([self.system, self.role, self.tools, self.scaffold])

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of everything that the toolset can show, and that lenses bring in, in lower case: a replaced value must
        become none of them."""
        if self.lens is not None:
            within = self.lens.real.words
            return within | self.lens.words if self.lens.words else within
        return self._once("_words", lambda root: corpus.words_of(root))

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that the toolset uses, in lower case: a new name must be none of them."""
        return self._once("_names", lambda root: corpus.names_of(root))

    @cached_property
    def values(self) -> frozenset[str]:
        """Every value that the toolset declares, holds at first, or needs in a gold call: no other wording may touch it."""
        return self._once("_values", lambda root: corpus.values_of(root))

    @cached_property
    def value_words(self) -> frozenset[str]:
        """The words of those values, in lower case, identifiers in parts."""
        return self._once("_value_words", lambda root: corpus.letters_of(root.values))

    def _once(self, key: str, find: Callable[[Setup], frozenset[str]]) -> frozenset[str]:
        """Kept with the toolset, since its setups are many and it is one."""
        root = self.root
        known: frozenset[str] | None = root.source.__dict__.get(key)
        if known is None:
            known = root.source.__dict__[key] = find(root)
        return known

    def stands_for(self, name: str) -> tuple[str, ...]:
        """The toolset's own names of the tools that a call to the shown tool `name` may reach."""
        tool = self.by_name.get(name)
        return tool.stands_for if tool else ()

    def origin(self, call: Call) -> str | None:
        """The toolset's own name of the tool that a call in this setup's terms reaches; `None` for none or unreadable."""
        tool = self.by_name.get(call.name)
        if tool is None or not tool.stands_for:
            return None
        if len(tool.stands_for) == 1 or self.lens is None:
            return tool.stands_for[0]
        inner = self.lens.read_call(call)
        return None if isinstance(inner, Failure) else self.lens.real.origin(inner)

    def returns(self, call: Call) -> Schema | None:
        """The schema of the result of a call in this setup's terms; after a merge it depends on the call."""
        tool = self.by_name.get(call.name)
        if tool is None:
            return None
        if len(tool.stands_for) < 2 or self.lens is None:
            return tool.returns
        inner = self.lens.read_call(call)
        if isinstance(inner, Failure):
            return None
        schema = self.lens.real.returns(inner)
        return None if schema is None else self.lens.show_returns(inner, schema)

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        """The toolset's own refusal of a call that cannot be read, in the names given here; marked as stale."""
        failure = self.source.refusal(kind, tool=tool, field=field, value=value)
        return msgspec.structs.replace(failure, stale=True)


def public(tool: Tool, stripped: Mapping[int, Schema] | None = None) -> Tool:
    """A tool without our own marks, as an agent sees it; `stripped` are schemas without them that are at hand, by identity."""
    known = stripped or {}
    return msgspec.structs.replace(
        tool,
        parameters=known.get(id(tool.parameters)) or schemas.strip(tool.parameters),
        returns=None if tool.returns is None else known.get(id(tool.returns)) or schemas.strip(tool.returns),
        stands_for=(),
    )
