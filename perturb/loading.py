"""Toolsets and agents by the names that a user gives them.

A name is looked for in the current project (`./toolsets`, `./agents`), then among those that come with this package, then
among those that installed packages offer (`perturb.toolsets`, `perturb.agents`). What stands behind a colon is an option.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from perturb.agent_files import FoundAgent, LoadedAgent, find_agent, list_agents, load_agent
from perturb.errors import ConfigurationError, ToolsetError, nearest
from perturb.mcp.extra import needs_mcp
from perturb.plugins import (
    MCP,
    OPENAPI,
    SERVERS,
    Listed,
    Outline,
    data_folder,
    entries,
    folders,
    listed,
    load_module,
    origin,
    split_path,
    told_of,
)
from perturb.rewordings import FILE, adopt, beside
from perturb.toolset import Toolset

__all__ = [
    "FoundAgent",
    "Listed",
    "LoadedAgent",
    "find_agent",
    "list_agents",
    "list_toolsets",
    "load_agent",
    "load_toolset",
]


def load_toolset(spec: str) -> Toolset:
    """The toolset that `spec` names: `airline`, `agentdojo:banking`, `path/to/file.py`, `path/to/folder`, `mcp:SERVER`,
    `openapi:DOCUMENT`.

    A Python file holds `TOOLSET`, `create()` or `create(option)`. Raises `ConfigurationError` for a name that is not there
    and for a file that cannot be run, `ToolsetError` for a toolset that is not well formed.
    """
    if spec.startswith(MCP):
        with needs_mcp():
            from perturb.mcp.toolset import create
        toolset: Toolset = create(spec.removeprefix(MCP))
        toolset.validate()
        return toolset
    if spec.startswith(OPENAPI):
        from perturb.openapi.toolset import create as create_api

        toolset = create_api(spec.removeprefix(OPENAPI))
        toolset.validate()
        return toolset
    path, option = split_path(spec)
    name, _, after = spec.partition(":")
    place = path or _place_of(name)
    if place is not None:
        toolset = _toolset_at(place, option if path else after, spec)
        adopt(toolset, rewordings_of(place))
    elif name in entries("toolsets"):
        entry = entries("toolsets")[name]
        with told_of(Path(entry.value)):
            found = entry.load()
        toolset = _toolset_from(found, after, f"entry point {entry.value!r}", Path(entry.value))
    else:
        data_folder("toolsets")  # an installation that lacks all of them is told so
        raise ConfigurationError(f"there is no toolset {spec!r}; {_meant(spec)}")
    toolset.validate()
    return toolset


def _meant(spec: str) -> str:
    """What a name that is no toolset's was meant for: a file or folder of that name, or a toolset that is spelt alike."""
    for path in (Path(f"{spec}.py"), Path(spec)) if spec else ():
        if path.exists():
            return f"did you mean {'./' if path.is_dir() else ''}{path}?"
    told = nearest(spec, [each.name for each in list_toolsets()])
    return f"{told} (one of your own is named by the path of a .py file or of a folder)"


def rewordings_of(place: Path) -> list[Path]:
    """Where the rewordings of the toolset at a place may lie: beside it, and for one of this package in the current project."""
    found = [beside(place)]
    if origin("toolsets", place.resolve().parent) == "perturb":
        found.append(Path.cwd() / "toolsets" / f"{place.stem}.{FILE}")
    return found


def rewordings_file(spec: str) -> Path | None:
    """The file into which the rewordings of a toolset go; `None` for one of another package, which has no place of its own."""
    if spec.startswith(SERVERS):
        return None
    path, _ = split_path(spec)
    place = path or _place_of(spec.partition(":")[0])
    if place is None:
        return None
    files = rewordings_of(place)
    # Nothing is written into an installed package.
    return files[-1] if "_data" in files[0].parts else files[0]


def list_toolsets() -> list[Listed]:
    """Every toolset that a short name reaches, told without running any; those with options once for each option."""
    found: dict[str, Listed] = {}
    for folder in folders("toolsets"):
        for place in sorted(folder.iterdir()):
            if not _is_toolset(place):
                continue
            outline = Outline(place if place.suffix == ".py" else _first_file(place, "toolset.py", "environment.py"))
            for option in outline.options or ("",):
                name = place.stem + (f":{option}" if option else "")
                found.setdefault(name, Listed(name, outline.summary, origin("toolsets", folder)))
    return listed("toolsets", found)


def _place_of(name: str) -> Path | None:
    """The file or folder of the toolset with that short name."""
    stem = name.replace("-", "_")
    for folder in folders("toolsets"):
        for place in (folder / name, folder / f"{name}.py", folder / stem, folder / f"{stem}.py"):
            if place.parent == folder and _is_toolset(place):
                return place
    return None


def _is_toolset(place: Path) -> bool:
    if place.name.startswith(("_", ".")):
        return False
    if place.is_dir():
        return any((place / name).is_file() for name in ("toolset.py", "tools.json"))
    return place.suffix == ".py" and bool(Outline(place).names & {"TOOLSET", "create"})


def _first_file(folder: Path, *names: str) -> Path:
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[-1])


def _toolset_at(place: Path, option: str, spec: str) -> Toolset:
    if place.is_dir() and not (place / "toolset.py").is_file():
        if option:
            raise ConfigurationError(f"toolset {spec!r} takes no option; leave {':' + option!r} out")
        from perturb import authoring

        return authoring.from_folder(place)
    file = place / "toolset.py" if place.is_dir() else place
    return _toolset_from(load_module(file), option, str(file), file)


def _toolset_from(found: Any, option: str, where: str, file: Path) -> Toolset:
    """The toolset that a module holds or makes; `found` may also be the toolset, or the function that makes it."""
    made = found
    create = getattr(found, "create", None) if isinstance(found, ModuleType) else found
    if isinstance(found, ModuleType) and hasattr(found, "TOOLSET"):
        made, create = found.TOOLSET, None
    if not isinstance(made, Toolset) and callable(create):
        takes = bool(inspect.signature(create).parameters)
        if option and not takes:
            raise ConfigurationError(f"{where}: create() takes no option; leave {':' + option!r} out")
        with told_of(file):
            made = create(option) if takes else create()
    elif option:
        raise ConfigurationError(f"{where} takes no option; leave {':' + option!r} out")
    if isinstance(made, ModuleType):
        raise ToolsetError(f"{where} has neither TOOLSET nor create(); name its toolset TOOLSET")
    if not isinstance(made, Toolset):
        raise ToolsetError(f"{where} gives a {type(made).__name__}, no Toolset; make one with perturb.authoring.toolset")
    return made
