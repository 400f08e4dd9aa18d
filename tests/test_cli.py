"""Each command from end to end, as a person meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command_line import ENVIRONMENT, PLUGIN, Here, apart, command

from perturb.cli import COMMANDS
from perturb.cli.budget import read_budget
from perturb.cli.verdict import judge
from perturb.operator import Lens
from perturb.types import Call, Failure

RUN_KEYS = {"run", "agent", "toolset", "seed", "headline", "operators", "outcomes", "reproduce"}
ROW_KEYS = {
    "id", "axis", "kind", "pairs", "exposed", "clean", "perturbed", "drop", "interval", "p_adjusted", "outcomes",
}  # fmt: skip
CHECK_KEYS = {"id", "axis", "kind", "plans", "applicable", "not_applicable", "not_proven", "solvable", "unsolvable"}
REPRODUCE = "perturb run --agent agents/first.py --toolset toolsets/bookshop.py --operators tools.opaque,arguments.nest"
FEW = ("--operators", "tools.opaque,arguments.nest")

LEAKY = '''
from perturb.authoring import toolset
from perturb.toolset import Task
from perturb.types import Call

def say(text: str) -> str:
    """Say it."""
    return text

def said(state, answer, calls):
    return any(call.arguments == {"text": "yes"} for call in calls)

TOOLSET = toolset(name="leaky", tools=[say], tasks=[
    Task(id="sound", prompt="Say yes.", gold=(Call("say", {"text": "yes"}),), check=said),
    Task(id="wrong", prompt="Say yes.", gold=(Call("say", {"text": "no"}),), check=said),
    Task(id="unknown", prompt="Say yes.", check=said),
])
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The first project that `perturb init` makes, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = Here(capsys)
    run("init", ".")
    return run


# run


def test_run_writes_and_prints_the_report(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    ended = here("run", *FEW, "--markdown", "out/r.md", "--junit", "out/r.xml")
    assert ended.status == 0
    assert "clean      100.0 %" in ended.out
    assert f"again: {REPRODUCE} · " in ended.out
    (run,) = [path for path in Path("reports/runs").iterdir() if path.is_dir()]
    assert {path.name for path in run.iterdir()} == {"report.html", "report.json", "report.md", "plans"}
    kept = json.loads((run / "report.json").read_text())
    assert kept.keys() >= RUN_KEYS
    assert all(row.keys() >= ROW_KEYS for row in kept["operators"])
    assert {"clean", "perturbed", "drop", "interval", "noise_floor"} <= kept["headline"].keys()
    assert kept["headline"]["clean"] == 1.0
    assert Path("out/r.md").read_text() == (run / "report.md").read_text()
    assert summary.read_text() == "before\n" + (run / "report.md").read_text() + "\n"
    assert ElementTree.parse("out/r.xml").getroot().tag == "testsuites"
    assert {failure["operator"] for failure in kept["failures"]} == {"arguments.nest"}
    for failure in kept["failures"]:
        assert failure["reproduce"] == f"perturb replay {failure['plan_file']}"
        assert Path(failure["plan_file"]).is_file()


def test_json_is_all_that_run_prints(here: Here) -> None:
    ended = here("run", *FEW, "--json")
    assert ended.json.keys() >= RUN_KEYS
    again = here("run", *FEW, "--json")
    assert again.json["ended"]["resumed"] == ended.json["ended"]["episodes"] == 6 + 6
    assert again.json["headline"] == ended.json["headline"]
    assert again.json["run"] == ended.json["run"]
    fresh = here("run", *FEW, "--json", "--fresh").json
    assert fresh["ended"]["episodes"] == 12
    assert fresh["reproduce"] == REPRODUCE


def test_a_run_with_a_null_operator_loses_exactly_nothing(here: Here) -> None:
    assert here("run", *FEW, "--intensity", "0", "--json").json["headline"]["drop"] == 0.0


def test_gold_calls_that_a_clean_run_teaches_are_used_once_they_are_reviewed(here: Here) -> None:
    Path("toolsets/leaky.py").write_text(LEAKY)
    Path("agents/yes.py").write_text(
        "async def agent(episode):\n    await episode.call(episode.tools[0].name, {'text': 'yes'})\n"
    )
    arguments = ("run", "--toolset", "toolsets/leaky.py", "--agent", "agents/yes.py", "--operators", "tools.opaque")
    ended = here(*arguments)
    for told in (" ".join(ended.out.split()), here(*arguments, "--json").err):
        assert "Kept out, since their own gold calls fail their own check: 1 task (wrong)." in told
        assert "Not proven solvable, since no gold calls are known: 1 task (unknown)." in told
    (learned,) = Path("reports/gold").iterdir()
    assert f'{learned} holds the gold calls of clean runs that passed; set "reviewed": true to use them' in ended.err
    learned.write_text(learned.read_text().replace("false", "true"))
    assert "Not proven" not in here(*arguments, "--json").err
    assert here("check", "--toolset", "toolsets/leaky.py", "--json").json["not_proven_tasks"] == []


def test_the_gate_judges_the_interval(here: Here) -> None:
    lost = ("run", "--operators", "arguments.nest", "--trials", "2")
    kept = ("run", "--operators", "tools.opaque", "--trials", "2")
    ended = here(*lost, "--max-drop", "0.1")
    assert ended.status == 1
    assert "failed: the drop is 100.0 points" in ended.err
    assert here(*lost).status == 0
    assert here(*kept, "--max-drop", "0.0").status == 0
    ended = here("run", "--operators", "tools.opaque", "--max-drop", "0.1")
    assert ended.status == 3
    assert "inconclusive: the drop is 0.0 points [" in ended.err


def test_nothing_is_judged_from_episodes_that_say_nothing() -> None:
    def data(**outcomes: int) -> dict[str, object]:
        return {"outcomes": outcomes, "headline": {"drop": None, "interval": None, "clean": 1.0}, "by_task": []}

    assert judge(data(infrastructure_error=3, passed=2), None).status == 3
    assert judge(data(infrastructure_error=2, passed=2), None).status == 0
    assert judge(data(not_applicable=2), None).status == 3
    assert judge(data(passed=2), 0.1).status == 3


def test_a_dry_run_counts_episodes_and_calls_and_writes_nothing(here: Here) -> None:
    plan = here("run", *FEW, "--dry-run", "--json").json
    assert (plan["episodes"], plan["clean"], plan["perturbed"], plan["calls"], plan["cost"]) == (12, 6, 6, 2 * 5 + 2 * 5, None)
    assert "12 episodes would be run: 6 clean, 6 perturbed" in here("run", *FEW, "--dry-run").out
    assert not Path("reports/runs").exists()
    here("run", *FEW)
    assert here("run", *FEW, "--dry-run", "--json").json["episodes"] == 0


def test_a_budget_ends_a_run_which_the_same_command_goes_on_with(here: Here) -> None:
    arguments = ("run", *FEW, "--budget", "5episodes", "--concurrency", "1")
    ended = here(*arguments)
    assert ended.status == 0
    assert "the budget of 5 episodes is spent; 7 episodes are left." in ended.err
    assert here(*arguments, "--json").json["ended"]["left"] == 2
    assert here(*arguments, "--json").json["ended"]["how"] == "complete"


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("100episodes", {"episodes": 100}),
        ("10min", {"seconds": 600.0}),
        ("1.5h,5usd", {"seconds": 5400.0, "cost": 5.0}),
        ("$5", {"cost": 5.0}),
        ("200ktokens, 30s", {"tokens": 200_000, "seconds": 30.0}),
    ],
)
def test_budgets(text: str, limits: dict[str, float]) -> None:
    assert read_budget([text]) == limits


@pytest.mark.parametrize("text", ["", "5", "0episodes", "5 apples", "-3min", "$5min"])
def test_a_budget_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="budget"):
        read_budget([text])


# check


def test_check_proves_every_operator_and_names_what_it_leaves_out(here: Here) -> None:
    Path("toolsets/leaky.py").write_text(LEAKY)
    ended = here("check", "--toolset", "toolsets/leaky.py", "--operators", "tools.opaque,results.paginate", "--json")
    assert ended.status == 0
    found = ended.json
    assert (found["tasks"], found["gold_fails_clean"], found["not_proven_tasks"]) == (3, ["wrong"], ["unknown"])
    assert found["floor"] == {"silent": 0, "answer_only": 0, "vacuous": []}
    rows = {row["id"]: row for row in found["operators"]}
    assert all(row.keys() >= CHECK_KEYS for row in rows.values())
    opaque, paginate = rows["tools.opaque"], rows["results.paginate"]
    assert (opaque["plans"], opaque["applicable"], opaque["solvable"], opaque["not_proven"]) == (2, 2, 1, 1)
    assert (paginate["applicable"], paginate["not_applicable"]) == (0, {"nothing_to_change": 2})
    words = here("check", "--toolset", "toolsets/leaky.py", "--operators", "tools.opaque").out
    assert "1 task: their own gold calls fail their own check, so they are left out: wrong" in words
    assert "1 task: without gold calls, so nothing is proven: unknown" in words
    assert max(len(line.rstrip()) for line in words.splitlines()) <= 100


def test_a_toolset_without_gold_calls_is_not_held_to_be_proven(here: Here) -> None:
    Path("toolsets/leaky.py").write_text(LEAKY)
    ended = here("check", "--toolset", "toolsets/leaky.py", "--task", "unknown", "--operators", "tools.opaque")
    assert ended.status == 3
    assert "nothing was proven: no task of toolsets/leaky.py that was checked has gold calls" in ended.err


@pytest.mark.parametrize("width", [80, 90, 100])
def test_a_reason_that_leaves_a_plan_out_stands_on_one_line(here: Here, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = here("check", "--operators", "arguments.*,toolset.near_duplicates").out
    assert re.search(r"^arguments\.recode_enum .* 3 nothing to change *$", out, re.MULTILINE), out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= width


@pytest.mark.slow
def test_every_plan_is_counted_exactly_once(here: Here) -> None:
    # Without the laws, which take seconds for each operator and count no plans.
    found = here("check", "--intensity", "0.3", "--intensity", "1", "--seeds", "2", "--stacks", "6", "--json").json
    assert found["holds"] is True
    for row in [*found["operators"], *found["stacks"]["kinds"]]:
        assert row["plans"] == row["applicable"] + sum(row["not_applicable"].values())
        assert row["applicable"] == row["solvable"] + row["not_proven"] + len(row["unsolvable"])
    assert sum(row["plans"] for row in found["stacks"]["kinds"]) == 6 * 3
    by_operator: dict[str, int] = {}
    for row in found["operators"]:
        by_operator[row["id"]] = by_operator.get(row["id"], 0) + row["plans"]
    assert set(by_operator.values()) == {3 * 2 * 2}


@pytest.mark.slow
def test_several_processes_find_the_same(here: Here, tmp_path: Path) -> None:
    arguments = ("check", "--operators", "tools.opaque,results.format", "--stacks", "3", "--laws", "--json")
    alone, shared = here(*arguments).json, apart(*arguments, "--jobs", "2", folder=tmp_path).json
    assert shared | {"seconds": 0} == alone | {"seconds": 0}


@pytest.mark.slow
def test_check_fails_where_a_task_becomes_unsolvable(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    from perturb.operators.arguments.nest import Nest

    sound = Nest.lens

    class Forgetful(Lens):
        """Shows what the sound lens shows, and reads every call back without its arguments."""

        def __init__(self, within: Lens) -> None:
            super().__init__(within.real)
            self.setup, self._within = within.setup, within

        def show_call(self, call: Call) -> Call:
            return self._within.show_call(call)

        def read_call(self, call: Call) -> Call | Failure:
            return Call(call.name)

    monkeypatch.setattr(Nest, "lens", lambda self, setup: Forgetful(sound(self, setup)))
    ended = here("check", "--operators", "arguments.nest", "--json")
    assert ended.status == 1
    (row,) = ended.json["operators"]
    assert {one["task"] for one in row["unsolvable"]} == {"order-dune", "order-ulysses", "stock-of-emma"}
    assert all(one["reason"].startswith("result differs: step 1") for one in row["unsolvable"])
    assert {one["plan"]["op"] for one in row["unsolvable"]} == {"arguments.nest"}
    assert ended.json["plans"] == {}
    told = here("check", "--operators", "arguments.nest", "--laws", "--json").json
    laws = told["operators"][0]["violations"]
    assert {one["plan"] for one in laws if one["plan"]} == told["plans"].keys() != set()
    assert {plan["op"] for plan in told["plans"].values()} == {"arguments.nest"}
    assert any(one["reason"].startswith("law 1 (round trip)") for one in laws)
    assert "unsolvable: 3" in here("check", "--operators", "arguments.nest").out
    # Each law is told once, by its smallest example, and each plan lies in a file that `perturb show` reads.
    told = here("check", "--operators", "arguments.nest", "--laws").out.partition("broken laws: ")[2].splitlines()
    lines = [line for line in told if line.startswith("  arguments.nest: law ")]
    assert len(lines) == len({one["reason"].split(":")[0] for one in laws}) < len(laws)
    assert not any('"op"' in line for line in told)
    files = [line.split()[-1] for line in told if line.startswith("    perturb show ")]
    assert len(set(files)) == len(files) >= 1
    assert all(here("show", file, "--json").json["plan"]["op"] == "arguments.nest" for file in files)
    # What withholds or misleads must leave the task solvable as well.
    monkeypatch.setattr(Nest, "promises", "ablation")
    assert here("check", "--operators", "arguments.nest").status == 1


# show, list


def test_show_tells_a_tool_a_call_a_result_and_an_error(here: Here) -> None:
    told = here("show", "arguments.nest", "--tool", "order_book", "--json").json
    sections = {one["title"].split(" of task")[0]: one for one in told["sections"]}
    assert told["plan"]["op"] == "arguments.nest"
    assert {"tool order_book", "gold call", "an error", "prompt"} <= sections.keys()
    assert sections["gold call"]["before"] != sections["gold call"]["after"]
    assert "error: " in sections["an error"]["before"]
    assert sections["prompt"]["before"] == sections["prompt"]["after"]
    words = here("show", "arguments.nest", "--tool", "order_book").out
    assert "\x1b" not in words
    assert any(line.startswith("- ") for line in words.splitlines())
    assert any(line.startswith("+ ") for line in words.splitlines())
    assert "```diff" in here("show", "arguments.nest", "--markdown").out


def test_show_says_why_an_operator_does_not_apply(here: Here) -> None:
    Path("toolsets/leaky.py").write_text(LEAKY)
    ended = here("show", "results.paginate", "--toolset", "toolsets/leaky.py")
    assert ended.status == 2
    assert "results.paginate does not apply to toolsets/leaky.py: the toolset has nothing of the kind" in ended.err


def test_lists_name_what_there_is(here: Here) -> None:
    from perturb.operators import TABLE

    rows = here("list", "operators", "--json").json
    assert [row["id"] for row in rows] == [operator.id for operator in TABLE]
    assert all(row["summary"].endswith(".") and row["axis"] and row["kind"] for row in rows)
    assert {"airline", "agentdojo:banking", "bookshop"} <= {row["name"] for row in here("list", "toolsets", "--json").json}
    assert {"reader", "literal", "adaptive", "first"} <= {row["name"] for row in here("list", "agents", "--json").json}
    assert "bookshop" in here("list", "toolsets").out
    assert here("list", "runs", "--json").json == []
    here("run", *FEW)
    (run,) = here("list", "runs", "--json").json
    assert (run["agent"], run["tasks"], run["ended"]) == ("agents/first.py", 3, "complete")


# report, replay


def test_a_stored_run_is_reported_again_without_one_episode(here: Here) -> None:
    ran = here("run", *FEW, "--json").json
    here("run", "--operators", "tools.opaque")
    Path("agents/first.py").unlink()
    assert "operators" in here("report").out
    assert here("report", "--json").json["run"] != ran["run"]
    again = here("report", ran["run"][:4], "--format", "json").json
    assert again == ran
    for form, begins in (("html", "<!doctype html"), ("markdown", "#"), ("junit", "<?xml")):
        path = Path(f"again.{form}")
        assert here("report", ran["run"], "--format", form, "--out", str(path)).status == 0
        assert path.read_text().lower().startswith(begins)
    assert here("report", ran["run"], "--max-drop", "0.1").status in (1, 3)
    assert here("report", ran["run"], "--max-drop", "1").status == 0
    assert "there is no run 'zz'" in here("report", "zz").err


def test_replay_shows_both_trajectories_and_where_they_part(here: Here) -> None:
    ran = here("run", *FEW, "--json").json
    path = next(failure["plan_file"] for failure in ran["failures"] if failure["task"] == "order-ulysses")
    ended = here("replay", path)
    assert ended.status == 1
    assert "they part at step 1" in ended.out
    assert "clean" in ended.out
    told = here("replay", path, "--json", "--trials", "2").json
    assert told["passed"] == {"clean": 2, "perturbed": 0, "of": 2}
    assert told["proof"]["status"] == "solvable"
    assert told["first_difference"] == 0
    gold = here("replay", path, "--gold", "--json")
    assert gold.status == 0
    assert [one["outcome"] for one in (*gold.json["clean"], *gold.json["perturbed"])] == ["passed", "passed"]
    assert gold.json["first_difference"] is None
    other = here("replay", path, "--agent", "reader")
    assert other.status in (0, 1)
    assert "agent reader" in other.out


def test_a_bare_plan_needs_a_toolset_and_a_task(here: Here) -> None:
    plan = here("show", "tools.opaque", "--json").json["plan"]
    Path("plan.json").write_text(json.dumps(plan))
    ended = here("replay", "plan.json", "--toolset", "toolsets/bookshop.py")
    assert (ended.status, "which names no task; give one with --task" in ended.err) == (2, True)
    arguments = ("--toolset", "toolsets/bookshop.py", "--task", "stock-of-emma", "--agent", "agents/first.py")
    assert here("replay", "plan.json", *arguments).status == 0
    assert here("show", "plan.json").status == 0
    Path("plan.json").write_text(json.dumps(plan | {"version": 99}))
    assert "the plan was made with version 99 of tools.opaque" in here("replay", "plan.json", *arguments).err


# init


def test_init_never_overwrites(here: Here) -> None:
    Path("agents/first.py").write_text("mine")
    Path("perturb.toml").unlink()
    told = here("init", ".", "--json").json
    assert told["made"] == ["perturb.toml"]
    assert "agents/first.py" in told["kept"]
    assert Path("agents/first.py").read_text() == "mine"


@pytest.mark.slow
def test_what_init_makes_runs_and_its_test_passes(tmp_path: Path) -> None:
    assert apart("init", "mine", folder=tmp_path).status == 0
    ended = apart("run", "--json", folder=tmp_path / "mine")
    assert ended.status == 0
    assert ended.json["headline"]["clean"] == 1.0
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *PLUGIN, "-p", "no:cacheprovider"],
        cwd=tmp_path / "mine",
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout


# All commands


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_and_json(here: Here, name: str) -> None:
    ended = here(name, "--help")
    assert ended.status == 0
    assert "Examples:" in ended.out
    assert ended.out.count(f"  perturb {name}") >= 2
    assert "--json" in ended.out


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        command("list", "operators", "--json"),
        cwd=tmp_path,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": "1"},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("flag", ["--intensity", "--timeout", "--max-drop"])
def test_what_is_no_number_is_refused(here: Here, flag: str) -> None:
    ended = here("run", flag, "nan")
    assert ended.status == 2
    assert "nan" in ended.err
    assert "finite" in ended.err


def test_a_file_that_cannot_be_written_is_told_before_anything_runs(here: Here, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = here("run", "--limit", "1", "--markdown", "file/report.md")
    assert ended.status == 2
    assert "--markdown file/report.md cannot be written" in ended.err
    assert not (tmp_path / "reports" / "runs").exists()


def test_a_summary_that_cannot_be_written_costs_no_report(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    ended = here("run", *FEW)
    assert ended.status == 0
    assert "GITHUB_STEP_SUMMARY is" in ended.err


def test_a_report_that_cannot_be_written_is_told_without_a_traceback(here: Here, tmp_path: Path) -> None:
    assert here("run", *FEW).status == 0
    (tmp_path / "file").write_text("")
    ended = here("report", "--format", "markdown", "--out", "file/report.md")
    assert ended.status == 3
    assert "file cannot be used: File exists" in ended.err
    assert "Traceback" not in ended.err


def test_a_defect_is_told_as_ours_with_a_traceback(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    import perturb.cli.listing

    def broken() -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setitem(perturb.cli.listing._LISTS, "operators", broken)  # type: ignore[arg-type]
    ended = here("list", "operators")
    assert ended.status == 3
    assert "Traceback" in ended.err
    assert "this is a defect of Perturb" in ended.err
    assert "Please report it" in ended.err
