"""How the end of an episode is judged.

A task that changes something is solved when the state is, in all that matters, the one that its gold calls leave, and the
answer holds the facts asked for. So every way to the same end is accepted: another order of calls, more reads, one step in
place of two. What does not matter: numbers of payments, how an amount is split over several payments, the order of passengers,
letter case and spacing in names and addresses.

A task whose right answer is a refusal is solved when nothing was changed, the answer says that it cannot be done, and at least
one call was about the customer or the reservation in question: a desk that refuses without looking is right by luck.
A task that only asks is judged by its answer, and nothing may have been changed.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from perturb.answers import Fact, plain, says
from perturb.authoring import ToolError
from perturb.toolset import Task
from perturb.types import Call

from .database import Rows
from .desk import Desk

Check = Callable[[Desk, str, Sequence[Call]], bool]

REFUSAL = re.compile(
    r"\b(can't|cannot|can not|could not|couldn't|unable|not able|not possible|impossible|isn't possible|not allowed|isn't allowed"
    r"|not permitted|isn't permitted|forbid|forbids|forbidden|not eligible|ineligible|not entitled|not qualify|doesn't qualify"
    r"|doesn't allow|does not allow|don't allow|do not allow|won't|will not|must refuse|have to decline|must decline|no compensation)\b"
)


def call(tool: str, **arguments: Any) -> Call:
    return Call(tool, arguments)


def solved(task_id: str, prompt: str, *gold: Call, answer: str, facts: Sequence[Fact]) -> Task:
    """A task whose end is the state that `gold` leaves (unchanged, where it only reads) and an answer with all `facts`."""

    def check(desk: Desk, said: str, calls: Sequence[Call]) -> bool:
        return all(says(said, fact) for fact in facts) and settled(desk.dump()) == _end(gold)

    return Task(id=task_id, prompt=prompt, gold=gold, answer=answer, check=check)


def refused(task_id: str, prompt: str, *gold: Call, answer: str, about: Sequence[str]) -> Task:
    """A task that a rule forbids. `about` holds the identifiers of which a call must have named one."""

    def check(desk: Desk, said: str, calls: Sequence[Call]) -> bool:
        looked = any(value in about for each in calls for value in each.arguments.values() if isinstance(value, str))
        return looked and REFUSAL.search(plain(said)) is not None and settled(desk.dump()) == _end(())

    return Task(id=task_id, prompt=prompt, gold=gold, answer=answer, check=check)


def settled(state: dict[str, Rows]) -> dict[str, Any]:
    """A dump without what does not matter."""
    people = {(row["reservation_id"], row["passenger"]): _folded(row) for row in state["passengers"].values()}
    paid: Counter[tuple[str, str, str]] = Counter()
    for row in state["payments"].values():
        paid[row["reservation_id"], row["payment_id"], row["reason"]] += row["amount_cents"]
    return {
        **{name: rows for name, rows in state.items() if name not in ("payments", "passengers", "seats", "customers")},
        "customers": {key: _folded(row) for key, row in state["customers"].items()},
        "passengers": sorted(
            (row["reservation_id"], row["first_name"], row["last_name"], row["bags"], row["meal"]) for row in people.values()
        ),
        "seats": sorted(
            (
                row["reservation_id"],
                row["leg"],
                people[row["reservation_id"], row["passenger"]]["first_name"],
                people[row["reservation_id"], row["passenger"]]["last_name"],
                row["seat"],
            )
            for row in state["seats"].values()
        ),
        "payments": {key: amount for key, amount in paid.items() if amount},
    }


def _folded(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its texts in lower case and without spaces, but for its key."""
    return {
        name: "".join(value.lower().split()) if isinstance(value, str) and not name.endswith("_id") else value
        for name, value in row.items()
    }


def _end(gold: tuple[Call, ...]) -> dict[str, Any]:
    """The settled state that `gold` leaves."""
    key = msgspec.json.encode(gold)
    if key not in _ENDS:
        desk = Desk()
        try:
            for each in gold:
                with contextlib.suppress(ToolError):
                    getattr(desk, each.name)(**each.arguments)
            _ENDS[key] = settled(desk.dump())
        finally:
            desk.close()
    return _ENDS[key]


_ENDS: dict[bytes, dict[str, Any]] = {}
