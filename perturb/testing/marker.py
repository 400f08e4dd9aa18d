"""The marker `perturb`: its arguments, where they come from, and the tests that lists of them make."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pytest

from perturb.errors import ConfigurationError, nearest
from perturb.plugins import split_path

if TYPE_CHECKING:
    from perturb.gate_pairs import Gate

EACH = ("toolset", "operators", "plan")
"""The arguments of which a list makes a test for each."""
PREFIX = "perturb_"
"""What the parameters of `pytest.mark.parametrize` begin with that are meant for the marker."""
SETTINGS = ("trials", "seed")
"""The arguments that are options of the command line and settings too."""


class Marker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of `@pytest.mark.perturb`.

    `toolset` and `operators` are named as on the command line, several operators with commas. `plan` names plan files, as a
    path or with wildcards: each is a test of its own, which runs its one task clean and under its plan, and fails where
    more clean trials pass. A list of toolsets, operators or plans makes a test of each; so does any argument that
    `pytest.mark.parametrize` names with `perturb_` before it, and one of `pytest.param(..., marks=pytest.mark.perturb(...))`.

    `tasks` are ids, `limit` takes the first so many. `trials` counts the perturbed episodes of each task under each operator,
    `clean_trials` the clean ones of each task; with a `plan`, trials of either arm, one by default. `timeout` (seconds) and
    `max_calls` limit one episode, `budget` the test: `"100episodes"`, `"10min"`, `"200ktokens"`, `"5usd"`, or several with
    commas. `concurrency` is how many episodes are under way at once: 8 for async functions and named agents, 1 for plain
    functions, whose fixtures need not be thread-safe.

    The gate: `max_drop` is the success that may be lost, as a fraction. The test passes where the whole 95 % interval of
    the drop lies at or below it and fails where the whole interval lies above it; where the limit lies within the interval
    the run has not settled the question, and the test fails as inconclusive and says how many trials would. The drop is
    that of exactly these tasks (suite drop) where all have at least two trials in both arms, as by default; with fewer
    it is that of all such tasks (population drop), whose interval is wider. `per` says which drop: the headline, or that of
    each `"axis"` or each `"operator"`; by operator each one's subtest passes or fails. Without a gate the test only reports.

    `gate`, such as `"drop<=10%"`, asks the same pair by pair, and ends the run as soon as the answer is certain, as
    `perturb run --gate` does. Each pair has a clean episode of its own; `trials`, where it is given, limits the pairs of each
    task under each operator. With `early_stop=False` all are run. `model` holds the settings of an agent that asks one, as
    `{"base_url": "http://…", "body": {"temperature": 0}}`. `min_clean` is the success rate that the agent must reach clean;
    one that never passes has nothing to lose, and is inconclusive in any case.
    """

    toolset: str = "airline"
    operators: str = "*"
    plan: str | None = None
    max_drop: float | None = None
    gate: str | None = None
    per: Literal["headline", "axis", "operator"] = "headline"
    early_stop: bool = True
    min_clean: float | None = None
    tasks: tuple[str, ...] = ()
    limit: int | None = None
    trials: int = 2
    clean_trials: int = 4
    seed: int = 7
    intensity: float = 1.0
    agent: str | None = None
    timeout: float = 120.0
    max_calls: int = 100
    budget: str | None = None
    concurrency: int | None = None
    model: dict[str, Any] | None = None


def setting(config: pytest.Config, name: str) -> int | None:
    """A number of the file of settings; `None` where it is not there. Raises `ConfigurationError` for what is no number."""
    text = config.getini(f"{PREFIX}{name}")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(f"the setting {PREFIX}{name} is {text!r}; it must be a whole number") from None


def written(node: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say, that of a parameter before that of its function, that of a function before that of its
    class; parameters that are meant for the marker come last."""
    call = getattr(node, "callspec", None)
    own = [mark for mark in getattr(call, "marks", ()) if mark.name == "perturb"]
    outer = [mark for mark in node.iter_markers("perturb") if mark not in own]
    given: dict[str, Any] = {}
    for mark in (*reversed(outer), *own):
        if mark.args:
            raise ConfigurationError(f"the marker perturb takes its arguments by name: write toolset={mark.args[0]!r}")
        given |= mark.kwargs
    parameters = getattr(call, "params", {})
    return given | {name.removeprefix(PREFIX): value for name, value in parameters.items() if name.startswith(PREFIX)}


def given_to(item: pytest.Function) -> dict[str, Any]:
    """The arguments of a test that somebody gave: on the command line, in its markers, or in the file of settings."""
    set_there = {name: setting(item.config, name) for name in SETTINGS}
    on_line = {name: item.config.getoption(f"{PREFIX}{name}") for name in SETTINGS}
    given = {name: value for name, value in set_there.items() if value is not None} | written(item)
    return given | {name: value for name, value in on_line.items() if value is not None}


def read_marker(item: pytest.Function) -> Marker:
    """The arguments of a test. Raises `ConfigurationError` for one that is unknown or has a wrong value."""
    given = given_to(item)
    for name in given:
        if name not in Marker.__struct_fields__:
            told = nearest(name, Marker.__struct_fields__)
            raise ConfigurationError(f"the marker perturb takes no argument {name!r}; {told}")
    for name in EACH:
        if isinstance(given.get(name), list | tuple):
            raise ConfigurationError(
                f"the marker perturb: a list of {name} makes a test of each where it stands at a function or a class; "
                "a single parameter takes one"
            )
    try:
        marker = msgspec.convert(given, Marker, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"the marker perturb: {error}") from None
    _check(marker, given)
    return marker


def _check(marker: Marker, given: Mapping[str, Any]) -> None:
    shares = {"max_drop": marker.max_drop, "min_clean": marker.min_clean, "intensity": marker.intensity}
    for name, share in shares.items():
        if share is not None and not 0.0 <= share <= 1.0:
            raise ConfigurationError(f"the marker perturb: {name} is {share}; it is a fraction from 0 to 1 (0.1 is ten points)")
    if marker.gate is not None and marker.max_drop is not None:
        raise ConfigurationError("the marker perturb: max_drop and gate are two ways to ask for a gate; leave one of them out")
    if marker.gate is None and "early_stop" in given:
        raise ConfigurationError("the marker perturb: early_stop is about a gate; name it as gate='drop<=10%'")
    if marker.gate is None and marker.max_drop is None and "per" in given:
        raise ConfigurationError("the marker perturb: per is about a gate; name it as gate='drop<=10%' or max_drop=0.1")
    counts = ("limit", "trials", "clean_trials", "timeout", "max_calls", "concurrency")
    for name in counts:
        number = getattr(marker, name)
        if number is not None and not 0 < number < math.inf:
            raise ConfigurationError(f"the marker perturb: {name} is {number}; it must be a number above 0")
    if marker.plan is not None:
        for name in ("operators", "tasks", "limit", "max_drop", "gate", "min_clean", "intensity", "clean_trials"):
            if name in given:
                raise ConfigurationError(
                    f"the marker perturb: a plan file says itself what is run, so {name} means nothing beside plan"
                )
        if marker.agent is not None:
            raise ConfigurationError(
                "the marker perturb: a plan is run by the test function; for a named agent put the file into the folder of "
                "plans, and name the agent in the setting perturb_agent where the file names another"
            )


def gate_of(item: pytest.Function, marker: Marker) -> Gate | None:
    """The gate of a test that stops early; trials count where they were asked for."""
    if marker.gate is None:
        return None
    from perturb.gate_pairs import Gate, read_gate

    trials = marker.trials if "trials" in given_to(item) else None
    return Gate(limit=read_gate(marker.gate), per=marker.per, trials=trials, early_stop=marker.early_stop)


# --- a test for each ----------------------------------------------------------------------------------------------------


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Make a test for each toolset, group of operators and plan file of a marker that lists them, and let parameters that
    are meant for the marker be such as the function does not take itself."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        named = mark.kwargs.get("argnames", mark.args[0] if mark.args else "")
        names = [name.strip() for name in named.split(",")] if isinstance(named, str) else list(named)
        _accept(metafunc, [name for name in names if name.startswith(PREFIX)])
    try:
        given = written(metafunc.definition)
    except ConfigurationError:
        return  # told as the test is set up
    for name in EACH:
        value = given.get(name)
        if name == "plan" and isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            continue
        each = [path for one in value for path in _plans(one, metafunc)] if name == "plan" else list(value)
        _accept(metafunc, [PREFIX + name])
        metafunc.parametrize(PREFIX + name, each, ids=[_short(name, one) for one in each])


def _accept(metafunc: pytest.Metafunc, names: list[str]) -> None:
    metafunc.fixturenames.extend(name for name in names if name not in metafunc.fixturenames)


def _short(name: str, value: str) -> str:
    """What stands for a value in the name of a test, for eyes and for `-k`."""
    path, option = split_path(value)
    if name == "operators" or path is None:
        return value
    return path.stem if name == "plan" else f"{path.name}:{option}" if option else path.name


def _plans(pattern: str, metafunc: pytest.Metafunc) -> Iterator[str]:
    """The plan files that a path means, as they are shortest to write from where pytest was called."""
    here = metafunc.config.invocation_params.dir
    for folder in _folders(metafunc.definition):
        found = sorted(glob(str(folder / pattern)))
        if found:
            yield from (place_from(here, path) for path in found)
            return
    if not has_magic(pattern):
        yield pattern  # told as the test is set up


def place_from(folder: Path, path: str | Path) -> str:
    """`path` as it is shortest to write from `folder`."""
    relative = os.path.relpath(path, folder)
    return str(path) if relative.startswith("..") else relative


def _folders(node: pytest.Item) -> tuple[Path, ...]:
    return node.config.invocation_params.dir, node.config.rootpath, node.path.parent


def anchored(spec: str, node: pytest.Item) -> str:
    """A toolset, agent or plan file with its relative path made absolute from the first of these that has it: the directory
    that pytest was called from, the root directory, the folder of the test."""
    path, option = split_path(spec)
    if path is None or path.is_absolute():
        return spec
    for folder in _folders(node):
        if (folder / path).exists():
            return f"{folder / path}:{option}" if option else str(folder / path)
    return spec
