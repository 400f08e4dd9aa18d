"""Recorded episodes by what a user calls them: a file, an import in the store, or a run of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from perturb.errors import ConfigurationError, PerturbError, nearest
from perturb.importers.own import recorded_of
from perturb.importers.reading import Problem
from perturb.importing import Wanted, read_files
from perturb.loading import load_toolset
from perturb.operator import Setup
from perturb.planning import LensCache
from perturb.recorded import Recorded, keyed
from perturb.recordings import Recordings
from perturb.store import Store
from perturb.toolset import Toolset


class Named(NamedTuple):
    """Episodes under a name; `read` gives them anew each time, one at a time. `run` is the run of ours that they are of, `seed`
    that of its plans."""

    name: str
    read: Callable[[], Iterator[Recorded]]
    run: str | None = None
    seed: int | None = None


def named_episodes(spec: str, store: Path, form: str | None = None) -> Named:
    """The episodes that `spec` names: a file or folder, else the beginning of an import's or a run's name in the store.

    Raises `ConfigurationError` where it is none of them, or begins more than one name.
    """
    path = Path(spec)
    if path.exists():
        return Named(path.name, lambda: _of_files(Wanted((path,), form)))
    if not store.is_file():
        raise ConfigurationError(
            f"there is no file {spec}, and no store {store} with an import of that name; see perturb import"
        )
    with Recordings(store) as kept, Store(store) as opened:
        imports = [one.name for one in kept.imports()]
        runs = [name for name, _, _ in opened.runs()]
    found = [name for name in (*imports, *runs) if name == spec] or [one for one in (*imports, *runs) if one.startswith(spec)]
    if len(found) == 1:
        name = found[0]
        if name in imports:
            return Named(name, lambda: _of_import(store, name))
        with Store(store) as opened:
            header = (opened.header(name) or {}).get("header") or {}
        return Named(name, lambda: _of_run(store, name, header), name, header.get("seed"))
    if found:
        raise ConfigurationError(f"{spec!r} begins {len(found)} names: {', '.join(found)}; give more of it")
    raise ConfigurationError(f"{spec!r} is no file, and no import or run in {store}; {nearest(spec, [*imports, *runs])}")


def _of_files(wanted: Wanted) -> Iterator[Recorded]:
    return (one for _, _, one in read_files(wanted) if not isinstance(one, Problem))


def _of_import(store: Path, name: str) -> Iterator[Recorded]:
    with Recordings(store) as kept:
        yield from kept.episodes(name)


def _of_run(store: Path, name: str, header: dict[str, Any]) -> Iterator[Recorded]:
    """The episodes of a run, with the tools that each was shown where the toolset can still be loaded, and with the gold calls
    of those that saw the toolset's own terms."""
    toolset = _loaded(header.get("toolset"))
    lenses = None if toolset is None else LensCache(Setup.of(toolset))
    gold = {} if toolset is None else {task.id: task for task in toolset.tasks}
    with Store(store) as opened:
        for one in opened.planned(name):
            episode = opened.get(one.key)
            if episode is None:
                continue
            made = recorded_of(episode, str(store), suite=header.get("toolset", ""), model=header.get("agent", ""))
            if lenses is not None:
                made = msgspec.structs.replace(made, tools=lenses.of_plan(episode.plan).setup.public_tools)
            task = gold.get(episode.task)
            if episode.plan is None and task is not None and task.gold is not None:
                made = msgspec.structs.replace(made, gold=task.gold, gold_answers=(task.answer,) if task.answer else ())
            yield keyed(made)


def _loaded(spec: str | None) -> Toolset | None:
    try:
        return None if spec is None else load_toolset(spec)
    except PerturbError:
        return None
