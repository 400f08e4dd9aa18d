"""A run as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perturb.rendering import thinking, wording
from perturb.rendering.charts import scale_over
from perturb.rendering.comparison import Budget, compare
from perturb.rendering.templates import render_template
from perturb.statistics import COUNTED

MOST_FAILURES, MOST_LINES = 60, 2000
WHOLE_TEXTS = 1_500_000
"""At most this many failures, lines that replay further ones, and characters of long texts are embedded: the file stays usable
whatever the run."""


def render_html(data: Mapping[str, Any], *, report: str = "standard") -> str:
    """The report of `report_data` as one HTML page: no script it cannot do without, nothing loaded from anywhere.

    `report` names the templates: a short name, or the path of a folder with a `report.html.j2`. At most sixty failures are
    embedded with their trajectories; of the others the page has the line that reproduces each.
    """
    headline = data["headline"]
    floor = headline["noise_floor"]
    floor_interval = floor["interval"] if floor else None
    budget = Budget(WHOLE_TEXTS)
    shown = [dict(f) | {"view": compare(f, budget)} for f in data["failures"][:MOST_FAILURES]]
    context = {
        "data": data,
        "headline": headline,
        "floor": floor,
        "headline_scale": scale_over([headline["interval"], floor_interval]),
        "operator_scale": scale_over([row["interval"] for row in data["operators"]] + [floor_interval]),
        "axis_scale": scale_over([row["interval"] for row in data["axes"]] + [floor_interval]),
        "worst": {row["id"]: row for row in reversed(data["operators"]) if row["headline"]},
        "outcomes": _outcomes(data),
        "outcome_meaning": wording.OUTCOME_MEANING,
        "kind_meaning": wording.KIND_MEANING,
        "failures": shown,
        "failures_left_out": wording.failed_episodes(data) - len(shown),
        "lines": [*data["failures"][MOST_FAILURES:], *data["other_failures"]][:MOST_LINES],
        "remarks": wording.remarks(data),
        "no_drop": wording.no_drop(data),
        "thinking": thinking.context(data),
        "failed_operators": sorted({failure["operator"] for failure in shown}),
    }
    return render_template(report, "report.html.j2", context, wording.FILTERS)


def _outcomes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Each outcome by arm, and for each arm the parts of a bar: passed, not passed, left out."""
    bars = {}
    for arm, outcomes in data["outcomes_by_arm"].items():
        total, passed = sum(outcomes.values()), outcomes.get("passed", 0)
        counted = sum(number for name, number in outcomes.items() if name in COUNTED)
        if total:
            bars[arm] = {"total": total, "passed": passed, "lost": counted - passed, "excluded": total - counted}
    return {"bars": bars, "rows": wording.outcome_rows(data)}
