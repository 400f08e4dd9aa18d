"""The published figures come out of the real files, and our own store is read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import recorded_files as files
from recorded_files import found, read

from perturb.importing import Wanted, import_files
from perturb.recorded import pair


def test_tau_bench_gives_its_published_figures() -> None:
    path = files.real("tau-bench/gpt-4o-airline.json")
    assert found(path) == "tau-bench"
    total = import_files(Wanted((path,)), None).total
    assert (total.episodes, total.tasks, total.calls, total.tool_errors, total.passed) == (200, 50, 1164, 73, 84)
    assert [round(value, 4) for value in total.pass_hat_k] == [0.42, 0.2733, 0.22, 0.2]
    assert (total.found, total.unanswered, total.orphans) == (0, 0, 0)


def test_every_message_of_tau_bench_is_kept_to_the_byte() -> None:
    path = files.real("tau-bench/gpt-4o-airline.json")
    raw = json.loads(path.read_text(encoding="utf-8"))
    episodes, _ = read(path)
    assert [[(one.role, one.text) for one in episode.messages] for episode in episodes] == [
        [(one["role"], one["content"] or "") for one in episode["traj"]] for episode in raw
    ]
    calls = [[(call.name, call.arguments, call.id) for one in e.messages for call in one.calls] for e in episodes]
    assert calls == [
        [
            (call["function"]["name"], json.loads(call["function"]["arguments"]), call["id"])
            for one in episode["traj"]
            for call in one.get("tool_calls") or ()
        ]
        for episode in raw
    ]


@pytest.mark.parametrize(("domain", "episodes", "results", "passed"), [("airline", 20, 148, 10), ("retail", 40, 299, 34)])
def test_tau2_gives_its_episodes_results_and_verdicts(domain: str, episodes: int, results: int, passed: int) -> None:
    path = files.real(f"tau2-bench/gpt-4.1_{domain}.json")
    assert found(path) == "tau2-bench"
    raw = json.loads(path.read_text(encoding="utf-8"))["simulations"]
    read_ones, problems = read(path)
    assert (len(read_ones), problems) == (episodes, [])
    assert sum(one.role == "tool" for episode in read_ones for one in episode.messages) == results
    assert sum(len(pair(episode.messages).calls) for episode in read_ones) == results
    assert all(call.answered is not None for episode in read_ones for call in pair(episode.messages).calls)
    assert [episode.passed for episode in read_ones] == [one["reward_info"]["reward"] == 1.0 for one in raw]
    assert [episode.verdicts["db_check"] for episode in read_ones] == [one["reward_info"]["db_check"] for one in raw]
    assert sum(bool(episode.passed) for episode in read_ones) == passed
    assert {episode.model for episode in read_ones} == {"gpt-4.1"}


@pytest.mark.parametrize(
    ("noise", "items", "renamed", "taken", "doubled", "labels"),
    [
        ("clean", 105, 0, 0, 3, 1),
        ("slight", 210, 25, 0, 5, 2),
        ("medium", 210, 53, 0, 5, 2),
        ("heavy", 210, 91, 91, 6, 2),
        ("union", 105, 38, 31, 2, 1),
    ],
)
def test_rotbench_is_imported_whole_with_its_defects(
    noise: str, items: int, renamed: int, taken: int, doubled: int, labels: int
) -> None:
    path = files.real(f"rotbench/first_turn_{noise}.json")
    assert found(path) == "rotbench"
    episodes, problems = read(path)
    what = [problem.what for problem in problems]
    assert len(episodes) == items
    assert sum("its prompt names the tool 'finish'" in one for one in what) == renamed
    assert sum("another tool now" in one for one in what) == taken
    assert sum("several of its tools are called" in one for one in what) == doubled
    assert sum(one.startswith("label") for one in what) == labels
    assert all(episode.tools and episode.gold is not None and episode.setup == noise for episode in episodes)


def test_a_store_of_ours_is_read_with_runs_and_imports(tmp_path: Path) -> None:
    from perturb.episode import Episode, EpisodeStep
    from perturb.store import Store
    from perturb.types import Call, Reply

    path = tmp_path / "episodes.sqlite"
    step = EpisodeStep(Call("count", {"item": "lamp"}), Reply("no such lamp", is_error=True))
    with Store(path) as store:
        for trial, (arm, outcome) in enumerate((("clean", "passed"), ("perturbed", "failed"), ("clean", "agent_error"))):
            store.add(
                Episode(
                    key=f"k{trial}", task="t", arm=arm, trial=0, outcome=outcome, prompt="How many?", steps=(step,), answer="3",
                    operator="tools.opaque" if arm == "perturbed" else None, plan={"op": "x"} if arm == "perturbed" else None,
                )  # type: ignore[arg-type]
            )  # fmt: skip
    import_files(Wanted((files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)]),)), path)
    assert found(path) == "perturb"
    episodes, problems = read(path)
    assert problems == []
    assert [(one.format, one.setup, one.passed) for one in episodes] == [
        ("perturb", "", True),
        ("perturb", "tools.opaque", False),
        ("perturb", "", None),
        ("tau-bench", "", True),
    ]
    assert episodes[0].messages[2].is_error
    assert episodes[1].about["plan"] == {"op": "x"}
    assert [len(pair(one.messages).calls) for one in episodes] == [1, 1, 1, 2]
