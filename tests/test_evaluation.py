"""The main job as a whole: what a run of nothing must show, and that the two faces tell the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from perturb.evaluation import Request, evaluate, prepare
from perturb.planning import Design


def run(folder: Path, **options: Any) -> dict[str, Any]:
    request = Request(folder=folder, limit=3, **options)

    async def both() -> dict[str, Any]:
        return (await evaluate(await prepare(request))).data

    return anyio.run(both)


@pytest.mark.parametrize("agent", ["literal", "reader"])
def test_an_intensity_of_nothing_drops_exactly_nothing(tmp_path: Path, agent: str) -> None:
    data = run(tmp_path, agent=agent, design=Design(intensity=0.0))
    assert data["headline"]["clean"] == 1.0
    assert data["headline"]["drop"] == 0.0
    assert data["headline"]["noise_floor"]["drop"] == 0.0
    assert data["proof"]["exposed"] == 0
    for row in data["operators"]:
        if row["pairs"]:
            assert row["drop"] == 0.0, row["id"]


def test_an_agent_that_recites_loses_where_names_are_retired(tmp_path: Path) -> None:
    data = run(tmp_path, agent="literal", operators=("tools.opaque",))
    assert data["headline"]["drop"] > 0.5
    assert data["outcomes_by_arm"]["perturbed"].get("failed", 0) >= 2
    assert {one["operator"] for one in data["failures"]} == {"tools.opaque"}
    for one in data["failures"]:
        assert Path(one["plan_file"]).is_file()
        assert one["first_difference"] is not None
