"""Recorded episodes by what a user calls them: a file, an import in the store, or a run of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from perturb.errors import ConfigurationError, nearest
from perturb.importers.own import recorded_of
from perturb.importers.reading import Problem
from perturb.importing import Wanted, read_files
from perturb.recorded import Recorded, keyed
from perturb.recordings import Recordings
from perturb.store import Store


class Named(NamedTuple):
    """Episodes under a name; `read` gives them anew each time, one at a time. `run` is the run of ours that they are of."""

    name: str
    read: Callable[[], Iterator[Recorded]]
    run: str | None = None


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
        return Named(name, lambda: _of_run(store, name), name)
    if found:
        raise ConfigurationError(f"{spec!r} begins {len(found)} names: {', '.join(found)}; give more of it")
    raise ConfigurationError(f"{spec!r} is no file, and no import or run in {store}; {nearest(spec, [*imports, *runs])}")


def _of_files(wanted: Wanted) -> Iterator[Recorded]:
    return (one for _, _, one in read_files(wanted) if not isinstance(one, Problem))


def _of_import(store: Path, name: str) -> Iterator[Recorded]:
    with Recordings(store) as kept:
        yield from kept.episodes(name)


def _of_run(store: Path, name: str) -> Iterator[Recorded]:
    with Store(store) as opened:
        header = (opened.header(name) or {}).get("header") or {}
        for one in opened.planned(name):
            episode = opened.get(one.key)
            if episode is not None:
                yield keyed(recorded_of(episode, str(store), suite=header.get("toolset", ""), model=header.get("agent", "")))
