"""RoTBench's levels of noise in the names of tools and of arguments."""

from __future__ import annotations

from perturb.operators.presets.members import Member, OneOf
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.preset import Preset

_SOURCE = "RoTBench (arXiv 2401.08326; github.com/Junjie-Ye/RoTBench)"
_SHARES = "At intensity 1 as large a share is renamed as in the noisy items of their first turn"

_TOOLS: dict[str, tuple[Member, ...]] = {
    "slight": (Member("tools.case_style", 0.25), Member("tools.abbreviate", 0.25, needed=True)),
    "medium": (Member("tools.opaque", 0.6, needed=True),),
    "heavy": (Member("tools.swap_names", 0.9, needed=True),),
}
_ARGUMENTS: dict[str, tuple[Member, ...]] = {
    "slight": (Member("arguments.case_style", 0.35, needed=True),),
    "medium": (Member("arguments.opaque", 0.55, needed=True),),
    "heavy": (Member("arguments.constant", 0.3, needed=True),),
}


def _level(level: str, summary: str, tools: str, arguments: str, differs: str) -> Preset:
    """A level as it is published: half of its items have noise in the names of tools, half in those of arguments."""
    name = f"rotbench-{level}"
    parts = (
        Mixture(f"{name}/tools", tools, _TOOLS[level]),
        Mixture(f"{name}/arguments", arguments, _ARGUMENTS[level]),
    )
    return Preset(name, summary, parts, source=_SOURCE, differs=differs)


ROTBENCH: tuple[Preset, ...] = (
    _level(
        "slight",
        "Names of tools, or of arguments, that are a few letters away from what they were.",
        "Some tools are spelt in another case style, some shortened.",
        "Some arguments are spelt in another case style.",
        "Theirs puts in, leaves out or exchanges letters at random (`ask_to_usr`, `AasXk_to_Uuser`), a sixth of them on "
        "average; ours is milder, since names are what a person would write: words are shortened, and case styles change. "
        f"Arguments are not shortened. {_SHARES}: about half of the tools, 35 % of the arguments.",
    ),
    _level(
        "medium",
        "Names of tools, or of arguments, that say nothing.",
        "Some tools are numbered.",
        "Some arguments are numbered.",
        "Theirs writes names backwards (`resu_ot_ksa`) or draws letters (`LoC`), half and half; nobody names things "
        "backwards, so ours numbers them all (`tool_17`, `arg_3`). Where the description does not tell what is numbered, the "
        f"plan counts as an ablation. {_SHARES}: 60 % of the tools, 55 % of the arguments.",
    ),
    _level(
        "heavy",
        "Names of tools that mislead, or arguments that must be given a stated value.",
        "Tools trade names.",
        "Tools ask for one more argument, with one stated value.",
        "Theirs trades the names of all tools round (ours in pairs), and goes on naming the old ones in 91 of 210 prompts; "
        "in ours what a text names stays the same tool. Theirs also trades the names of 23 % of the arguments, for which "
        "there is no operator here; its further required argument, on 28 % of the tools, has random letters for a name and a "
        f"value, where ours has ordinary words. {_SHARES}: 90 % of the tools trade names, 30 % ask for more.",
    ),
    Preset(
        "rotbench-union",
        "Noise of one level in the names of tools, and of the same or another level in those of arguments, in one task.",
        (
            Mixture(
                "rotbench-union",
                "Names of tools with the noise of one level, and arguments with that of one level.",
                (OneOf("level of tools", _TOOLS), OneOf("level of arguments", _ARGUMENTS)),
                least=2,
            ),
        ),
        source=_SOURCE,
        differs="Levels are drawn as theirs are, a third each, and each differs as it does alone (see `rotbench-slight`, "
        "`-medium`, `-heavy`). A plan is of the weakest kind of its members, so a run has a row for each kind that was "
        "drawn.",
    ),
)
