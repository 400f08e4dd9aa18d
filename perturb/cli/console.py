"""The rich consoles that commands print to."""

from __future__ import annotations

import os
import sys

from rich.console import Console

WIDTH = 100
"""Columns where the output is no terminal and `COLUMNS` does not say otherwise."""


class Output(Console):
    """A console that tells a broken pipe instead of ending the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def output(*, stderr: bool = False) -> Output:
    """The console for results, or with `stderr` for progress and remarks; without colour where it is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    return Output(stderr=stderr, width=fixed, highlight=False)
