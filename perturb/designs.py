"""Runs that are more than each operator by itself: which design a request asks for, and what of such a run its tables hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from perturb.crossing import Crossing, attribution_data
from perturb.errors import ConfigurationError
from perturb.factors import FRESH, STACK, factors_of
from perturb.operator import Operator
from perturb.pairing import Pairing, pairwise_data
from perturb.planning import LeftOut, Prover
from perturb.store import Planned, Store
from perturb.worst_operator import EPISODES, WorstSearch, least, worst_data

if TYPE_CHECKING:
    from perturb.evaluation import Request

InTables = Callable[[str | None, int], bool]
"""Whether an episode, by its operator (`None` is clean) and trial, is in the tables of drops."""


class Designed(Protocol):
    """What a run consists of, where that is a design of its own; `budget` is the number of its episodes, where that is all that
    is known beforehand."""

    @property
    def budget(self) -> int | None: ...

    def arranged(self, prover: Prover, first: Sequence[Planned]) -> AsyncIterator[Planned | LeftOut]:
        """The episodes to begin with, of the pairs of the first trial; see `perturb.planning.Arrange`."""
        ...

    async def more(self, prover: Prover, store: Store, run: str) -> Sequence[Planned | LeftOut]:
        """Further ones, by what has ended; none where the run is whole."""
        ...

    def kept(self) -> dict[str, Any]:
        """What the report must know of it, as JSON."""
        ...


def designed(request: Request, operators: Sequence[type[Operator]]) -> Designed | None:
    """The design that a request asks for. Raises `ConfigurationError` for what does not go together."""
    if request.find_worst:
        _refuse(
            request,
            "--find-worst looks for the worst operator and confirms it",
            "trials",
            "shard",
            "only_failed",
            "doses",
            "gate",
        )
        if request.crossed:
            raise ConfigurationError("--find-worst and --design are two plans of a run; leave one of them out")
        return _worst(request, operators)
    if request.crossed is None:
        return None
    others = ("shard", "only_failed", "doses", "gate", "filter", *(("trials",) if request.crossed == "pairwise" else ()))
    _refuse(request, f"--design {request.crossed} lays operators over one another", *others)
    factors = factors_of(operators, request.operators)
    return Crossing(factors, request.design.trials) if request.crossed == "factorial" else Pairing(factors)


def _worst(request: Request, operators: Sequence[type[Operator]]) -> WorstSearch:
    if len(operators) < 2:
        raise ConfigurationError(
            f"--find-worst looks for the worst of several operators, and {operators[0].id} is one; name more --operators"
        )
    episodes = request.limits.episodes
    if episodes is not None and episodes < least(2):
        raise ConfigurationError(
            f"a budget of {episodes} episodes is too small to look for the worst operator and to confirm it; give at least "
            f"--budget {least(2)}episodes"
        )
    return WorstSearch(operators, episodes or max(EPISODES, 4 * len(operators)))


def _refuse(request: Request, what: str, *names: str) -> None:
    given = {
        "trials": request.design.trials > 1,
        "shard": request.shard is not None,
        "only_failed": request.only_failed,
        "doses": bool(request.doses),
        "gate": request.gate is not None,
        "filter": bool(request.filter.strip()),
    }
    flags = {"doses": "--dose", "only_failed": "--only-failed"}
    for name in names:
        if given[name]:
            raise ConfigurationError(f"{what}; it does not go with {flags.get(name, f'--{name}')}")


def in_tables(kept: Mapping[str, Any] | None) -> InTables:
    """What the tables of drops hold of a run, by what was kept of its design; of a run without one, everything.

    Of a fraction the stack with all on, of covering arrays each operator by itself, of a search its confirmation alone.
    """
    kind = None if kept is None else kept["kind"]
    if kind == "factorial":
        return lambda operator, trial: operator is None or (operator == STACK and trial == 0)
    if kind == "pairwise":
        return lambda operator, trial: trial < FRESH and not (operator == STACK or "+" in (operator or ""))
    if kind == "worst":
        return lambda operator, trial: trial >= FRESH
    return lambda operator, trial: True


def design_data(store: Store, run: str, kept: Mapping[str, Any] | None, seed: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a design tells, as the parts `attribution`, `pairwise` and `worst` of a report's data; `None` for the others."""
    told: dict[str, Any] = dict.fromkeys(("attribution", "pairwise", "worst"))
    if kept is None:
        return told
    if kept["kind"] == "factorial":
        told["attribution"] = attribution_data(store, run, kept, data["headline"])
    elif kept["kind"] == "pairwise":
        told["pairwise"] = pairwise_data(store, run, kept)
    else:
        told["worst"] = worst_data(store, run, kept, seed, data)
    return told
