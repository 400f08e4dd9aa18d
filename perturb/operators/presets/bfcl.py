"""The format sensitivity of BFCL, version 4, as far as it lies outside the format of calls."""

from __future__ import annotations

from perturb.operators.presets.members import Member
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.preset import Preset

BFCL = Preset(
    "bfcl-format",
    "The same tools documented in another layout, and the same system prompt in another markup.",
    (
        Mixture(
            "bfcl-format/function-docs",
            "Arguments are documented in the description of their tool, laid out as a docstring or another document.",
            (Member("descriptions.doc_style", needed=True),),
        ),
        Mixture("bfcl-format/prompt-format", "The prompt is in another markup.", (Member("system.markup", needed=True),)),
    ),
    source="BFCL v4, format sensitivity (github.com/ShishirPatil/gorilla, berkeley-function-call-leaderboard)",
    differs="Theirs is of models that are told of their functions in the prompt and write calls as text: 26 prompts, which "
    "are four formats of calls, with and without a tag, times functions documented in Python, XML or JSON, and one each in "
    "Markdown and in other words. Here tools and calls travel as the provider has them, so that the format of calls and the "
    "tag have no counterpart; documentation changes within descriptions (five layouts, among them three of docstrings), "
    "prompts change to any other markup and not only from plain text to Markdown, and their second wording of the prompt has "
    "no counterpart.",
)
