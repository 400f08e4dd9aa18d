"""How far a run is, on standard error: a live line on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from perturb.cli.console import output
from perturb.rendering.wording import points

if TYPE_CHECKING:
    from perturb.planning import Progress

EVERY = 5.0
"""Seconds between two plain lines."""
REFRESH = 0.1


class RunProgress:
    """The callback of `evaluate`; used in a `with`. Each phase has a line of its own."""

    def __init__(self) -> None:
        self._console = output(stderr=True)
        self._shown: Any = None
        self._task: Any = None
        self._phase = ""
        self._last: float | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._shown = Progress(
                TextColumn("{task.description:<8}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[so_far]}"),
                console=self._console,
                transient=True,
            )
            self._shown.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._shown is not None:
            self._shown.stop()

    def __call__(self, progress: Progress) -> None:
        self.step(progress.phase, progress.done, progress.total, so_far(progress))

    def step(self, phase: str, done: int, total: int, words: str = "") -> None:
        """Tell where a phase stands; calls that come too soon after one another are passed over."""
        now = time.monotonic()
        if self._last is None:
            self._last = now
        if now - self._last < (EVERY if self._shown is None else 0.0 if done >= total else REFRESH):
            return
        self._last = now
        if self._shown is None:
            self._console.print(f"{phase} {done:,} of {total:,}{' · ' + words if words else ''}", soft_wrap=True)
            return
        if phase != self._phase:
            if self._task is not None:
                self._shown.remove_task(self._task)
            self._phase, self._task = phase, self._shown.add_task(phase, total=total, so_far="")
        self._shown.update(self._task, completed=done, total=total, so_far=words)


def so_far(progress: Progress) -> str:
    """The rates and the drop so far, and the cost where it is known: `clean 100.0 · perturbed 81.0 · drop 19.0`"""
    words = []
    rates = {}
    for arm in ("clean", "perturbed"):
        if progress.counted[arm]:
            rates[arm] = progress.passed[arm] / progress.counted[arm]
            words.append(f"{arm} {points(rates[arm])}")
    if len(rates) == 2:
        words.append(f"drop {points(rates['clean'] - rates['perturbed'])}")
    if progress.cost:
        words.append(f"${progress.cost:.2f}")
    return " · ".join(words)
