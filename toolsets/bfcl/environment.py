"""One episode's world: instances of BFCL's own classes, whose methods are run by BFCL's own executor, and their state as JSON.

The executor keeps its instances in the globals of its module, under a name that is made of a model's, so each episode and each
judgement has a name of its own, and takes its instances out again.
"""

from __future__ import annotations

import itertools
import json
import keyword
import os
import re
from collections.abc import Container, Mapping, Sequence
from datetime import date, time
from random import Random
from typing import Any

from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_checker as judging
from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_utils as executing

from perturb import texts
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result

SPACED = "bfcl-json"
"""The renderer of an object, as BFCL prints it."""
ERROR = "bfcl-error"
"""The renderer of a failure that a method returns: an object with an `error`."""
RAISED = "Error during execution: "
"""What BFCL puts before the words of an exception."""

LEFT_OUT = ("parent", "_last_modified")
"""What a dump has no use for: the way back from a directory, and when a file was written by the machine's own clock."""

_numbers = itertools.count()

_KINDS: tuple[tuple[str, FailureKind], ...] = (
    (r"name '.*' is not defined", "unknown_tool"),
    (r"argument|must be|should be|invalid|cannot be negative|out of range", "invalid_argument"),
    (r"not found|no such|does not exist|not exist", "not_found"),
    (r"already", "conflict"),
    (r"not authenticated|not logged in|log ?in|authenticate", "unauthenticated"),
    (r"cannot|not in|please|insufficient|not enough|must", "precondition_failed"),
)


def fresh_name() -> str:
    """A name that no episode and no judgement has had in this process, nor in one that it was forked from."""
    return f"perturb_{os.getpid()}_{next(_numbers)}"


class World:
    """The instances of one task under a name of their own."""

    def __init__(self, entry: Mapping[str, Any], name: str) -> None:
        self._entry = entry
        self.name = name
        self.instances: dict[str, Any] = {}
        self.run(())

    def run(self, calls: Sequence[str]) -> list[str]:
        """What BFCL's executor makes of calls, each as a text."""
        results, self.instances = executing.execute_multi_turn_func_call(
            func_call_list=list(calls),
            initial_config=self._entry["initial_config"],
            involved_classes=self._entry["involved_classes"],
            model_name=self.name,
            test_entry_id=self._entry["id"],
            long_context="long_context" in self._entry["id"],
        )
        return list(results)

    def close(self) -> None:
        forget(self.name)


def forget(name: str) -> None:
    """Take the instances that belong to a name out of BFCL's module."""
    kept = vars(executing)
    for key in [key for key in kept if key.startswith(f"{name}_")]:
        del kept[key]


class BfclEnvironment:
    """The world of one task. `known` are the functions that it has, `withheld` those of them that it has from a later turn on,
    with that turn. `heard` says how many calls had been made when each later turn of the user's began."""

    def __init__(self, entry: Mapping[str, Any], known: Container[str], withheld: Mapping[str, int]) -> None:
        self._world = World(entry, fresh_name())
        self._known = known
        self._withheld = withheld
        self._turn = 0
        self._made = 0
        self.heard: list[int] = []

    def hear(self, turn: int) -> None:
        """The user goes on to a later turn."""
        self._turn = turn
        self.heard.append(self._made)

    def call(self, call: Call) -> Answer:
        self._made += 1
        if call.name not in self._known or self._withheld.get(call.name, 0) > self._turn:
            return unknown(call.name)
        (text,) = self._world.run([written(call)])
        return answer_of(call, text)

    def dump(self) -> JSON:
        return {name: _plain(vars(instance), ()) for name, instance in self._world.instances.items()}

    def load(self, state: JSON) -> None:
        raise NotImplementedError("the classes of BFCL take no state but the one that a task begins in")

    def close(self) -> None:
        self._world.close()


def unknown(tool: str) -> Failure:
    """How BFCL answers a call of a function that there is not."""
    return Failure(kind="unknown_tool", message=f"{RAISED}name '{tool}' is not defined", tool=tool)


def written(call: Call) -> str:
    """A call as BFCL's executor takes it: Python."""
    names = call.arguments
    if all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
        return f"{call.name}({', '.join(f'{name}={value!r}' for name, value in names.items())})"
    return f"{call.name}(**{names!r})"


def answer_of(call: Call, text: str) -> Answer:
    """What a text of the executor's says: an object, an error in one, an exception's words, or any other text."""
    if text.startswith(RAISED):
        return Failure(kind=_kind(text), message=texts.writable(text), tool=call.name)
    if text.startswith("{"):
        try:
            data = json.loads(text)
        except ValueError:
            return Result(texts.writable(text), "text")
        if data.keys() == {"error"} and isinstance(data["error"], str):
            message = data["error"]
            return Failure(kind=_kind(message), message=message, tool=call.name, renderer=ERROR, in_band=True)
        return Result(data, SPACED)
    return Result(texts.writable(text), "text")


def _kind(message: str) -> FailureKind:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, message, re.IGNORECASE)), "unknown")


def _plain(value: Any, above: tuple[int, ...]) -> JSON:
    """A value as JSON; an object that holds itself, as a directory its parent, is left out where it comes again."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (date, time)):
        return value.isoformat()
    if id(value) in above or isinstance(value, Random):
        return None
    above = (*above, id(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(one, above) for key, one in value.items() if key not in LEFT_OUT}
    if isinstance(value, (list, tuple)):
        return [_plain(one, above) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(one, above) for one in value), key=str)
    return _plain(vars(value), above) if hasattr(value, "__dict__") else repr(value)


def in_turns(entry: Mapping[str, Any], wanted: Sequence[Sequence[str]], calls: Sequence[str]) -> list[list[str]]:
    """Calls that were all made after the user had been heard out, cut into his turns: each turn ends where BFCL's checks of it
    hold for the first time. The last turn that asks for something has all that is left."""
    name = fresh_name()
    mine, theirs = World(entry, name), World(entry, f"{name}_ground_truth")
    turns: list[list[str]] = []
    results: list[str] = []
    left = list(calls)
    last = max((turn for turn, gold in enumerate(wanted) if gold), default=-1)
    try:
        for turn, gold in enumerate(wanted):
            expected = theirs.run(gold)
            made: list[str] = []
            while gold and left and (turn == last or not made or not _holds(mine, theirs, results, expected, turn)):
                made.append(left.pop(0))
                results += mine.run(made[-1:])
            turns.append(made)
    finally:
        mine.close()
        theirs.close()
    return turns


def _holds(mine: World, theirs: World, results: list[str], expected: list[str], turn: int) -> bool:
    if not judging.state_checker(mine.instances, theirs.instances)["valid"]:
        return False
    return bool(judging.response_checker(results, expected, turn)["valid"])


def judged(entry: Mapping[str, Any], wanted: Sequence[Sequence[str]], turns: Sequence[Sequence[str]]) -> dict[str, Any]:
    """What BFCL's own checker says of the calls of each turn."""
    name = fresh_name()
    try:
        return dict(
            judging.multi_turn_checker(
                [[list(turn)] if turn else [] for turn in turns],
                [list(turn) for turn in wanted],
                dict(entry),
                entry["id"].rsplit("_", 1)[0],
                name,
            )
        )
    finally:
        forget(name)


def register() -> None:
    """Make the renderers known to `perturb.texts`."""
    texts.register_result(SPACED, json.dumps)
    texts.register_failure(ERROR, lambda failure: json.dumps({"error": failure.message}))
