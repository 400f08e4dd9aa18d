"""What the command line imports before it knows what is asked of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from command_line import ENVIRONMENT

from perturb.cli import COMMANDS

ALLOWED = {"click", "perturb"}
PROGRAM = """
import json, sys
before = set(sys.modules)
from perturb.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0, end.code
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=list(arguments))],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(ended.stderr))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        *(pytest.param((name, "--help"), marks=() if name == "run" else pytest.mark.slow) for name in COMMANDS),
    ],
)
def test_help_imports_click_and_nothing_else(arguments: tuple[str, ...]) -> None:
    modules = imported(*arguments)
    foreign = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    assert foreign == ALLOWED
    own = {name for name in modules if name.startswith("perturb")}
    assert not {name for name in own if not name.startswith("perturb.cli")} - {
        "perturb",
        "perturb.errors",
        "perturb.configuration",
        "perturb.kept",
    }
    assert not {"sqlite3", "asyncio", "multiprocessing"} & modules
