"""Operators of other packages: each is offered under the entry point group `perturb.operators`, with its id as the name.

[project.entry-points."perturb.operators"]
"acme.shout" = "acme_perturb.shout:Shout"
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import get_args

from perturb.errors import ConfigurationError
from perturb.operator import PHASES, Operator
from perturb.types import Axis, Kind

GROUP = "perturb.operators"


@lru_cache(maxsize=1)
def offered() -> dict[str, EntryPoint]:
    """The operators that installed packages offer, by id; none is imported."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


@lru_cache(maxsize=256)
def load(operator_id: str) -> type[Operator]:
    """The operator of another package with this id. Raises `ConfigurationError` where it cannot be imported or is none."""
    entry = offered()[operator_id]
    where = f"operator {operator_id!r} of {origin(operator_id)} ({entry.value})"
    try:
        found = entry.load()
    except Exception as error:
        raise ConfigurationError(f"{where} cannot be imported: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Operator)):
        raise ConfigurationError(f"{where} is {found!r}; it must be a subclass of perturb.operator.Operator")
    missing = [name for name in ("id", "axis", "phase") if not hasattr(found, name)]
    if missing:
        raise ConfigurationError(f"{where} has no {missing[0]!r}; every operator names its id, axis and phase")
    if found.id != operator_id:
        raise ConfigurationError(f"{where} calls itself {found.id!r}; the name of the entry point must be its id")
    for name, value, known in (
        ("axis", found.axis, get_args(Axis)),
        ("phase", found.phase, PHASES),
        ("promises", found.promises, get_args(Kind)),
    ):
        if value not in known:
            raise ConfigurationError(f"{where} has {name} {value!r}; it is one of {', '.join(known)}")
    return found


def origin(operator_id: str) -> str:
    """The name of the package that offers an operator."""
    entry = offered()[operator_id]
    return entry.dist.name if entry.dist is not None else "an installed package"
