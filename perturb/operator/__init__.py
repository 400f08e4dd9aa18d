"""Operators and lenses: what a perturbation is, how one is chosen, and how several are laid over one another.

An *operator* is a frozen record of what was chosen (its plan), JSON both ways. Bound to a setup it gives a *lens*, which
shows that setup in another form and reads what an agent says back. All random choices are made in `plan`.

This is what operators are written against, those of other packages too.
"""

from perturb.operator.lens import Handling, Lens, Memory, Performing, Retired, StateLens
from perturb.operator.picking import NotOffered, Pick, SeededPick, dose
from perturb.operator.record import KIND_ORDER, PHASES, REASONS, Example, NotApplicable, Operator, Phase, Reason
from perturb.operator.rewriting import RewritingLens
from perturb.operator.setups import Setup, SystemRole, public
from perturb.operator.stack import Stack, StackLens, clash, in_phase_order, lens_for

__all__ = [
    "KIND_ORDER",
    "PHASES",
    "REASONS",
    "Example",
    "Handling",
    "Lens",
    "Memory",
    "NotApplicable",
    "NotOffered",
    "Operator",
    "Performing",
    "Phase",
    "Pick",
    "Reason",
    "Retired",
    "RewritingLens",
    "SeededPick",
    "Setup",
    "Stack",
    "StackLens",
    "StateLens",
    "SystemRole",
    "clash",
    "dose",
    "in_phase_order",
    "lens_for",
    "public",
]
