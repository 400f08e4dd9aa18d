"""Presets: mixtures of operators by name, a peer's by the name of its paper, and some of our own."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from perturb.errors import ConfigurationError, nearest
from perturb.operator import Operator
from perturb.operators.presets.bfcl import BFCL
from perturb.operators.presets.interleaved import INTERLEAVED
from perturb.operators.presets.members import Member, OneOf
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.ours import OURS
from perturb.operators.presets.preset import Preset
from perturb.operators.presets.reliabilitybench import RELIABILITYBENCH
from perturb.operators.presets.robustbench import ROBUSTBENCH
from perturb.operators.presets.rotbench import ROTBENCH
from perturb.operators.presets.toolsandbox import TOOLSANDBOX

_PEERS = (*ROTBENCH, TOOLSANDBOX, BFCL, ROBUSTBENCH, RELIABILITYBENCH)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in (*OURS, INTERLEAVED, *_PEERS)}
"""Every preset by its name."""
MIXTURES: dict[str, Mixture] = {one.id: one for preset in PRESETS.values() for one in preset.parts}
"""Every mixture by its id."""


def named(name: str) -> Preset:
    """The preset of that name."""
    if name not in PRESETS:
        raise ConfigurationError(f"there is no preset {name!r}; {nearest(name, PRESETS)}")
    return PRESETS[name]


@lru_cache(maxsize=256)
def mixture(mixture_id: str, find: Callable[[str], type[Operator]]) -> type[Operator]:
    """The mixture with that id, as an operator."""
    return MIXTURES[mixture_id].operator(find)


__all__ = ["MIXTURES", "PRESETS", "Member", "Mixture", "OneOf", "Preset", "mixture", "named"]
