"""`perturb run --design` and `--find-worst`: planted causes are found as what they are, and chance is not called one."""

from __future__ import annotations

import math
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import anyio
import lamps
import pytest
from command_line import ENVIRONMENT, Here, apart, command

from perturb.agent import ProviderFailed
from perturb.agent_files import LoadedAgent
from perturb.errors import ConfigurationError
from perturb.evaluation import Evaluation, Request, evaluate, prepare
from perturb.factors import FRESH, MOST_FACTORS, factors_of
from perturb.operator import Stack
from perturb.operators import by_id, select
from perturb.pairing import screened
from perturb.planning import Limits
from perturb.rendering import render_html, render_markdown
from perturb.rendering.wording import points
from perturb.statistics import hull_t
from perturb.statistics.proportions import mcnemar_exact, sign_test
from perturb.store import Store

LAMPS = str(Path(__file__).with_name("lamps.py"))
FOUR = "tools.opaque,descriptions.verbose,arguments.synonym,results.format"
STORE = "reports/runs/episodes.sqlite"


def asked(agent: str, *options: str, operators: str = FOUR) -> tuple[str, ...]:
    return ("run", "-t", LAMPS, "-a", f"{LAMPS}:{agent}", "-o", operators, *options)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return Here(capsys)


# --- a fraction of all stacks -----------------------------------------------------------------------------------------


def test_the_one_factor_that_breaks_an_agent_carries_all_of_the_drop(tmp_path: Path) -> None:
    ended = apart(*asked("breaks_on_names", "--design", "factorial", "--json"), folder=tmp_path)
    assert (ended.status, ended.err.count("Traceback")) == (0, 0)
    found = ended.json["attribution"]
    shares = {row["factor"]: row["effect"] for row in found["factors"]}
    assert shares == pytest.approx({name: float(name == "tools.opaque") for name in FOUR.split(",")}, abs=1e-9)
    assert [row["factor"] for row in found["factors"] if row["p_adjusted"] < 0.05] == ["tools.opaque"]
    assert all(row["effect"] == pytest.approx(0.0, abs=1e-9) for row in found["interactions"])
    assert (found["total"]["drop"], found["measured"]["drop"]) == (pytest.approx(1.0), 1.0)
    assert all(row["tasks"] == 12 and row["operators"] == [row["factor"]] for row in found["factors"])


def test_two_factors_that_break_together_alone_share_the_drop_and_interact(here: Here) -> None:
    data = here(*asked("breaks_on_both", "--design", "factorial", "--json")).json
    found = data["attribution"]
    both = {"tools.opaque", "descriptions.verbose"}
    shares = {row["factor"]: row["effect"] for row in found["factors"]}
    assert shares == pytest.approx({name: 0.5 * (name in both) for name in FOUR.split(",")}, abs=1e-9)
    assert math.fsum(shares.values()) == pytest.approx(found["total"]["drop"]) == pytest.approx(1.0)
    assert all(row["alone"]["effect"] == pytest.approx(0.0, abs=1e-9) for row in found["factors"])
    first, *others = found["interactions"]
    assert (set(first["factors"]), first["effect"]) == (both, pytest.approx(1.0))
    assert first["p_adjusted"] < 0.05 <= min(row["p_adjusted"] for row in others)


def test_every_form_of_the_report_says_what_carries_the_drop(here: Here) -> None:
    text = here(*asked("breaks_on_both", "--design", "factorial", "--markdown", "r.md")).out
    told = " ".join(text.split())
    assert "descriptions.verbose with tools.opaque: 100.0 beyond the sum" in told
    assert "The shares add up to the drop; a factor that does not apply to a task counts as on there" in told
    assert "The drop is that of all factors on together" in told
    assert "| `descriptions.verbose` with `tools.opaque` | 100.0 |" in Path("r.md").read_text()
    data = here("report", "--json").json | {"failures": [], "other_failures": []}
    page = render_html(data)
    assert "What carries the drop" in page
    assert "What hurts, operator by operator" not in page  # stacks are no operators
    total = points(data["attribution"]["total"]["drop"])
    none = {"headline": data["headline"] | {"drop": None, "interval": None}}
    for page in (render_html(data | none), render_markdown(data | none)):
        assert "no drop to report" not in page
        assert f"factors on, {total} points are lost" in page
    assert "What carries" not in render_html(data | {"attribution": None}) + render_markdown(data | {"attribution": None})


def test_each_task_is_clean_and_with_all_on_and_its_stacks_differ_in_nothing_but_what_is_on(here: Here) -> None:
    run = here(*asked("sound", "--design", "factorial", "--trials", "5", "--json")).json["run"]
    with Store(STORE) as store:
        planned = [one for one in store.planned(run) if one.task == "n3"]
        kept = (store.header(run) or {})["designed"]
    stacks = {one.trial: (one.plan or {})["operators"] for one in planned if one.operator is not None}
    assert (len(stacks[0]), sorted(stacks)) == (4, list(range(6)))
    alone: dict[str, Any] = {}
    for trial, members in stacks.items():
        on = {name for name, is_on in zip(kept["factors"], kept["runs"]["n3"][trial], strict=True) if is_on}
        assert {member["op"] for member in members} == on  # type: ignore[union-attr]
        for member in members:  # type: ignore[union-attr]
            # A synonym may be chosen for what it means among other names; the rest is what it was.
            assert alone.setdefault(member["op"], member) == member
    assert sum(one.operator is None for one in planned) == 2


def test_a_factor_that_applies_to_some_tasks_counts_as_on_and_changes_nothing_elsewhere(here: Here) -> None:
    data = here(*asked("breaks_on_names_first", "--design", "factorial", "--json", operators="user.reorder,tools.opaque")).json
    rows = {row["factor"]: row for row in data["attribution"]["factors"]}
    assert (rows["user.reorder"]["tasks"], rows["tools.opaque"]["tasks"], data["attribution"]["tasks"]) == (6, 12, 12)
    # It takes everything where it applies, and that is half of the tasks.
    assert rows["user.reorder"]["effect"] == pytest.approx(0.5)
    assert rows["tools.opaque"]["effect"] == pytest.approx(0.0, abs=1e-9)
    assert data["attribution"]["measured"]["drop"] == 0.5


def test_a_factor_that_goes_with_no_other_has_no_share_and_the_report_says_so(here: Here) -> None:
    three = "tools.opaque,tools.swap_names,results.format,environment.clock"
    found = here(*asked("sound", "--design", "factorial", "--json", operators=three)).json["attribution"]
    assert {row["factor"] for row in found["factors"]} == {"tools.opaque", "results.format"}
    assert found["left_out"] == ["tools.swap_names", "environment.clock"]
    assert "beside the others: tools.swap_names, environment.clock." in found["told"]


@pytest.mark.slow
def test_many_operators_are_told_apart_by_their_axes(here: Here) -> None:
    data = here(*asked("sound", "--design", "factorial", "--json", operators="tools.*,arguments.*,results.*,user.*")).json
    rows = {row["factor"]: row for row in data["attribution"]["factors"]}
    assert rows.keys() == {"tools", "responses", "user"}
    assert len(rows["tools"]["operators"]) > 1
    assert all(by_id(name).axis == axis for axis, row in rows.items() for name in row["operators"])
    assert not {"results.wrong_value", "results.truncate"} & set(rows["responses"]["operators"])  # kinds shown apart


def test_presets_are_factors_and_their_members_lie_each_in_its_phase(here: Here) -> None:
    data = here(*asked("sound", "--design", "factorial", "--preset", "vendor-swap", "--json", operators="descriptions.verbose"))
    with Store(STORE) as store:
        planned = [one for one in store.planned(data.json["run"]) if one.operator is not None and one.trial == 0]
    assert len(data.json["attribution"]["factors"]) == 2
    assert all(member["op"] != Stack.id for one in planned for member in (one.plan or {})["operators"])  # type: ignore[union-attr]
    assert all(one.proof == "solvable" for one in planned)


# --- covering arrays --------------------------------------------------------------------------------------------------


def test_two_operators_that_break_together_alone_are_found_and_confirmed_on_fresh_episodes(here: Here) -> None:
    data = here(*asked("breaks_on_both", "--design", "pairwise", "--json")).json
    found = data["pairwise"]
    (pair,) = found["pairs"]
    assert (set(pair["operators"]), pair["breaks"]) == ({"tools.opaque", "descriptions.verbose"}, True)
    assert (pair["together"], pair["alone"], pair["clean"], pair["repeats"]) == (0, [10, 10], 10, 10)
    assert (pair["p_value"], pair["interaction"]) == (2**-10, 1.0)
    assert found["cells"] == {"pairs": 72, "judged": 72, "alone": 0, "not_run": 0}
    with Store(STORE) as store:
        fresh = [one for one in store.finished(data["run"]) if one.trial >= FRESH]
        stacks = [one for one in store.finished(data["run"]) if one.operator == "stack"]
    assert len(fresh) == found["episodes"]["confirming"] == 40
    assert len(stacks) < 12 * 6  # fewer than every two by themselves
    # The tables are those of each operator by itself.
    assert {row["id"]: row["drop"] for row in data["operators"]} == dict.fromkeys(FOUR.split(","), 0.0)
    assert data["headline"]["drop"] == 0.0


def test_an_operator_that_breaks_alone_is_no_half_of_a_pair(here: Here) -> None:
    found = here(*asked("breaks_on_names", "--design", "pairwise", "--json")).json["pairwise"]
    assert (found["pairs"], found["suspected"]) == ([], 0)
    assert found["cells"] == {"pairs": 72, "judged": 36, "alone": 36, "not_run": 0}
    assert "36 not, since one of the two fails alone" in found["told"]


def test_an_agent_that_fails_at_random_raises_suspicions_and_none_is_confirmed(here: Here) -> None:
    found = here(*asked("wavers", "--design", "pairwise", "--json")).json["pairwise"]
    assert found["suspected"] > 0
    assert not any(one["breaks"] for one in found["pairs"])
    assert found["told"].startswith("No two operators are sure to break together")


def test_every_form_of_the_report_says_which_two_break(here: Here) -> None:
    text = " ".join(here(*asked("breaks_on_both", "--design", "pairwise", "--markdown", "r.md")).out.split())
    assert "descriptions.verbose with tools.opaque: together 0 of 10, alone 10 and 10, clean 10" in text
    assert "which suggest and prove nothing" in text
    assert "| `descriptions.verbose` with `tools.opaque` | **yes** | 0 | 10, 10 | 10 | 10 |" in Path("r.md").read_text()
    page = render_html(here("report", "--json").json | {"failures": [], "other_failures": []})
    assert "What breaks together" in page


def test_two_that_cannot_be_laid_over_one_another_are_told_and_never_tried(here: Here) -> None:
    data = here(*asked("sound", "--design", "pairwise", "--json", operators="tools.opaque,arguments.nest,arguments.wrap")).json
    found = data["pairwise"]
    assert found["never"] == [["arguments.nest", "arguments.wrap"]]
    assert "1 pair cannot be laid over one another: arguments.nest with arguments.wrap." in found["told"]
    with Store(STORE) as store:
        stacks = [one for one in store.planned(data["run"]) if one.operator == "stack"]
    members = [{member["op"] for member in (one.plan or {})["operators"]} for one in stacks]  # type: ignore[union-attr]
    assert members
    assert not any({"arguments.nest", "arguments.wrap"} <= one for one in members)


def test_the_screening_reads_what_each_stack_shows() -> None:
    cast = ("a", "b", "c", "d")
    alone: dict[tuple[str | None, str, int], str] = {(name, "t", 0): "passed" for name in "abc"} | {("d", "t", 0): "failed"}
    never = frozenset({("b", "c")})
    first = screened("t", cast, never, alone)
    assert first.alone == ("a", "b", "c")
    assert {pair for row in first.rows for pair in (("a", "b"), ("a", "c"), ("b", "c")) if set(pair) <= set(row)} == {
        ("a", "b"),
        ("a", "c"),
    }
    ended = alone | {
        ("stack", "t", number): "failed" if {"a", "b"} <= set(row) else "passed" for number, row in enumerate(first.rows)
    }
    second = screened("t", cast, never, ended)
    assert (second.suspects, second.cleared, second.failed) == ((("a", "b"),), {("a", "c")}, ())
    third = screened("t", cast, never, ended | {("a+b", "t", 0): "failed"})
    assert (third.failed, third.unexplained) == ((("a", "b"),), 0)
    assert screened("t", cast, never, ended | {("a+b", "t", 0): "passed"}).unexplained == 1


def test_a_sign_test_is_half_of_mcnemars() -> None:
    assert sign_test(10, 0) == 2**-10
    assert sign_test(0, 0) == 1.0
    assert sign_test(10, 2) == pytest.approx(mcnemar_exact(10, 2).exact / 2)
    assert sign_test(2, 10) == pytest.approx(1 - sign_test(11, 1))
    with pytest.raises(ValueError, match="cannot be negative"):
        sign_test(-1, 2)


# --- the worst --------------------------------------------------------------------------------------------------------


def test_the_worst_is_found_and_its_drop_is_that_of_fresh_episodes_alone(here: Here) -> None:
    data = here(*asked("breaks_on_names", "--find-worst", "--budget", "100episodes", "--json")).json
    found = data["worst"]
    assert found["operator"] == "tools.opaque"
    with Store(STORE) as store:
        finished = list(store.finished(data["run"]))
    fresh = [one for one in finished if one.trial >= FRESH]
    assert {one.operator for one in fresh} == {None, "tools.opaque"}
    assert (len(fresh), len(finished) - len(fresh)) == (found["confirmation"]["episodes"], found["search"]["episodes"])
    assert len(finished) <= 100
    trials = len(fresh) // 24
    expected = hull_t([1.0] * 12, trials)
    assert (data["headline"]["drop"], data["headline"]["interval"]) == (1.0, [expected.low, min(1.0, expected.high)])
    assert [row["id"] for row in data["operators"]] == ["tools.opaque"]
    assert sum(data["outcomes"].values()) == data["usage"]["episodes"] == len(finished)
    most = max(found["operators"], key=lambda row: row["pairs"])
    assert most["operator"] == "tools.opaque"


def test_every_form_of_the_report_says_that_the_search_is_in_no_drop(here: Here) -> None:
    text = " ".join(
        here(*asked("breaks_on_names", "--find-worst", "--budget", "100episodes", "--markdown", "r.md")).out.split()
    )
    assert "tools.opaque looked worst in" in text
    assert "of the search are in none of them." in text
    assert "### The worst operator" in Path("r.md").read_text()
    assert "The worst operator" in render_html(here("report", "--json").json | {"failures": [], "other_failures": []})


def test_the_confirmed_drop_can_be_a_gate(here: Here) -> None:
    assert here(*asked("breaks_on_names", "--find-worst", "--budget", "100episodes", "--max-drop", "0.1")).status == 1


@pytest.mark.slow
def test_the_same_search_again_runs_nothing_and_says_the_same(here: Here) -> None:
    line = asked("wavers", "--find-worst", "--budget", "100episodes", "--json")
    whole, again = here(*line).json, here(*line).json
    assert (again["ended"]["episodes"], again["ended"]["resumed"]) == (0, whole["ended"]["episodes"])
    assert again["worst"] == whole["worst"]
    # Another budget is another search.
    assert here(*line[:-2], "80episodes", "--json").json["run"] != whole["run"]


@pytest.mark.slow
def test_a_search_that_time_cuts_short_says_that_nothing_is_confirmed(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOW", "0.6")
    data = here(*asked("sound", "--find-worst", "--budget", "100episodes,2s", "--json")).json
    assert data["ended"]["how"] == "budget"
    assert data["worst"]["confirmation"] is None
    assert "it is not confirmed yet: the same command goes on" in data["worst"]["told"]
    monkeypatch.setenv("SLOW", "0")
    data = here(*asked("sound", "--find-worst", "--budget", "100episodes", "--json")).json
    assert data["ended"]["resumed"] > 0
    assert data["worst"]["confirmation"]["drop"] == 0.0


# --- resuming ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--design", "factorial"), marks=pytest.mark.slow),
        pytest.param(("--design", "pairwise"), marks=pytest.mark.slow),
        ("--find-worst", "--budget", "100episodes"),
    ],
)
def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been_killed(tmp_path: Path, options: tuple[str, ...]) -> None:
    line = asked("wavers", *options, "--concurrency", "4", "--json")
    there, undisturbed = tmp_path / "killed", tmp_path / "whole"
    there.mkdir(), undisturbed.mkdir()
    running = subprocess.Popen(
        command(*line), cwd=there, env=ENVIRONMENT | {"SLOW": "0.05"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    store = there / STORE
    done = 0
    deadline = time.monotonic() + 60
    while done < 30 and time.monotonic() < deadline:
        assert running.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
        if store.exists():
            with Store(store) as opened:
                done = sum(sum(opened.outcomes(name).values()) for name, _, _ in opened.runs())
    running.send_signal(signal.SIGKILL)
    running.wait()
    resumed, whole = (apart(*line, folder=folder).json for folder in (there, undisturbed))
    assert 0 < resumed["ended"]["resumed"] < resumed["usage"]["episodes"]
    for part in ("attribution", "pairwise", "worst", "headline", "outcomes_by_arm"):
        assert resumed[part] == whole[part], part


def test_faults_of_the_last_part_are_tried_again_and_those_before_it_stay(tmp_path: Path) -> None:
    down = True

    async def agent(episode: Any) -> str:
        if down and episode.repeat >= FRESH:
            raise ProviderFailed("the provider is down")
        return await lamps.sound(episode)

    async def job() -> Evaluation:
        operators = tuple(FOUR.split(","))
        request = Request(toolset=LAMPS, operators=operators, find_worst=True, folder=tmp_path, limits=Limits(episodes=100))
        return await evaluate(await prepare(request, LoadedAgent(name="agent", digest="agent", function=agent)))

    first = anyio.run(job)
    assert first.data["worst"]["confirmation"] is None
    lost = first.data["outcomes"]["infrastructure_error"]
    down = False
    second = anyio.run(job)
    assert second.data["worst"]["confirmation"]["drop"] == 0.0
    assert (second.ended.episodes, second.ended.left) == (lost, 0)
    assert second.data["worst"]["search"] == first.data["worst"]["search"]
    third = anyio.run(job)
    assert (third.ended.episodes, third.ended.resumed) == (0, first.ended.episodes)


# --- what does not go together ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--design", "latin"), "'latin' is not one of 'factorial', 'pairwise'"),
        (("--design", "factorial", "--gate", "drop<=10%"), "it does not go with --gate"),
        (("--design", "pairwise", "--dose", "0.5,1"), "it does not go with --dose"),
        (("--design", "pairwise", "--trials", "3"), "it does not go with --trials"),
        (("--design", "factorial", "--shard", "1/2"), "it does not go with --shard"),
        (("--design", "factorial", "--filter", "axis:tools"), "it does not go with --filter"),
        (("--design", "factorial", "--max-drop", "0.1"), "leave --max-drop or --design out"),
        (("--design", "factorial", "--find-worst"), "leave one of them out"),
        (("--find-worst", "--gate", "drop<=10%"), "it does not go with --gate"),
        (("--find-worst", "--only-failed"), "it does not go with --only-failed"),
        (("--find-worst", "--budget", "10episodes"), "give at least --budget 40episodes"),
        (("--find-worst", "-o", "tools.opaque"), "name more --operators"),
        (("--design", "pairwise", "-o", "tools.opaque"), "and tools.opaque is one"),
        (("--design", "factorial", "--task", "n1"), "a design needs two of each at least"),
        (("--design", "factorial", "-o", "environment.clock,environment.scale"), "name more operators or more tasks"),
        (("--design", "pairwise", "-o", "environment.clock,environment.scale"), "name more operators or more tasks"),
        (("--find-worst", "-o", "environment.clock,environment.scale"), "name more --operators"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(here: Here, options: tuple[str, ...], why: str) -> None:
    named = () if "-o" in options else ("-o", FOUR)
    ended = here("run", "-t", LAMPS, "-a", f"{LAMPS}:sound", *named, *options)
    assert (ended.status, ended.out) == (2, "")
    assert why in " ".join(ended.err.split())
    assert "Traceback" not in ended.err


def test_too_few_tasks_for_many_factors_are_told_before_anything_is_run(here: Here) -> None:
    line = asked("sound", "--design", "factorial", "--task", "n1", "--task", "n2", "--trials", "2")
    ended = here(*line)
    assert ended.status == 2
    assert "2 tasks with 2 stacks each are too few to tell 4 factors and their pairs apart" in ended.err
    assert "--trials 4 or more" in ended.err


def test_factors_are_the_operators_that_are_named_where_these_are_few() -> None:
    named = select("tools.opaque,results.format")
    assert [one.name for one in factors_of(named, ("tools.opaque", "results.format"))] == [one.id for one in named]
    assert {one.name for one in factors_of(named, ("*",))} == {"tools", "responses"}
    many = select("tools.*,descriptions.*")
    assert len(many) > MOST_FACTORS
    with pytest.raises(ConfigurationError, match="are all of the axis tools"):
        factors_of(many, ("tools.*", "descriptions.*"))


# --- beforehand -------------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_is_known_of_a_design(here: Here) -> None:
    told = here(*asked("sound", "--design", "factorial", "--dry-run", "--json")).json
    assert (told["clean"], told["perturbed"]) == (24, 12 * (1 + 3))
    assert "at least 72 episodes would be run" in here(*asked("sound", "--design", "pairwise", "--dry-run")).out
    assert (
        "at most 100 episodes would be run" in here(*asked("sound", "--find-worst", "--budget", "100episodes", "--dry-run")).out
    )
    assert not Path("reports/runs").exists() or not list(Path("reports/runs").glob("*/report.json"))


def test_help_shows_how(here: Here) -> None:
    said = here("run", "--help").out
    for line in ("--design factorial", "--design pairwise -o", "--find-worst --budget 200episodes"):
        assert line in said
