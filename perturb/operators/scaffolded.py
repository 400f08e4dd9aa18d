"""What operators on the scaffold share: they need the agent loop, and show nothing else than what lies within."""

from __future__ import annotations

from typing import Any

import msgspec

from perturb.operator import Lens, NotApplicable, Setup


def own_loop(setup: Setup) -> NotApplicable | None:
    """Why no scaffold can be changed for the agent that a setup is for; `None` where it can."""
    return NotApplicable("own_loop") if setup.own_loop else None


def with_scaffold(setup: Setup, **changes: Any) -> Lens:
    """The lens that shows a setup by a scaffold with some changes; without any it changes nothing."""
    lens = Lens(setup)
    if changes:
        lens.setup = lens.shown(scaffold=msgspec.structs.replace(setup.scaffold, **changes))
    return lens
