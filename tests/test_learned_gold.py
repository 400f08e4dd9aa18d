"""Tasks without gold calls run unproven; a clean run that passed proposes gold calls, and a reviewed proposal proves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from perturb.errors import ToolsetError
from perturb.evaluation import Request, evaluate, learned_path, prepare
from perturb.planning import Design

TOOLSET = '''
from perturb.authoring import toolset
from perturb.toolset import Task

class Lamps:
    def __init__(self):
        self.on = []

    def switch(self, room: str) -> dict[str, str]:
        """Switch on the lamp of a room.

        Args:
            room: The room.
        """
        self.on.append(room)
        return {"room": room}

TASK = Task(id="hall", prompt="Light in the hall, please.", check=lambda lamps, answer, calls: lamps.on == ["hall"])
TOOLSET = toolset(Lamps, name="lamps", tasks=[TASK])
'''

AGENT = """
async def agent(episode):
    tool = episode.tools[0]
    await episode.call(tool.name, {next(iter(tool.parameters["properties"])): "hall"})
    return "done"
"""


def run(folder: Path) -> Any:
    request = Request(
        agent=str(folder / "mine.py"),
        toolset=str(folder / "lamps.py"),
        operators=("tools.synonym",),
        design=Design(clean_trials=1),
        folder=folder / "reports" / "runs",
    )

    async def both() -> Any:
        return await evaluate(await prepare(request))

    return anyio.run(both), learned_path(request)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lamps.py").write_text(TOOLSET)
    (tmp_path / "mine.py").write_text(AGENT)
    return tmp_path


def test_gold_calls_are_learnt_and_used_once_reviewed(folder: Path) -> None:
    first, path = run(folder)
    assert first.data["proof"] == {**first.data["proof"], "proven": 0, "not_proven": 1}
    proposed = json.loads(path.read_text())
    assert proposed["hall"]["calls"] == [{"name": "switch", "arguments": {"room": "hall"}}]
    assert proposed["hall"]["reviewed"] is False

    again, _ = run(folder)
    assert again.data["proof"]["not_proven"] == 1, "a proposal is not used before a person has looked at it"

    proposed["hall"]["reviewed"] = True
    path.write_text(json.dumps(proposed))
    reviewed, _ = run(folder)
    assert (reviewed.data["proof"]["proven"], reviewed.data["proof"]["not_proven"]) == (1, 0)


def test_a_broken_file_of_learnt_gold_is_told(folder: Path) -> None:
    _, path = run(folder)
    path.write_text('{"hall": {"calls": 3}}')
    with pytest.raises(ToolsetError, match="holds no learnt gold calls"):
        run(folder)
