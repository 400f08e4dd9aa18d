"""What users say in the toolsets that come with the package: 82 tasks of airline, 97 of AgentDojo where it is installed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import pytest

from perturb.loading import load_toolset
from perturb.toolset import Toolset

DOJO = tuple(f"agentdojo:{suite}" for suite in ("banking", "slack", "travel", "workspace"))
NAMES = ("airline", *(DOJO if find_spec("agentdojo") else ()))
EACH = ["airline", *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])]
"""The same as parameters of a test: those of AgentDojo are many, and slow together."""


@cache
def toolsets() -> tuple[Toolset, ...]:
    return tuple(load_toolset(name) for name in NAMES)


def every_message() -> list[str]:
    return [text for toolset in toolsets() for task in toolset.tasks for text in (task.prompt, *task.follow_ups)]
