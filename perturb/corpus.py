"""Every word that a toolset can show: what new names must stay clear of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from perturb.types import to_json

if TYPE_CHECKING:
    from perturb.operator import Setup

_WORD = re.compile(r"[^\W\d]\w*")


def words_of(setup: Setup) -> frozenset[str]:
    """The words of a toolset's own setup, its prompts, gold calls and answers, and the states its tasks begin in, in lower
    case; identifiers whole and in parts."""
    toolset = setup.source
    texts = [setup.system, to_json(setup.tools).decode()]
    states: set[bytes] = set()
    for task in toolset.tasks:
        texts += [task.prompt, *task.follow_ups, task.answer, to_json(task.gold).decode()]
        if toolset.dumps_state:
            environment = toolset.environment(task)
            try:
                states.add(to_json(environment.dump()))
            finally:
                environment.close()
    found: set[str] = set()
    for text in [*texts, *(state.decode() for state in states)]:
        found.update(_WORD.findall(text.lower()))
    found.update(part for word in list(found) if "_" in word for part in word.split("_"))
    return frozenset(found)
