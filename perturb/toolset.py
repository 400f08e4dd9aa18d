"""What a toolset is: tools, tasks with gold calls and a check, and an environment that starts afresh for each episode.

A toolset is named by a short name (`airline`), by a prefix of an adapter (`agentdojo:banking`), or by the path of a
Python file or of a folder. `load_toolset` finds it; `perturb.authoring` makes one from plain functions, a class or JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from perturb.errors import ToolsetError
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Identifier, Tool, digest
from perturb.validity import validate_tool


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task: what the user asks, the calls and the answer that solve it, and how its end is judged.

    `gold` is `None` where no gold calls are known; such a task's setups are "not proven". `answer` is the gold answer.
    `check(environment, answer, calls)` is called with the final environment, the agent's answer and the successful and
    failed calls, all in the toolset's own terms, and returns whether the task is solved; a toolset may judge in its own
    `check` method instead. `follow_ups` are later user turns.
    """

    id: str
    prompt: str
    gold: tuple[Call, ...] | None = None
    answer: str = ""
    check: Callable[[Any, str, Sequence[Call]], bool] | None = None
    follow_ups: tuple[str, ...] = ()


class Clock(msgspec.Struct, frozen=True):
    """What a toolset declares about the time of its world: whatever its state, prompts and texts say of dates is of that time.

    `now` is the path of the dumped state at which its own present stands (`/calendar/current_day`), `None` where no tool asks
    what day it is; a toolset whose tools ask the machine, or a constant, has no clock to declare. `years` are phrases in which
    a bare year is one of that time: `budget-{year}`. Dates with a month need no phrase.
    """

    now: str | None = None
    years: tuple[str, ...] = ()


class Growth(msgspec.Struct, frozen=True):
    """What a toolset declares about things of which there may be more without any task's meaning another: customers, files.

    `rows(state, count, seed)` makes `count` of them more, from the state that episodes begin in, as `{table: rows}`: a table is
    a path of the dumped state, its rows an object by key, none of which the state has. `counts` is the path of the table whose
    length is that of the things. `kind` is the `x-identifier` that their keys are declared with, or that the rows' `field` is.
    Where the environment gives its next thing of the kind the number behind the highest, so that one made in a grown world has
    another number, `numbers` says where such numbers stand in the state, as regular expressions over its paths.
    """

    rows: Callable[[JSON, int, int], Mapping[str, Mapping[str, JSON]]]
    counts: str
    kind: str
    field: str | None = None
    numbers: tuple[str, ...] = ()


@runtime_checkable
class Environment(Protocol):
    """The world of one episode. `call` judges its own arguments and never raises for a bad one: it returns a `Failure`.

    `dump` gives the whole state as JSON, `load` takes it back; an environment that cannot do so raises
    `NotImplementedError` from both, and operators over the state do not apply to it. One to which the user's turns
    matter has `hear(turn)` beside: it is called as the user begins each of the task's `follow_ups`, with 1 for the first.
    """

    def call(self, call: Call) -> Answer | Awaitable[Answer]: ...

    def dump(self) -> JSON: ...

    def load(self, state: JSON) -> None: ...

    def close(self) -> None: ...


class Toolset:
    """A set of tools with tasks over one kind of environment. Subclass it, or use `perturb.authoring`.

    `entities` maps a kind (`person`, `company`) to names that occur in the state, the prompts and the results, and that
    may be replaced one-to-one by others. `identifiers` says how identifiers of a kind (as in `x-identifier`) are written, for
    the kinds that are nothing but identifiers, and could as well look otherwise. `messages` holds translations of what the
    tools say when they refuse: an English template with slots (`There is no customer {id}.`), then a language (`de`), then the
    template in that language with the same slots. `volatile` holds regular expressions over
    paths of the dumped state (`/inbox/emails/*/timestamp` is written `/inbox/emails/\\d+/timestamp`) that differ from run to
    run: times, generated ids. `clock` and `growth` say what time its world has and what there may be more of in it; `locale` is
    that of its texts (`en_GB`), which tells how numbers and dates are written in them.
    `dumps_state` and `loads_state` say whether its environments can tell their state, and take it back; an `exclusive` toolset
    has one world for all of its episodes, which therefore run one after the other.
    `rewordings` holds other wordings of what the user says and of descriptions of tools, by the text that they stand for; a
    person has read each of them, and all that matters in the text is in them.
    `notice` is what every report says of it beside the figures: where it is not all that its source is.
    """

    name: str
    system: str = ""
    tools: tuple[Tool, ...] = ()
    tasks: tuple[Task, ...] = ()
    entities: Mapping[str, tuple[str, ...]] = {}
    identifiers: Mapping[str, Identifier] = {}
    messages: Mapping[str, Mapping[str, str]] = {}
    volatile: tuple[str, ...] = ()
    clock: Clock | None = None
    growth: Mapping[str, Growth] = {}
    locale: str | None = None
    rewordings: Mapping[str, tuple[str, ...]] = {}
    notice: str = ""
    dumps_state: bool = True
    loads_state: bool = True
    exclusive: bool = False

    def environment(self, task: Task) -> Environment:
        """A fresh environment for one episode of `task`."""
        raise NotImplementedError

    def check(self, task: Task, environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        """Whether `task` is solved. `environment`, `answer` and `calls` are in the toolset's own terms."""
        if task.check is None:
            raise ToolsetError(f"task {task.id!r} of toolset {self.name!r} has no check; give the task a check function")
        return bool(task.check(environment, answer, calls))

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        """The failure by which this toolset's own server would refuse a call that it cannot read.

        `kind` is `unknown_tool`, `invalid_argument` with the `field` that is at fault, or `unavailable`. Override it where
        the real server words it differently, so that a perturbed setup fails in the same shape as the clean one; pass
        kinds that you do not know to `plain_refusal`, and keep its message, which states the way out.
        """
        return plain_refusal(kind, tool=tool, field=field, value=value)

    def digest(self) -> str:
        """Changes whenever anything changes that an episode depends on: tools, tasks, data, code of the checks."""
        return digest(
            [
                self.name,
                self.system,
                self.tools,
                [[t.id, t.prompt, t.gold, t.answer, t.follow_ups] for t in self.tasks],
                self.identifiers,
            ]
        )

    def task(self, task_id: str) -> Task:
        for task in self.tasks:
            if task.id == task_id:
                return task
        from perturb.errors import ConfigurationError, nearest

        raise ConfigurationError(
            f"toolset {self.name!r} has no task {task_id!r}; {nearest(task_id, [t.id for t in self.tasks])}"
        )

    def validate(self) -> None:
        """Raise `ToolsetError` for the first tool or task that is not well formed."""
        names: set[str] = set()
        for tool in self.tools:
            if tool.name in names:
                raise ToolsetError(f"toolset {self.name!r} has two tools called {tool.name!r}; rename one of them")
            names.add(tool.name)
            validate_tool(self.name, tool)
        seen: set[str] = set()
        for task in self.tasks:
            if task.id in seen:
                raise ToolsetError(f"toolset {self.name!r} has two tasks with the id {task.id!r}; rename one of them")
            seen.add(task.id)
            for call in task.gold or ():
                if call.name not in names:
                    raise ToolsetError(
                        f"task {task.id!r} of toolset {self.name!r} has a gold call of {call.name!r}, which is no tool of it"
                    )
        if self.rewordings:
            self._validate_rewordings()

    def _validate_rewordings(self) -> None:
        from perturb.knowable import leaves
        from perturb.survival import values_lost

        needed: dict[str, list[JSON]] = {}
        for task in self.tasks:
            for text in (task.prompt, *task.follow_ups):
                needed.setdefault(text, []).extend(leaf for call in task.gold or () for leaf in leaves(call.arguments))
        for old, wordings in self.rewordings.items():
            for new in wordings:
                if lost := values_lost(old, new, needed.get(old, ())):
                    raise ToolsetError(
                        f"toolset {self.name!r}: the rewording {_short(new)} of {_short(old)} {'; '.join(lost)}: "
                        "correct it, or take it out"
                    )


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


_REFUSALS: dict[str, str] = {
    "unavailable": "The service is temporarily unavailable. Nothing was changed; please try the same call again.",
    "rate_limited": "Too many requests. Nothing was changed; please wait and try the same call again.",
    "timeout": "The request timed out. Please try the same call again.",
    "unauthenticated": "The session has expired. Please sign in again.",
    "internal": "An internal error occurred.",
}


def plain_refusal(kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
    """A refusal in a plain sentence."""
    if kind == "unknown_tool":
        message = f"Unknown tool: {tool}"
    elif kind in _REFUSALS:
        message = _REFUSALS[kind]
    elif field is None:
        message = f"Invalid arguments for {tool}: expected a JSON object"
    else:
        message = f"Invalid argument for {tool}: '{field}' is not accepted"
    return Failure(kind=kind, message=message, tool=tool, field=field, value=value)
