"""The command line for tests: in this process where only its output matters, in one of its own where the process does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import perturb
from perturb.cli import status_of

ROOT = Path(perturb.__file__).parents[1]
SHELF = str(Path(__file__).with_name("shelf.py"))
"""A toolset that is small, where it does not matter which."""
PLUGIN = () if entry_points(group="pytest11", name="perturb") else ("-p", "perturb.pytest_plugin")
"""What pytest must be told to load the plugin: nothing where the package is installed, since it must not be loaded twice."""
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("GITHUB_STEP_SUMMARY", "COLUMNS")} | {
    "PYTHONPATH": str(ROOT)
}


class Ended(NamedTuple):
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Here:
    """Runs commands in this process, in the current folder."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str) -> Ended:
        self._capture.readouterr()
        status = status_of(arguments)
        out, err = self._capture.readouterr()
        return Ended(status, out, err)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "perturb", *arguments]


def apart(*arguments: str, folder: Path, **variables: str) -> Ended:
    """Run a command in a process of its own, in `folder`."""
    ended = subprocess.run(
        command(*arguments), cwd=folder, env=ENVIRONMENT | variables, capture_output=True, text=True, timeout=120, check=False
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
