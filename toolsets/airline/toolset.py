"""The reservation desk of an airline: twenty tools over SQLite, and the tasks of its customers."""

from __future__ import annotations

from perturb.authoring import toolset

from .desk import SYSTEM, Desk
from .tasks_changes import CHANGES
from .tasks_errors import ERRORS
from .tasks_information import INFORMATION
from .tasks_refusals import REFUSALS


def people() -> tuple[str, ...]:
    """Every person whose name occurs in the data."""
    desk = Desk()
    try:
        state = desk.dump()
    finally:
        desk.close()
    rows = [*state["customers"].values(), *state["passengers"].values()]
    return tuple(dict.fromkeys(f"{row['first_name']} {row['last_name']}" for row in rows))


TOOLSET = toolset(
    Desk,
    name="airline",
    system=SYSTEM,
    tasks=[*CHANGES, *ERRORS, *INFORMATION, *REFUSALS],
    entities={"person": people()},
    identifiers={
        "customer": r"C-\d{5}",
        "reservation": r"(?=[2-9]*[B-Z])[2-9B-DF-HJ-NP-TV-XZ]{6}",
        "payment_method": r"(?:card|voucher|gift)_\d+",
    },
    failures="json",
)
