"""Stored rewordings of prompts and descriptions: the file that a person reviews, and what a toolset takes from it.

`rewordings.json` lies beside a toolset: in its folder, or as `mine.rewordings.json` beside `mine.py`; for a toolset that comes
with this package, also as `toolsets/NAME.rewordings.json` in the current project. It holds `rewordings` and `refused`, lists of
records with `what` (`task cancel-two`, `tool find_customer`), `old`, `new`, `by`; the former with `reviewed`, the latter with
`why`. Only what a person has marked as reviewed is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from perturb.errors import ToolsetError

if TYPE_CHECKING:
    from perturb.toolset import Toolset

FILE = "rewordings.json"


class Rewording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another wording of a text: `new` for `old`, made by a model or by hand. `reviewed` says that a person has read it."""

    what: str
    old: str
    new: str
    by: str = ""
    reviewed: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wording that did not keep all that matters, and why; kept so that it is not paid for again."""

    what: str
    old: str
    new: str
    by: str = ""
    why: tuple[str, ...] = ()


class Stored(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the file holds."""

    rewordings: list[Rewording] = []
    refused: list[Refused] = []


def read(path: Path) -> Stored:
    """What a file holds; nothing where there is none. Raises `ToolsetError` for one that is not well formed."""
    if not path.is_file():
        return Stored()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Stored)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ToolsetError(
            f'{path}: {error}; it holds {{"rewordings": [{{"what", "old", "new", "by", "reviewed"}}], "refused": […]}}: '
            "correct it, or move it away and run perturb paraphrase again"
        ) from None


def write(path: Path, stored: Stored) -> None:
    """Write a file anew, as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(text)
    os.replace(beside, path)


def beside(place: Path) -> Path:
    """Where the rewordings of a toolset lie whose Python file, or folder, is `place`."""
    if place.is_dir():
        return place / FILE
    return place.with_name(FILE) if place.name == "toolset.py" else place.with_name(f"{place.stem}.{FILE}")


def texts_of(toolset: Toolset) -> Iterator[tuple[str, str]]:
    """What the texts of a toolset are called and the texts: what the user says, turn by turn, then descriptions of tools."""
    for task in toolset.tasks:
        for turn, text in enumerate((task.prompt, *task.follow_ups)):
            yield f"task {task.id}" + (f", turn {turn + 1}" if turn else ""), text
    for tool in toolset.tools:
        if tool.description.strip():
            yield f"tool {tool.name}", tool.description


def adopt(toolset: Toolset, paths: Iterable[Path]) -> None:
    """Let a toolset use what has been reviewed in any of these files, of texts that are its own; what it declares itself comes
    first. Called again for the same toolset, it takes the files as they are now."""
    declared = toolset.__dict__.setdefault("_declared_rewordings", toolset.rewordings)
    own = {text for _, text in texts_of(toolset)}
    found: dict[str, tuple[str, ...]] = {old: tuple(new) for old, new in declared.items()}
    for path in paths:
        for one in read(path).rewordings:
            if one.reviewed and one.old in own and one.new not in found.get(one.old, ()):
                found[one.old] = (*found.get(one.old, ()), one.new)
    if found or toolset.rewordings:
        toolset.rewordings = found
