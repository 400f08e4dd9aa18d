"""Interleaved thinking: what earlier reasoning is worth, in the setup that a model knows and in one that it does not."""

from __future__ import annotations

from typing import NamedTuple, get_args

from perturb.operators.presets.members import Member, OneOf
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.ours import VENDORS
from perturb.operators.presets.preset import Preset
from perturb.scaffold.reasoning import Reasoning

NAME = "interleaved-thinking"
CLEAN, PERTURBED = "clean", "vendor-swap"
POLICIES: tuple[Reasoning, ...] = get_args(Reasoning)
TOLD: dict[Reasoning, str] = {
    "keep": "all of a model's earlier thinking goes back to it",
    "drop_all": "none of a model's earlier thinking goes back to it",
    "drop_before_last_user": "only what a model thought since the user's last message goes back to it",
    "truncate": "only the beginning of each of a model's earlier thoughts goes back to it",
    "wrong_field": "a model's earlier thinking goes back in a field where its server does not look for it",
}


class Cell(NamedTuple):
    """A cell of the table: a setup and a policy. Keeping all in the clean setup is the clean arm, and no mixture."""

    setup: str
    policy: Reasoning

    @property
    def id(self) -> str:
        name = self.policy.replace("_", "-")
        return f"{NAME}/{name}" if self.setup == CLEAN else f"{NAME}/{self.setup}-{name}"


CELLS: dict[str, Cell] = {
    cell.id: cell for setup in (CLEAN, PERTURBED) for policy in POLICIES if (cell := Cell(setup, policy)) != Cell(CLEAN, "keep")
}
"""The cells that are run by mixtures, by the ids of these."""


def _mixture(cell: Cell) -> Mixture:
    reasoning = Member("scaffold.reasoning", fixed={"policy": cell.policy}, needed=True)
    if cell.setup == CLEAN:
        return Mixture(cell.id, f"{TOLD[cell.policy].capitalize()}.", (reasoning,))
    summary = f"Another vendor's API, and {TOLD[cell.policy]}."
    # Drawn as the other preset is, so that each task has one vendor under every policy.
    return Mixture(cell.id, summary, (OneOf("vendor", VENDORS), reasoning), 2, drawn_as=PERTURBED)


INTERLEAVED = Preset(
    NAME,
    "How much of a model's earlier thinking goes back to it, with the API that it knows and with another vendor's: a table of "
    "its own.",
    tuple(map(_mixture, CELLS.values())),
)
