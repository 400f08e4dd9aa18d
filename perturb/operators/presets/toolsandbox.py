"""ToolSandbox's augmentations of the list of tools."""

from __future__ import annotations

from perturb.operators.presets.members import Member
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.preset import Preset


def _among(name: str, summary: str, *members: Member, most: int | None = 3) -> Mixture:
    """An augmentation: some members, with so many tools of others in a list in no order."""
    settled = {} if most is None else {"most": most}
    listed = (Member("toolset.distractors", fixed=settled, needed=True), Member("toolset.shuffle"), *members)
    return Mixture(f"toolsandbox/{name}", summary, listed)


TOOLSANDBOX = Preset(
    "toolsandbox",
    "More tools than are needed, and then tools that say less of themselves.",
    (
        _among("3-distraction-tools", "Three further tools, in no order."),
        _among("10-distraction-tools", "Ten further tools, in no order.", most=10),
        _among("all-tools", "As many further tools as the toolset has, in no order.", most=None),
        _among("tool-names", "Three further tools, and numbers for names.", Member("tools.opaque", needed=True)),
        _among(
            "tool-descriptions",
            "Three further tools, and no tool described.",
            Member("descriptions.drop", fixed={"part": "tool"}, needed=True),
        ),
        _among(
            "argument-descriptions",
            "Three further tools, and no argument described.",
            Member("descriptions.drop", fixed={"part": "arguments"}, needed=True),
        ),
        _among(
            "argument-types", "Three further tools, and arguments without types.", Member("arguments.drop_types", needed=True)
        ),
        _among("argument-names", "Three further tools, and numbers for arguments.", Member("arguments.opaque", needed=True)),
    ),
    source="ToolSandbox (arXiv 2408.04682; github.com/apple/ToolSandbox)",
    differs="Their clean scenario lists only the tools that it needs, and the further ones are the most alike in name of the "
    "same sandbox; here a toolset is always listed whole, and the further ones are of other trades, so that adding them is "
    "milder. Their names for tools keep the module (`messaging_0`), ours say nothing (`tool_17`), and the descriptions of "
    "the further tools go too. Their removal of descriptions leaves 7 of 34 tools as they were; ours is not applicable where "
    "it changes nothing. `argument-names` is listed by them and never applied. Their simulated user and milestones are not "
    "perturbations and have no counterpart.",
)
