"""RobustBench-TC's perturbations of what an agent observes, may choose from, is told of its choices, and gets back."""

from __future__ import annotations

from perturb.operators.presets.members import Member
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.preset import Preset


def _one(name: str, summary: str, *members: Member) -> Mixture:
    return Mixture(f"robustbench-tc/{name}", summary, members)


ROBUSTBENCH = Preset(
    "robustbench-tc",
    "Typos and rewordings, tools nearly alike, descriptions that mislead, and failures of the first calls.",
    (
        _one("typos", "The user's words are misspelt.", Member("user.typos", 0.45, needed=True)),
        _one("query-paraphrase", "The user's words are stored rewordings.", Member("user.paraphrase", needed=True)),
        _one("tool-descriptions", "Descriptions of tools are reworded.", Member("descriptions.reword", needed=True)),
        _one("redundant-tools", "Beside tools stand others nearly alike.", Member("toolset.near_duplicates", needed=True)),
        _one("misleading-descriptions", "Tools carry each other's descriptions.", Member("descriptions.mislead", needed=True)),
        _one(
            "misleading-descriptions-abbreviated",
            "Tools carry each other's descriptions, and their names are shortened.",
            Member("tools.abbreviate", needed=True),
            Member("descriptions.mislead", needed=True),
        ),
        _one("timeout", "The first answers of tools are lost.", Member("faults.timeout", needed=True)),
        _one("rate-limit", "The first calls of tools are limited.", Member("faults.rate_limit", needed=True)),
        _one("authentication", "The session expires.", Member("faults.expired_login", needed=True)),
        _one("server-error", "The first calls of tools fail.", Member("faults.transient", needed=True)),
        _one("malformed-response", "The first answers of tools are cut off.", Member("faults.malformed", needed=True)),
        _one(
            "schema-drift",
            "After the first call, names of tools and arguments are others, and calls in the old form fail.",
            Member("toolset.live_migration", fixed={"announced": "error", "after": 1}, needed=True),
        ),
    ),
    source="RobustBench-TC (arXiv 2605.11928; github.com/WillChow66/robustbench-tc-release)",
    differs="12 of their 22. Not here: the five with two tools of one name, which providers refuse and which cannot be read "
    "back; rewordings of arguments' descriptions; annotations of response time, plain and with neutral or abbreviated names, "
    "and misleading descriptions with neutral names, for which there is no operator. Typos and rewordings are a model's "
    "there, and here come from tables, or are stored and reviewed; there are about as many typos, two to four. A redundant "
    "tool works otherwise there; here it says that it is switched off, and which one to use. Misleading descriptions are "
    "those of the needed tool there, of all tools here. Failures meet the first call there too, but theirs is scored by the "
    "call sent next, so that a way out need not exist; here a tool works after one to three failures, an expired session is "
    "renewed by a documented tool, and a call in an old form is told the new one.",
)
