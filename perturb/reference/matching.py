"""Which shown tool stands for a tool that was learnt, and which of its arguments for which: by likeness, best for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from perturb.reference.forms import Form, Path, Slot, choices, forms, slots, types
from perturb.reference.values import conform, default, items
from perturb.reference.words import likeness, pieces
from perturb.types import JSON, Call, Schema, Tool

_NAME, _DESCRIPTION, _ARGUMENTS = 0.4, 0.45, 0.15
"""How much a tool's name, its description and its arguments say about which tool it is."""


class Matching:
    """The learnt tools as the shown ones. `barred` holds names of shown tools, and pairs of a shown tool's name and the
    path of an argument, that have turned out to be wrong."""

    def __init__(self, learnt: Sequence[Tool], shown: Sequence[Tool], barred: frozenset[Any] = frozenset()) -> None:
        self._learnt = {tool.name: tool for tool in learnt}
        self._barred = barred
        open_forms = [form for tool in shown if tool.name not in barred for form in forms(tool)]
        self._forms = _assigned(list(learnt), open_forms)
        self._pairs: dict[str, list[tuple[Slot, Slot]]] = {}

    def form(self, name: str) -> Form | None:
        """The form that stands for a learnt tool; `None` where there are too few tools."""
        return self._forms.get(name)

    def pairs(self, name: str) -> list[tuple[Slot, Slot]]:
        """The learnt and the shown argument of each pair, for a learnt tool."""
        if name not in self._pairs:
            form = self._forms[name]
            every = [slot for slot in form.slots if (form.tool.name, slot.path) not in self._barred]
            self._pairs[name] = paired(list(slots(self._learnt[name].parameters)), every)
        return self._pairs[name]

    def call(self, learnt: Call) -> Call | None:
        """A call of a learnt tool as a call of the shown tool that stands for it; `None` where there is none."""
        form = self.form(learnt.name)
        if form is None:
            return None
        arguments: dict[str, JSON] = {}
        for path, value in form.fixed:
            _put(arguments, path, value)
        used: set[Path] = set()
        taken: set[Path] = set()
        for old, new in self.pairs(learnt.name):
            found, value = _get(learnt.arguments, old.path)
            if found:
                _put(arguments, new.path, carried(value, old.schema, new.schema))
                used.add(old.path)
                taken.add(new.path)
        for slot in form.slots:
            if slot.required and slot.path not in taken and (value := default(slot.schema)) is not None:
                _put(arguments, slot.path, value)
        for name, value in learnt.arguments.items():
            if not any(path[0] == name for path in used):
                arguments.setdefault(name, value)
        return Call(form.tool.name, arguments)


def _assigned(learnt: list[Tool], shown: list[Form]) -> dict[str, Form]:
    if not learnt or not shown:
        return {}
    names = likeness([tool.name for tool in learnt], [form.name for form in shown], pieces)
    prose = likeness([tool.description for tool in learnt], [form.description for form in shown])
    arguments = likeness([_told(slots(tool.parameters)) for tool in learnt], [_told(form.slots) for form in shown])
    score = _NAME * names + _DESCRIPTION * prose + _ARGUMENTS * arguments
    rows, columns = linear_sum_assignment(-score)
    return {learnt[row].name: shown[column] for row, column in zip(rows, columns, strict=True)}


def _told(given: Any) -> str:
    return " ".join(f"{slot.name} {slot.description}" for slot in given)


def paired(old: list[Slot], new: list[Slot]) -> list[tuple[Slot, Slot]]:
    """Slots in pairs, so that they are the most alike in name, description, type and choices, taken all together."""
    if not old or not new:
        return []
    if [slot.path for slot in old] == [slot.path for slot in new][: len(old)]:
        return list(zip(old, new, strict=False))
    score = 0.45 * likeness([slot.name for slot in old], [slot.name for slot in new], pieces)
    score += 0.35 * likeness([slot.description for slot in old], [slot.description for slot in new])
    score += np.array([[_fit(one, other) for other in new] for one in old])
    score += _order(len(old), len(new))
    rows, columns = linear_sum_assignment(-score)
    return [(old[row], new[column]) for row, column in zip(rows, columns, strict=True)]


def carried(value: JSON, old: Schema, new: Schema) -> JSON:
    """A value of one argument as the argument that stands for it wants it; the objects of a list key by key."""
    mine, theirs = items(old), items(new)
    if mine is None or theirs is None or not isinstance(value, list):
        return conform(value, old, new)
    pairs = paired(list(slots(mine)), list(slots(theirs)))
    made = []
    for row in value:
        shown: dict[str, JSON] = {}
        for one, other in pairs:
            found, inner = _get(row, one.path)
            if found:
                _put(shown, other.path, carried(inner, one.schema, other.schema))
        made.append(shown)
    return made


def _fit(old: Slot, new: Slot) -> float:
    """What types, choices, being required and a name that stayed the same say about two slots being one."""
    mine, theirs = types(old.schema), types(new.schema)
    fit = 0.3 if old.name == new.name else 0.0
    fit += 0.1 if not mine or not theirs or mine & theirs else 0.0
    fit += 0.05 if old.required == new.required else 0.0
    ours, others = choices(old.schema), choices(new.schema)
    if ours and others:
        fit += 0.1 + 0.1 * (len([one for one in ours if one in others]) / len(ours))
    return fit


def _order(old: int, new: int) -> NDArray[np.float64]:
    """A little for the same place in the order: it tells apart what nothing else does."""
    distance: NDArray[np.float64] = np.abs(np.arange(old)[:, None] / old - np.arange(new)[None, :] / new)
    return 0.02 * (1 - distance)


def _get(arguments: Any, path: Path) -> tuple[bool, JSON]:
    for name in path:
        if not isinstance(arguments, dict) or name not in arguments:
            return False, None
        arguments = arguments[name]
    return True, arguments


def _put(arguments: dict[str, JSON], path: Path, value: JSON) -> None:
    for name in path[:-1]:
        arguments = arguments.setdefault(name, {})
    arguments[path[-1]] = value
