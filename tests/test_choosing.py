"""Which pairs a run consists of: by a filter, by what failed last time, by shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Ended, Here, apart

from perturb.choosing import read_shard
from perturb.errors import ConfigurationError
from perturb.filtering import read_filter
from perturb.store import Store

PAIR = {"task": "refund-the-rest", "operator": "tools.synonym", "axis": "tools", "kind": "equivalent"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The first project that `perturb init` makes, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    run = Here(capsys)
    run("init", ".")
    return run


# --- the language of filters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("axis:tools", True),
        ("axis:tool", False),
        ("task:refund*", True),
        ("not task:refund*", False),
        ("operator:tools.* and kind:equivalent", True),
        ("axis:user or axis:tools", True),
        ("axis:user or axis:tools and kind:fault", False),
        ("(axis:user or axis:tools) and not kind:fault", True),
        ("not (axis:user or axis:tools)", False),
        ("not not axis:tools", True),
        ("*the-rest", True),
        ("tools.synonym", True),
        ("tools.opaque", False),
        ("task:'refund*'", True),
        ("'refund-the-rest'", True),
        ("(axis:tools)and(kind:equi[vw]alent)", True),
    ],
)
def test_a_filter_means_pairs_by_their_fields(text: str, meant: bool) -> None:
    assert read_filter(text)(PAIR) is meant


def test_what_is_not_known_yet_decides_only_where_it_must() -> None:
    early = PAIR | {"kind": None}
    assert read_filter("axis:tools or kind:fault")(early) is True
    assert read_filter("axis:user and kind:fault")(early) is False
    assert read_filter("kind:fault")(early) is None
    assert read_filter("not kind:fault")(early) is None
    assert read_filter("axis:tools and kind:fault")(early) is None


def test_a_pattern_with_spaces_or_a_colon_stands_in_quotation_marks() -> None:
    pair = PAIR | {"task": "the last: one"}
    assert read_filter("task:'the last: one'")(pair) is True
    assert read_filter('"the last: *"')(pair) is True
    assert read_filter('task:"the first*"')(pair) is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("axes:tools", "no field is called 'axes'; did you mean 'axis'"),
        ("axis:tools kind:fault", "cannot be read at 'kind:fault': 'and' or 'or' is missing before it"),
        ("axis:tools and", "cannot be read at 'its end': a pattern is missing"),
        ("or axis:tools", "a pattern is missing"),
        ("(axis:tools", "a bracket is not closed"),
        ("axis:", "a pattern is missing"),
        ("task:'refund", "a quotation mark is not closed"),
        ("()", "a pattern is missing"),
    ],
)
def test_a_filter_that_cannot_be_read_says_where_and_why(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        read_filter(text)
    assert why in str(told.value)
    assert "axis:tools and not task:refund*" in str(told.value)


def test_only_the_pairs_that_are_meant_are_run_with_the_clean_episodes_of_their_tasks(here: Here) -> None:
    ended = here("run", "--filter", "axis:tools and task:order-* and kind:equivalent and not *.opaque", "--json")
    assert ended.status == 0
    rows = [row for row in ended.json["operators"] if row["pairs"]]
    assert {row["axis"] for row in rows} == {"tools"}
    assert {row["kind"] for row in rows} == {"equivalent"}
    assert "tools.synonym" in {row["id"] for row in rows}
    assert "tools.opaque" not in {row["id"] for row in ended.json["operators"]}
    assert {task["task"] for task in ended.json["by_task"]} == {"order-dune", "order-ulysses"}
    # The operators that are left after the filter share them.
    assert ended.json["clean_trials"] == round(len(ended.json["planned_operators"]) ** 0.5) > 2
    assert all(task["trials"] == ended.json["clean_trials"] for task in ended.json["by_task"])
    assert "Only the pairs were run that this filter means: axis:tools and" in ended.err


def test_a_task_of_which_no_pair_is_meant_once_kinds_are_known_runs_no_clean_episode(here: Here) -> None:
    told = here("run", "--operators", "tools.synonym,faults.transient", "--filter", "kind:fault", "--dry-run", "--json").json
    assert (told["clean"], told["perturbed"]) == (6, 3)
    nothing = here("run", "--operators", "tools.synonym", "--filter", "kind:fault", "--dry-run", "--json").json
    assert (nothing["clean"], nothing["perturbed"]) == (0, 0)


def test_a_filter_that_means_nothing_is_told(here: Here) -> None:
    ended = here("run", "--filter", "task:none-such")
    assert ended.status == 2
    assert "no pair of task and operator is meant by the filter 'task:none-such'" in ended.err


def test_a_filter_goes_with_a_gate(here: Here) -> None:
    ended = here("run", "--operators", "tools.*", "--filter", "kind:equivalent and task:*emma", "--gate", "drop<=20%", "--json")
    assert ended.status == 0
    assert {task["task"] for task in ended.json["by_task"]} == {"stock-of-emma"}


# --- only what failed -------------------------------------------------------------------------------------------------

TWO = "--operators", "tools.opaque,tools.synonym"
MINDED = '''
import json, pathlib
from first import agent as solve

async def agent(episode):
    """Fails the tasks that are named in a file, where the tools have other names."""
    with open("calls.txt", "a") as file:
        file.write("1\\n")
    changed = not any(tool.name == "search_books" for tool in episode.tools)
    fails = json.loads(pathlib.Path("fails.json").read_text())
    return "" if changed and any(word in episode.prompt for word in fails) else await solve(episode)
'''


class Project:
    """A project whose agent fails, under perturbation, the tasks that hold certain words."""

    def __init__(self, here: Here) -> None:
        self.here = here

    def run(self, *arguments: str, fails: list[str], version: int = 1) -> Ended:
        Path("agents/minded.py").write_text(MINDED + f"# {version}\n")
        Path("fails.json").write_text(json.dumps(fails))
        Path("calls.txt").write_text("")
        return self.here("run", "--agent", "agents/minded.py:agent", *TWO, *arguments, "--json")

    @property
    def calls(self) -> int:
        return len(Path("calls.txt").read_text().split())


@pytest.fixture
def project(here: Here, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.syspath_prepend("agents")
    return Project(here)


def pairs(data: dict[str, Any]) -> set[tuple[str, str]]:
    return {(task["task"], cell["operator"]) for task in data["by_task"] for cell in task["operators"] if cell["trials"]}


def test_only_what_failed_is_run_again_by_the_agent_as_it_is_now(project: Project) -> None:
    first = project.run(fails=["Dune", "Emma"])
    assert first.json["outcomes_by_arm"]["perturbed"] == {"passed": 2, "failed": 4}
    # The agent has been mended in part.
    second = project.run("--only-failed", fails=["Emma"], version=2)
    failing = {(task, operator) for task in ("order-dune", "stock-of-emma") for operator in ("tools.opaque", "tools.synonym")}
    assert pairs(second.json) == failing
    assert project.calls == 2 * 2 + 4
    assert second.json["failed_in"] == first.json["run"]
    assert f"Only pairs that failed in run {first.json['run']} were run" in second.err
    # And then only what fails still.
    third = project.run("--only-failed", fails=[], version=3)
    assert {task for task, _ in pairs(third.json)} == {"stock-of-emma"}
    last = project.run("--only-failed", fails=[], version=3)
    assert last.status == 0
    assert f"nothing failed in run {third.json['run']}" in last.err
    assert project.calls == 0


@pytest.mark.slow
def test_an_agent_that_is_the_same_runs_nothing_twice_unless_asked_to(project: Project) -> None:
    project.run(fails=["Dune"])
    again = project.run("--only-failed", fails=["Dune"])
    assert project.calls == 0
    assert "this agent has run these pairs before; --fresh runs them again" in again.err
    project.run("--only-failed", "--fresh", fails=["Dune"])
    assert project.calls == 2 + 2


def test_failures_are_those_of_the_same_request(project: Project) -> None:
    project.run("--trials", "2", fails=["Dune"])
    other = project.run("--only-failed", fails=["Dune"])
    assert other.status == 2
    assert "holds no run of this request, so no failures; leave --only-failed out" in other.err
    same = project.run("--only-failed", "--trials", "2", fails=["Dune"])
    assert (same.status, same.json["trials"]) == (0, 2)


@pytest.mark.slow
def test_a_run_of_failures_that_was_cut_short_goes_on_with_the_rest(project: Project) -> None:
    project.run(fails=["Dune", "Emma"])
    cut = project.run("--only-failed", "--budget", "5episodes", "--concurrency", "1", fails=[], version=2)
    assert cut.json["ended"]["how"] == "budget"
    rest = project.run("--only-failed", fails=[], version=2)
    assert rest.json["ended"]["left"] == 0
    assert pairs(cut.json) | pairs(rest.json) == {
        (task, operator) for task in ("order-dune", "stock-of-emma") for operator in ("tools.opaque", "tools.synonym")
    }


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--only-failed",), "so no failed pairs; leave --only-failed out to make a run"),
        (("--only-failed", "--max-drop", "0.1"), "chosen for having failed is no gate"),
        (("--only-failed", "--gate", "drop<=10%"), "does not go with --only-failed"),
        (("--shard", "1/2", "--gate", "drop<=10%"), "does not go with --shard"),
        (("--shard", "3/2"), "'3/2' is no shard; write the second of five as --shard 2/5"),
        (("--shard", "4/4"), "shard 4/4 holds no task, since there are only 3; make fewer shards"),
    ],
)
def test_what_does_not_fit_together_is_told(here: Here, arguments: tuple[str, ...], why: str) -> None:
    ended = here("run", *arguments)
    assert ended.status == 2
    assert why in ended.err


# --- shards -----------------------------------------------------------------------------------------------------------


def told(data: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a report, in an order of tasks that does not depend on shards."""
    keys = (
        "run",
        "headline",
        "axes",
        "collapsed",
        "outcomes",
        "outcomes_by_arm",
        "proof",
        "floor",
        "tasks",
        "gate",
    )
    kept = {key: data[key] for key in keys}
    kept["by_task"] = sorted(
        ({**task, "operators": pairs({"by_task": [task]})} for task in data["by_task"]), key=lambda t: t["task"]
    )
    kept["operators"] = [{k: v for k, v in row.items() if k not in ("outcomes", "collapsed")} for row in data["operators"]]
    return kept


@pytest.mark.slow
def test_the_shards_of_a_run_are_together_the_run(here: Here) -> None:
    arguments = ("run", "--agent", "agents/first.py", "--operators", "tools.*,results.*", "--trials", "2")
    parts = [here(*arguments, "--shard", f"{number}/2", "--json").json for number in (1, 2)]
    merged = here("report", "--json")
    assert merged.json["shards"]["numbers"] == [1, 2]
    assert "not whole" not in merged.err
    whole = here(*arguments, "--store", "another.sqlite", "--json").json
    assert told(merged.json) == told(whole)
    tasks = [{task["task"] for task in part["by_task"]} for part in parts]
    assert not tasks[0] & tasks[1]
    assert sorted(map(len, tasks)) == [1, 2]
    # Both arms of each task are in one shard.
    assert all(task["trials"] == whole["clean_trials"] and task["operators"] for part in parts for task in part["by_task"])
    assert (
        here("report", "--gate", "drop<=99%").status
        == here("report", whole["run"], "--store", "another.sqlite", "--gate", "drop<=99%").status
    )
    # The whole command goes on from what the shards have run.
    again = here(*arguments, "--json").json
    assert (again["ended"]["episodes"], again["run"], again["shards"]) == (0, whole["run"], None)


def test_a_shard_that_is_lacking_is_named(here: Here) -> None:
    first = here("run", *TWO, "--shard", "1/3", "--json").json
    data = here("report").out
    assert "The run is not whole: of its 3 shards the store lacks 2, 3." in " ".join(data.split())
    assert here("report", first["run"], "--json").json["tasks"] == 1
    third = here("run", *TWO, "--shard", "3/3", "--json").json
    merged = here("report", "--json").json
    assert merged["shards"] == {"of": 3, "numbers": [1, 3], "runs": [first["run"], third["run"]]}
    assert merged["reproduce"] == first["reproduce"].replace(" --shard 1/3", "")
    assert "--shard" not in merged["reproduce"]


@pytest.mark.slow
def test_shards_that_run_at_once_lose_nothing(here: Here, tmp_path: Path) -> None:
    import threading

    ended: list[Ended] = []

    def run(number: int) -> None:
        ended.append(apart("run", *TWO, "--shard", f"{number}/3", "--json", folder=tmp_path))

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.status for one in ended] == [0, 0, 0]
    merged = here("report", "--json").json
    assert merged["shards"]["numbers"] == [1, 2, 3]
    assert merged["outcomes_by_arm"]["clean"] == {"passed": 6}


@pytest.mark.slow
def test_failures_of_all_shards_are_run_again(project: Project) -> None:
    for number in (1, 2):
        project.run("--shard", f"{number}/2", fails=["Dune", "Emma"])
    again = project.run("--only-failed", fails=[], version=2)
    assert {task for task, _ in pairs(again.json)} == {"order-dune", "stock-of-emma"}


def test_each_task_is_in_exactly_one_shard() -> None:
    assert (str(read_shard(" 2 / 5")), read_shard("1/1").of) == ("2/5", 1)
    for text in ("0/3", "4/3", "1", "a/b", "1/0"):
        with pytest.raises(ConfigurationError, match="is no shard"):
            read_shard(text)


def test_a_store_is_not_changed_by_a_dry_run_of_a_shard(here: Here) -> None:
    here("run", *TWO, "--shard", "1/3")
    with Store("reports/runs/episodes.sqlite") as store:
        before = store.runs()
    here("run", *TWO, "--shard", "2/3", "--dry-run")
    with Store("reports/runs/episodes.sqlite") as store:
        assert store.runs() == before
