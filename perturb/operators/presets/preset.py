"""What a preset is: mixtures under one name, where they come from, and how they differ from what they follow."""

from __future__ import annotations

from typing import NamedTuple

from perturb.operators.presets.mixture import Mixture


class Preset(NamedTuple):
    """Mixtures under one name. `source` is what they follow, `differs` how they differ from it; `""` for our own.

    Each mixture is a row of its own in a report.
    """

    name: str
    summary: str
    parts: tuple[Mixture, ...]
    source: str = ""
    differs: str = ""

    @property
    def mixtures(self) -> tuple[str, ...]:
        """The ids of its mixtures."""
        return tuple(one.id for one in self.parts)
