"""The order in which a gate draws the tasks of its pairs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal


def drawn_pairs(
    cells: Sequence[int], seed: int, order: Literal["replacement", "blocks"] = "replacement"
) -> Iterator[tuple[int, int]]:
    """Draw `(task, cell)` without end: which task the next pair is of, and which of its cells.

    `cells` holds the number of cells (operators that apply) of each task, at least 1; with one each, only the task matters.
    `"replacement"` draws the task uniformly each time, and then a cell; `"blocks"` goes through freshly shuffled blocks of
    the whole suite, and the cells of a task in freshly shuffled blocks of their own. Either way the mean of a pair is the
    suite drop with all tasks, and all cells of a task, counted alike. Task by task it would not be: the first pairs would
    speak of the first tasks only.

    Source: permuted blocks, S. J. Pocock, "Clinical Trials: A Practical Approach", 1983.
    """
    if not cells or min(cells) < 1:
        raise ValueError("pairs are drawn from at least one task, and each task has at least one cell")
    if order not in ("replacement", "blocks"):
        raise ValueError(f"the order is 'replacement' or 'blocks', not {order!r}")
    rng = random.Random(f"launch order {seed}")
    return _with_replacement(cells, rng) if order == "replacement" else _in_blocks(cells, rng)


def _with_replacement(cells: Sequence[int], rng: random.Random) -> Iterator[tuple[int, int]]:
    while True:
        task = rng.randrange(len(cells))
        yield task, rng.randrange(cells[task])


def _in_blocks(cells: Sequence[int], rng: random.Random) -> Iterator[tuple[int, int]]:
    waiting: list[list[int]] = [[] for _ in cells]
    while True:
        for task in _shuffled(len(cells), rng):
            if not waiting[task]:
                waiting[task] = _shuffled(cells[task], rng)
            yield task, waiting[task].pop()


def _shuffled(number: int, rng: random.Random) -> list[int]:
    numbers = list(range(number))
    rng.shuffle(numbers)
    return numbers
