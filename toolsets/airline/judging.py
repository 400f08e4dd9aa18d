"""How the end of an episode is judged.

A task that changes something is solved when the state is, in all that matters, the one that its gold calls leave, and the
answer holds the facts asked for. So every way to the same end is accepted: another order of calls, more reads, one step in
place of two. What does not matter: numbers of payments, how an amount is split over several payments, the order of passengers,
letter case and spacing in names and addresses, the words that describe a bag, and whether seats that were booked had been kept.

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
    r"\b(can't|cannot|can not|could not|couldn't|unable|not able|not possible|impossible|isn't possible"
    r"|(?:not|isn't|aren't|never) (?:allowed|permitted|eligible|entitled|covered)|forbids?|forbidden|ineligible"
    r"|(?:not|n't) (?:qualify|allow|permit)|won't|will not|(?:must|have to) (?:refuse|decline)|no compensation)\b"
)


def call(tool: str, **arguments: Any) -> Call:
    return Call(tool, arguments)


def solved(
    task_id: str, prompt: str, *gold: Call, answer: str, facts: Sequence[Fact], follow_ups: tuple[str, ...] = ()
) -> Task:
    """A task whose end is the state that `gold` leaves (unchanged, where it only reads) and an answer with all `facts`."""

    def check(desk: Desk, said: str, calls: Sequence[Call]) -> bool:
        return all(says(said, fact) for fact in facts) and alike(desk.dump(), _end(gold))

    return Task(id=task_id, prompt=prompt, gold=gold, answer=answer, check=check, follow_ups=follow_ups)


def refused(task_id: str, prompt: str, *gold: Call, answer: str, about: Sequence[str]) -> Task:
    """A task that a rule forbids. `about` holds the identifiers of which a call must have named one."""

    def check(desk: Desk, said: str, calls: Sequence[Call]) -> bool:
        looked = any(value in about for each in calls for value in each.arguments.values() if isinstance(value, str))
        return looked and REFUSAL.search(plain(said)) is not None and alike(desk.dump(), _end(()))

    return Task(id=task_id, prompt=prompt, gold=gold, answer=answer, check=check)


def alike(state: dict[str, Rows], wanted: dict[str, Rows]) -> bool:
    """Whether two dumps are the same in all that matters. Tables that are equal as they are cost next to nothing."""
    differing = {name for name in wanted if state[name] != wanted[name]}
    if differing & {"passengers", "seats"} and _travellers(state) != _travellers(wanted):
        return False
    if "payments" in differing and _paid(state) != _paid(wanted):
        return False
    if "holds" in differing and _open(state["holds"]) != _open(wanted["holds"]):
        return False
    if any(_folded(state[table]) != _folded(wanted[table]) for table in differing & _WRITTEN_BY_HAND):
        return False
    return differing <= {"passengers", "seats", "payments", "holds"} | _WRITTEN_BY_HAND


_WRITTEN_BY_HAND = {"customers", "documents", "receipts", "bag_reports"}


def _travellers(state: dict[str, Rows]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Passengers and their seats by name, whatever their number in the reservation."""
    people = {
        (row["reservation_id"], row["passenger"]): (_fold(row["first_name"]), _fold(row["last_name"]), row["bags"], row["meal"])
        for row in state["passengers"].values()
    }
    seats = [
        (row["reservation_id"], row["leg"], people[row["reservation_id"], row["passenger"]][:2], row["seat"])
        for row in state["seats"].values()
    ]
    return sorted((reservation, *person) for (reservation, _), person in people.items()), sorted(seats)


def _paid(state: dict[str, Rows]) -> dict[tuple[str, str, str], int]:
    """What each payment method has paid for each purpose of each reservation, in cents."""
    paid: Counter[tuple[str, str, str]] = Counter()
    for row in state["payments"].values():
        paid[row["reservation_id"], row["payment_id"], row["reason"]] += row["amount_cents"]
    return {key: amount for key, amount in paid.items() if amount}


def _open(holds: Rows) -> Rows:
    return {key: row for key, row in holds.items() if row["status"] == "open"}


def _folded(rows: Rows) -> dict[str, dict[str, Any]]:
    return {
        _fold(key): {
            name: _fold(value) if isinstance(value, str) else value for name, value in row.items() if name != "description"
        }
        for key, row in rows.items()
    }


def _fold(text: str) -> str:
    return "".join(text.lower().split())


def _end(gold: tuple[Call, ...]) -> dict[str, Rows]:
    """The state that `gold` leaves."""
    key = msgspec.json.encode(gold)
    if key not in _ENDS:
        desk = Desk()
        try:
            for each in gold:
                with contextlib.suppress(ToolError):
                    getattr(desk, each.name)(**each.arguments)
            _ENDS[key] = desk.dump()
        finally:
            desk.close()
    return _ENDS[key]


_ENDS: dict[bytes, dict[str, Rows]] = {}
