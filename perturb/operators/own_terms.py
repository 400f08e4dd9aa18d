"""A call through all that lies within a setup: in the toolset's own terms, and as the setup shows it."""

from __future__ import annotations

from perturb.operator import Setup
from perturb.types import Call, Failure


def own_call(setup: Setup, call: Call) -> Call | Failure:
    """A call in a setup's terms in the toolset's own, or the failure where it cannot be read."""
    if setup.lens is None:
        return call
    inner = setup.lens.read_call(call)
    return inner if isinstance(inner, Failure) else own_call(setup.lens.real, inner)


def shown_call(setup: Setup, call: Call) -> Call:
    """A call in the toolset's own terms as a setup shows it."""
    return call if setup.lens is None else setup.lens.show_call(shown_call(setup.lens.real, call))
