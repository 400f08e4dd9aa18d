"""The main job as a whole: what a run of nothing must show, and that the two faces tell the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from perturb import assembling
from perturb.evaluation import Request, evaluate, prepare, store_path
from perturb.planning import Design, Limits
from perturb.rendering import render_html, render_junit
from perturb.store import Store


def run(folder: Path, **options: Any) -> dict[str, Any]:
    request = Request(folder=folder, limit=3, **options)

    async def both() -> dict[str, Any]:
        return (await evaluate(await prepare(request))).data

    return anyio.run(both)


@pytest.mark.parametrize(
    "agent", [pytest.param("literal", marks=pytest.mark.slow), pytest.param("reader", marks=pytest.mark.slow)]
)
def test_an_intensity_of_nothing_drops_exactly_nothing(tmp_path: Path, agent: str) -> None:
    data = run(tmp_path, agent=agent, design=Design(intensity=0.0))
    assert data["headline"]["clean"] == 1.0
    assert data["headline"]["drop"] == 0.0
    assert data["headline"]["noise_floor"]["drop"] == 0.0
    assert data["proof"]["exposed"] == 0
    for row in data["operators"]:
        if row["pairs"]:
            assert row["drop"] == 0.0, row["id"]


def test_every_failed_episode_has_a_line_that_reproduces_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembling, "FAILURES_KEPT", 2)
    monkeypatch.setattr(assembling, "FEWEST_OF_AN_OPERATOR", 1)
    data = run(tmp_path, agent="literal", operators=("tools.opaque", "tools.synonym"), design=Design(trials=2))
    failed = data["outcomes_by_arm"]["perturbed"]["failed"]
    assert len(data["failures"]) == 2
    assert len(data["other_failures"]) == failed - 2 > 2
    told = [(one["operator"], one["task"], one["trial"]) for one in (*data["failures"], *data["other_failures"])]
    assert len(set(told)) == failed
    page, junit = render_html(data), render_junit(data)
    for one in data["other_failures"]:
        assert one["reproduce"] == f"perturb replay {one['plan_file']}"
        assert Path(one["plan_file"]).is_file()
        assert one["reproduce"] in page
    assert f">{data['reproduce']}</failure>" not in junit


def test_an_agent_that_recites_loses_where_names_are_retired(tmp_path: Path) -> None:
    data = run(tmp_path, agent="literal", operators=("tools.opaque",))
    assert data["headline"]["drop"] > 0.5
    assert data["outcomes_by_arm"]["perturbed"].get("failed", 0) >= 2
    assert {one["operator"] for one in data["failures"]} == {"tools.opaque"}
    for one in data["failures"]:
        assert Path(one["plan_file"]).is_file()
        assert one["first_difference"] is not None


@pytest.mark.slow
def test_a_run_that_was_cut_and_goes_on_ends_as_one_that_never_stopped(tmp_path: Path) -> None:
    def outcomes(folder: Path, *budgets: int | None) -> dict[tuple[str | None, str, int], str]:
        for episodes in budgets:
            request = Request(
                agent="flaky:0.5",
                operators=("tools.opaque", "faults.transient"),
                limit=4,
                design=Design(trials=3, clean_trials=3),
                limits=Limits(episodes=episodes),
                folder=folder,
            )
            anyio.run(_evaluated, request)
        with Store(store_path(request)) as store:
            (run,) = (name for name, _, _ in store.runs())
            return {(one.operator, one.task, one.trial): one.outcome for one in store.finished(run)}

    whole = outcomes(tmp_path / "whole", None)
    assert len(set(whole.values())) > 1
    assert outcomes(tmp_path / "cut", 7, 9, None) == whole


async def _evaluated(request: Request) -> None:
    await evaluate(await prepare(request))
