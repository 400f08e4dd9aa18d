"""A marked test's run: found in its store, gone on with or made afresh, and what it took of the budget."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest
from _pytest.outcomes import OutcomeException

from perturb.agent import EndOfRun
from perturb.errors import PerturbError
from perturb.testing.telling import OURS

if TYPE_CHECKING:
    from perturb.evaluation import Evaluation, Prepared
    from perturb.store import Store
    from perturb.testing.budget import SessionBudget
    from perturb.testing.marker import Marker

_DIGESTED: dict[Path, str] = {}


def measured(prepared: Prepared, marker: Marker, budget: SessionBudget) -> Evaluation:
    """Measure what a test asks for. A run that is finished is made afresh, one that was cut goes on."""
    import anyio

    from perturb.evaluation import evaluate, store_path
    from perturb.models.kept import forget_responses
    from perturb.store import Store
    from perturb.testing.budget import read

    path = store_path(prepared.request)
    with Store(path) as store:
        kept = store.header(prepared.run)
        finished = kept is not None and (kept.get("ended") or {}).get("how") in ("complete", "settled")
        before = _Taken(0, 0.0) if finished else _taken(store, prepared.run)
    within = budget.within(read(marker.budget, "the marker perturb: budget"))
    limits = msgspec.structs.replace(prepared.request.limits, **within)
    request = msgspec.structs.replace(prepared.request, fresh=finished, limits=limits)
    if finished:
        forget_responses(path)
    with ended_by_the_agent():
        done = anyio.run(partial(evaluate, msgspec.structs.replace(prepared, request=request)))
    with Store(path) as store:
        _judge_each(store, done, marker)
        after = _taken(store, done.run)
        done.data["first_fault"] = next((one.error for one in store.finished(done.run) if one.outcome in OURS), None)
    budget.spend(
        episodes=done.ended.episodes,
        seconds=done.ended.seconds,
        tokens=max(0, after.tokens - before.tokens),
        cost=max(0.0, after.cost - before.cost),
    )
    if done.ended.how == "interrupted":
        raise KeyboardInterrupt
    return done


def _judge_each(store: Store, done: Evaluation, marker: Marker) -> None:
    """Judge each axis or operator of a run that was made whole, as `perturb report --gate … --per` does."""
    if marker.max_drop is None or marker.per == "headline":
        return
    from perturb.gate_pairs import Gate
    from perturb.gating import gate_data

    done.data["gate"] = gate_data(store, done.run, done.data, Gate(limit=marker.max_drop, per=marker.per))


class _Taken(NamedTuple):
    tokens: int
    cost: float


def _taken(store: Store, run: str) -> _Taken:
    ran = list(store.finished(run))
    return _Taken(sum(one.input_tokens + one.output_tokens for one in ran), sum(one.cost or 0.0 for one in ran))


# --- whose fault it is --------------------------------------------------------------------------------------------------


@contextmanager
def told() -> Iterator[None]:
    """Turns what is the user's own mistake into a failure of one message, without a traceback."""
    try:
        yield
    except PerturbError as error:
        pytest.fail(f"perturb: {error}", pytrace=False)


@contextmanager
def outcomes_told() -> Iterator[None]:
    """A skip, or a failure of pytest's own, that an agent raises ends the run: it means the whole test."""
    try:
        yield
    except OutcomeException as outcome:
        raise EndOfRun from outcome


@contextmanager
def ended_by_the_agent() -> Iterator[None]:
    """Gives whoever started a run what its agent has ended it with."""
    try:
        yield
    except EndOfRun as end:
        raise end.__cause__ or end from None


# --- where it lies, and what it is told apart by ------------------------------------------------------------------------


def folder_of(config: pytest.Config) -> Path:
    """Where runs are kept: pytest's cache, or `reports/runs` where that is switched off."""
    cache = getattr(config, "cache", None)
    return config.rootpath / "reports" / "runs" if cache is None else Path(cache.mkdir("perturb"))


def digest_of(item: pytest.Item) -> str:
    """Changes with the test, its parameters, and every loaded source file of the project."""
    parts = [item.nodeid]
    for file in sorted({*_loaded_files(item.config.rootpath), item.path}):
        if file not in _DIGESTED:
            _DIGESTED[file] = hashlib.sha256(file.read_bytes()).hexdigest()
        parts.append(_DIGESTED[file])
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _loaded_files(root: Path) -> list[Path]:
    """The source files of the modules that are loaded now and lie in the project, installed packages left out."""
    found = []
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and name.endswith(".py") and name.startswith(str(root)):
            file = Path(name)
            if not {"site-packages", "dist-packages"} & set(file.parts) and file.is_file():
                found.append(file)
    return found


def file_name(text: str, most: int = 100) -> str:
    """A name for the file of a test, by which it is known again; two tests never share one."""
    plain = "".join(character if character.isalnum() or character in "-_." else "-" for character in text)
    return f"{plain[-most:].strip('-.')}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
