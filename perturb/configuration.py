"""Settings from `perturb.toml`, or from `[tool.perturb]` of `pyproject.toml`: found upward from a folder, checked whole.

A key is a long flag of `perturb run` or `perturb check` without its dashes. Everything is checked before anything runs.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perturb.errors import ConfigurationError, nearest

FILES = ("perturb.toml", "pyproject.toml")
"""The files that may hold settings; of two in one folder the first is taken."""


@dataclass(frozen=True, slots=True)
class Found:
    """The settings of a file, as they stand there."""

    path: Path
    table: dict[str, Any]


def find_configuration(start: Path | None = None) -> Found | None:
    """The settings nearest to the folder `start`, going upward; `None` where there are none.

    A `pyproject.toml` without a `[tool.perturb]` is passed over. Raises `ConfigurationError` for a file that is no TOML.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        for name in FILES:
            path = folder / name
            if path.is_file():
                table = _table(path)
                if table is not None:
                    return Found(path, table)
    return None


def _table(path: Path) -> dict[str, Any] | None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if path.name == "perturb.toml":
        return content
    tools = content.get("tool", {})
    table = tools.get("perturb") if isinstance(tools, dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: [tool.perturb] is a {type(table).__name__}; write it as a table")
    return table


def checked(found: Found, checks: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The settings with each value as its check gives it.

    A check takes the value and raises `ValueError` with what is wrong with it. Raises `ConfigurationError` for the first
    key that has no check, with the nearest one that has, and for the first value that is refused; both name the file.
    """
    settings: dict[str, Any] = {}
    for key, value in found.table.items():
        if key not in checks:
            near = nearest(key.replace("_", "-"), checks)
            raise ConfigurationError(f"{found.path}: there is no setting {key!r}; {near}")
        try:
            settings[key] = checks[key](value)
        except ValueError as error:
            raise ConfigurationError(f"{found.path}: {key} is {value!r}; {error}") from None
    return settings


def from_folder_of(found: Found, path: str) -> str:
    """A path that stands in a file of settings, as seen from the current folder: it was written from the file's own."""
    folder = found.path.parent
    if folder == Path.cwd() or os.path.isabs(path):
        return path
    return os.path.relpath(folder / path)
