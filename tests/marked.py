"""A project whose tests are marked `perturb`, to run pytest in."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy  # noqa: F401 - pytester unloads what a test run loads, and NumPy cannot be loaded twice
import pytest
import scipy.special  # noqa: F401
from command_line import PLUGIN, ROOT

# What pytest-asyncio asks for is a setting that pytest without it does not know.
WARNINGS = ("-W", "error", "-W", "ignore:The configuration option::")

TOOLSET = '''
from perturb.authoring import toolset
from perturb.toolset import Task
from perturb.types import Call

class Shop:
    def __init__(self):
        self.stock = {"lamp": 3, "vase": 1}

    def order_items(self, item: str, number: int) -> dict[str, int]:
        """Order items from the supplier."""
        self.stock[item] += number
        return {"now": self.stock[item]}

    def throw_away(self, item: str, number: int) -> dict[str, int]:
        """Throw items away."""
        self.stock[item] -= number
        return {"now": self.stock[item]}

def has(item, number):
    return lambda shop, answer, calls: shop.stock[item] == number

TOOLSET = toolset(Shop, name="shelf", tasks=[
    Task(
        id=f"{item}-{n}",
        prompt=f"Order {n} more {item}s.",
        gold=(Call("order_items", {"item": item, "number": n}),),
        check=has(item, start + n),
    )
    for item, start in (("lamp", 3), ("vase", 1)) for n in (1, 2, 3)
])
'''

STUBBORN = """
    number, item = re.match(r"Order (\\d+) more (\\w+)s", episode.prompt).groups()
    await episode.call("order_items", {"item": item, "number": int(number)})
    return "done"
"""
PATIENT = """
    number, item = re.match(r"Order (\\d+) more (\\w+)s", episode.prompt).groups()
    for _ in range(5):
        reply = await episode.call("order_items", {"item": item, "number": int(number)})
        if not reply.is_error:
            return "done"
"""
HEAD = "import pytest, re\n"

Run = Callable[..., pytest.RunResult]


def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Writes a test file, and runs pytest in its folder."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    for variable in ("CI", "BUILD_NUMBER"):  # under which pytest tells each failure twice, and whole
        monkeypatch.delenv(variable, raising=False)
    pytester.makepyfile(shelf=TOOLSET)

    def start(source: str, *options: str, subprocess: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_agent=HEAD + source)
        arguments = (*PLUGIN, *WARNINGS, *options)
        return pytester.runpytest_subprocess(*arguments) if subprocess else pytester.runpytest_inprocess(*arguments)

    return start


def agent(body: str, marker: str, *, plain: bool = False, parameters: str = "episode") -> str:
    body = body.replace("await ", "") if plain else body
    return f"@pytest.mark.perturb(toolset='shelf.py', {marker})\n{'' if plain else 'async '}def test_it({parameters}):{body}\n"
