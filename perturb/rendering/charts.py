"""Where things lie on a chart of drops: one scale for all rows, so that they can be compared down the page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Scale(NamedTuple):
    """A horizontal scale over drops from `low` to `high`, with round `ticks` between; all are fractions."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """The place of `value`, in per cent of the width from the left; what lies beyond an end is put there."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(share * 100, 2)


def scale_over(intervals: Iterable[Sequence[float] | None], most_ticks: int = 8) -> Scale:
    """A scale that holds all `intervals` and 0, with a little room at both ends."""
    ends = [end for interval in intervals if interval is not None for end in interval]
    low, high = min([0.0, *ends]), max([0.05, *ends])
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0) if (high - low) / s <= most_ticks - 1)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    room = (high - low) * 0.03
    return Scale(low - room, high + room, tuple(round(i * step, 4) for i in range(first, last + 1)))
