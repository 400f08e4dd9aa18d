"""A run as Markdown, for a pull request or `$GITHUB_STEP_SUMMARY`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from perturb.rendering import thinking, wording
from perturb.rendering.templates import render_template

MOST_FAILURES = 20


def render_markdown(data: Mapping[str, Any], *, report: str = "standard") -> str:
    """The report of `report_data` as GitHub's Markdown. `report` names the templates, as for `render_html`."""
    failures = data["failures"][:MOST_FAILURES]
    context = {
        "data": data,
        "headline": data["headline"],
        "outcomes": wording.outcome_rows(data),
        "failures": failures,
        "failures_left_out": wording.failed_episodes(data) - len(failures),
        "remarks": wording.remarks(data),
        "no_drop": wording.no_drop(data),
        "thinking": thinking.context(data),
    }
    filters = {**wording.FILTERS, "md": escaped, "code": code, "cell": cell_code}
    text = render_template(report, "report.md.j2", context, filters)
    return re.sub(r"\n{3,}", "\n\n", text)


def escaped(text: object) -> str:
    """`text` on one line, with every sign that Markdown, a table or HTML would read as its own made harmless."""
    line = " ".join(str(text).split())
    return re.sub(r"([\\`*_\[\]|~#>])", r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;")


def code(text: object) -> str:
    """`text` on one line as a code span."""
    line = " ".join(str(text).split())
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}"


def cell_code(text: object) -> str:
    """`text` as a code span in a table, where GitHub splits a row at each bare bar, inside code as well."""
    return code(text).replace("|", "\\|")
