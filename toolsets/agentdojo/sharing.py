"""Two states of one environment that hold the same objects wherever they are alike."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


def share_unchanged(before: BaseModel, after: BaseModel) -> None:
    """Let `before` hold `after`'s own objects wherever both have equal ones, down to the entries of their tables.

    Most workspace and travel checks compare both states with DeepDiff, fifty milliseconds for two workspaces; it passes
    over what is one object, so it then looks at the changes alone.
    """
    held = before.__dict__
    for name, mine in held.items():
        held[name] = _shared(mine, after.__dict__[name])


def _shared(mine: Any, theirs: Any) -> Any:
    if mine == theirs and type(mine) is type(theirs):
        return theirs
    if isinstance(mine, BaseModel) and isinstance(theirs, BaseModel):
        share_unchanged(mine, theirs)
    elif isinstance(mine, dict) and isinstance(theirs, dict):
        for key in mine.keys() & theirs.keys():
            mine[key] = _shared(mine[key], theirs[key])
    return mine
