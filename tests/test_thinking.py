"""The thinking table: each cell in numbers, what keeping gains over each policy, beside the table that was published."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from command_line import Here
from reference_server import airline

from perturb.episode import Episode, Outcome
from perturb.operator import SeededPick
from perturb.operators import by_id, select
from perturb.operators.presets.interleaved import CELLS, NAME, Cell
from perturb.planning import Design, draw
from perturb.store import Planned, Store
from perturb.thinking import thinking_data
from perturb.types import Usage


def episode(planned: Planned, outcome: Outcome, tokens: int, **usage: Any) -> Episode:
    took = Usage(input_tokens=tokens, output_tokens=0, **{"turns": 4, "thoughts": 2, "latency": 3.0, "cost": 0.01, **usage})
    return Episode(
        key=planned.key,
        task=planned.task,
        arm="clean" if planned.operator is None else "perturbed",
        trial=planned.trial,
        outcome=outcome,
        operator=planned.operator,
        usage=took,
    )


def table(cells: dict[str | None, list[tuple[str, Outcome, int]]], **usage: Any) -> dict[str, Any]:
    """The table of a run whose episodes are given by operator: each task with its outcome and its tokens."""
    with Store(":memory:") as store:
        planned = []
        for operator, ends in cells.items():
            for place, (task, outcome, tokens) in enumerate(ends):
                arm = "clean" if operator is None else "perturbed"
                one = Planned(key=f"{operator}{place}", task=task, arm=arm, trial=place, operator=operator)
                store.add(episode(one, outcome, tokens, **usage))
                planned.append(one)
        store.add_pairs("run", 0, planned)
        data = thinking_data(store, "run", [one for one in cells if one is not None])
    assert data is not None
    return data


DROPPED = Cell("clean", "drop_all").id


def test_a_cell_is_a_mean_over_its_episodes_and_a_difference_is_paired_by_task() -> None:
    data = table(
        {
            None: [("a", "passed", 300), ("a", "failed", 100), ("b", "passed", 200), ("c", "infrastructure_error", 9)],
            DROPPED: [("a", "failed", 50), ("b", "passed", 150), ("d", "passed", 1)],
        }
    )
    keep, drop = data["cells"]
    assert (keep["setup"], keep["policy"], keep["tasks"], keep["episodes"], keep["left_out"]) == ("clean", "keep", 2, 3, 1)
    assert keep["success"] == pytest.approx(0.75)
    assert keep["tokens"] == pytest.approx(200)
    assert (keep["turns_a_thought"], keep["latency"], keep["cost"]) == (2.0, 3.0, 0.01)
    assert drop["success"] == pytest.approx(2 / 3)
    (difference,) = data["differences"]
    # Task d was never run with all kept, and c has no outcome there.
    assert difference["tasks"] == 2
    assert difference["difference"] == pytest.approx(0.25)
    assert difference["interval"] == [-1.0, 1.0]
    # 150 tokens more for task a, 50 for b, and 25 points.
    assert difference["tokens"] == pytest.approx(100)
    assert difference["tokens_a_point"] == pytest.approx(4)


def test_nothing_is_paid_for_a_point_where_none_is_gained() -> None:
    data = table({None: [("a", "failed", 300)], DROPPED: [("a", "passed", 50)]})
    assert data["differences"][0]["difference"] == -1.0
    assert data["differences"][0]["tokens_a_point"] is None


def test_what_a_server_does_not_tell_is_unknown() -> None:
    data = table({None: [("a", "passed", 0)], DROPPED: [("a", "passed", 0)]}, cost=None, unmetered=1, thoughts=0)
    assert [(row["tokens"], row["cost"], row["turns_a_thought"]) for row in data["cells"]] == [(None, None, None)] * 2


def test_how_much_more_keeping_is_worth_under_change_is_the_difference_of_the_differences() -> None:
    tasks = [f"t{number}" for number in range(8)]

    def all_of(outcome: Outcome) -> list[tuple[str, Outcome, int]]:
        return [(task, outcome, 100) for task in tasks]

    cells = {cell: id for id, cell in CELLS.items()}
    data = table(
        {
            None: all_of("passed"),
            DROPPED: [(task, "failed" if place < 2 else "passed", 100) for place, task in enumerate(tasks)],
            cells[Cell("vendor-swap", "keep")]: all_of("passed"),
            cells[Cell("vendor-swap", "drop_all")]: all_of("failed"),
        }
    )
    assert [(row["setup"], row["difference"]) for row in data["differences"]] == [("clean", 0.25), ("vendor-swap", 1.0)]
    (more,) = data["interactions"]
    assert (more["policy"], more["more"], more["tasks"]) == ("drop_all", 0.75, 8)
    assert 0 < more["interval"][0] < 0.75 < more["interval"][1]


def test_a_run_without_the_preset_has_no_table() -> None:
    with Store(":memory:") as store:
        assert thinking_data(store, "run", ["vendor-swap", "scaffold.reasoning"]) is None


def test_a_task_has_one_vendor_under_every_policy() -> None:
    learnt = airline()
    task, setup = learnt.toolset.tasks[0], learnt.gold.setup
    within = []
    for id, cell in CELLS.items():
        if cell.setup == "vendor-swap" and cell.policy != "drop_before_last_user":
            plan: Any = draw(by_id(id), setup, task, 0, Design())
            within.append([one.to_json() for one in plan.operators if one.axis != "scaffold"])
            assert [one.policies for one in plan.operators if one.axis == "scaffold"] == [{"reasoning": cell.policy}]
    alone: Any = draw(by_id("vendor-swap"), setup, task, 0, Design())
    assert within == [[one.to_json() for one in alone.operators]] * 4


@pytest.mark.slow
def test_keeping_all_of_it_is_equivalent_and_losing_any_is_an_ablation() -> None:
    setup = airline().gold.setup
    kinds = {cell: by_id(id).plan(setup, SeededPick(7, id), 1.0).kind for id, cell in CELLS.items()}  # type: ignore[union-attr]
    assert {cell for cell, kind in kinds.items() if kind == "equivalent"} == {Cell("vendor-swap", "keep")}
    assert set(kinds.values()) == {"equivalent", "ablation"}
    assert [one.id for one in select(f"preset:{NAME}")] == list(CELLS)


@pytest.fixture
def perturb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    return Here(capsys)


@pytest.mark.slow
def test_the_table_is_in_every_report_of_a_run_over_a_real_socket(perturb: Here, tmp_path: Path) -> None:
    with airline().served() as served:
        ended = perturb(
            *("run", "--agent", "chat:notekeeper", "--base-url", f"{served.url}/vllm/v1", "--preset", NAME),
            *("--limit", "4", "--price", "1,4", "--markdown", "told.md"),
        )
    assert ended.status == 0, ended.err
    (folder,) = (tmp_path / "reports" / "runs").glob("*/report.json")
    data = json.loads(folder.read_text())["thinking"]
    success = {(row["setup"], row["policy"]): row["success"] for row in data["cells"]}
    assert success["clean", "keep"] == 1.0
    for policy in ("drop_all", "truncate", "wrong_field"):
        assert success["clean", policy] < 1.0
        # This model has nothing but its notes: wherever they are lost, the same tasks are.
        assert success["clean", policy] == success["clean", "drop_all"]
        assert success["vendor-swap", policy] == success["vendor-swap", "drop_all"] <= success["vendor-swap", "keep"]
    assert all(row["tokens"] > 0 and row["cost"] > 0 and row["turns_a_thought"] == 1.0 for row in data["cells"])
    page = re.sub(r"<[^>]+>", " ", (folder.parent / "report.html").read_text())
    for text in (ended.out, (tmp_path / "told.md").read_text(), page):
        for word in (
            "Tokens a point",
            "Keep − drop",
            "in the wrong field",
            "SWE-bench Verified",
            "69.4",
            "67.2",
            "vendor-swap",
        ):
            assert word in text, word


@pytest.mark.slow
def test_an_agent_with_a_loop_of_its_own_is_told_that_no_policy_applies(perturb: Here) -> None:
    ended = perturb("run", "--agent", "reader", "--preset", NAME, "--limit", "1", "--json")
    assert ended.json["outcomes"] == {"passed": 2, "not_applicable": len(CELLS)}
    ended = perturb("run", "--agent", "reader", "--operators", "scaffold.*,tools.opaque", "--limit", "1", "--json")
    assert ended.json["outcomes"]["not_applicable"] == 9
    assert ended.json["thinking"] is None


@pytest.mark.slow
def test_every_operator_is_every_one_that_could_apply(perturb: Here) -> None:
    def planned(*agent: str) -> list[str]:
        told: list[str] = perturb("run", *agent, "--limit", "1", "--dry-run", "--json").json["operators"]
        return told

    own_loop = planned("--agent", "reader")
    assert not any(one.startswith("scaffold.") for one in own_loop)
    with airline().served() as served:
        ours = planned("--agent", "chat:reader", "--base-url", f"{served.url}/v1")
    assert set(ours) - set(own_loop) == {one.id for one in select("scaffold.*")}


def test_a_run_proves_that_text_reads_back_before_anything_is_paid_for() -> None:
    learnt = airline()
    task = learnt.toolset.tasks[0]
    for name in ("scaffold.call_format", "scaffold.tool_docs"):
        plan = by_id(name).plan(learnt.gold.setup, SeededPick(3, name), 1.0)
        proof = anyio.run(learnt.gold.prove, task, plan)
        assert (proof.status, proof.felt) == ("solvable", True)
