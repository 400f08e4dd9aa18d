"""Inspect: its tasks run perturbed with a real provider over a real socket, and our runs are logs that it reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="the extra [inspect] is not installed")

import inspect_ai
from command_line import ENVIRONMENT, Here
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.model import get_model
from inspect_ai.scorer import Score, Target, accuracy, includes, scorer
from inspect_ai.solver import TaskState, generate, solver, use_tools
from inspect_ai.tool import Tool, ToolDef, ToolParams, tool
from reference_server import airline
from test_readme import python_files

from perturb.errors import ConfigurationError
from perturb.frameworks.inspect_ai import perturbed
from perturb.types import Call, Failure

pytestmark = pytest.mark.filterwarnings("ignore")
"""Inspect's own warnings are not ours."""

BOTH = 'Call the tool `read_value` with {"key": "first"} and `read_value` with {"key": "second"}. Then say both values.'


@tool
def read_value() -> Tool:
    async def execute(key: str) -> str:
        """Reads the value that is stored under a key.

        Args:
            key: The key.
        """
        return {"first": "heron-41", "second": "osprey-87"}[key]

    return execute


@scorer(metrics=[accuracy()])
def graded() -> Any:
    """A scorer that asks the model too, as graders do."""

    async def score(state: TaskState, target: Target) -> Score:
        grade = await get_model().generate("Reply with exactly: `read_value` is right")
        same = grade.completion == "`read_value` is right" and target.text in state.output.completion
        return Score(value="C" if same else "I")

    return score


def evaluated(url: str, folder: Path, model: str = "obliging", **task: Any) -> Any:
    (log,) = inspect_ai.eval(
        inspect_ai.Task(**task),
        model=f"openai-api/reference/{model}",
        model_base_url=f"{url}/v1",
        model_args={"api_key": "none"},
        log_dir=str(folder),
        display="none",
    )
    return log


def requests_of(sample: Any) -> list[Any]:
    return [event.call.request for event in sample.events if event.event == "model"]


def names_in(request: Any) -> set[str]:
    return {one["function"]["name"] for one in request.get("tools") or ()}


@pytest.mark.slow
@pytest.mark.parametrize("agentic", [False, True])
@pytest.mark.parametrize("operators", ["tools.opaque", "results.log_noise", ["tools.synonym", "toolset.distractors"], []])
def test_a_solver_sees_its_own_tools_and_the_model_others(operators: Any, agentic: bool, tmp_path: Path) -> None:
    inner: Any = [use_tools(read_value()), generate()]
    if agentic:
        inner = react(tools=[read_value()], submit=False, on_continue=None)
    with airline().served() as served:
        log = evaluated(
            served.url,
            tmp_path,
            dataset=[Sample(BOTH, target="osprey-87"), Sample(BOTH, target="heron-41")],
            solver=perturbed(inner, operators),
            scorer=graded(),
        )
    assert log.status == "success", log.error
    for sample in log.samples:
        assert sample.scores["graded"].value == "C"
        calls = [call for one in sample.messages for call in getattr(one, "tool_calls", None) or ()]
        assert [(call.function, call.arguments) for call in calls] == [
            ("read_value", {"key": "first"}),
            ("read_value", {"key": "second"}),
        ]
        assert [one.text for one in sample.messages if one.role == "tool"] == ["heron-41", "osprey-87"]
        assert sample.input == BOTH
        first, *_, last = requests_of(sample)
        renamed = operators == "tools.opaque" or "tools.synonym" in operators
        assert ("read_value" in names_in(first)) is not renamed
        # The model's own reasoning goes back to it.
        assert "I was asked for 2 calls" in str(requests_of(sample)[1])
        # The grader is asked after the solver is done, and sees all as it is.
        assert last["messages"][-1]["content"] == "Reply with exactly: `read_value` is right"


def test_a_task_runs_through_other_names(tmp_path: Path) -> None:
    with airline().served() as served:
        log = evaluated(
            served.url,
            tmp_path,
            dataset=[Sample(BOTH, target="osprey-87")],
            solver=perturbed([use_tools(read_value()), generate()], "tools.opaque"),
            scorer=includes(),
        )
    assert log.status == "success", log.error
    (sample,) = log.samples
    assert sample.scores["includes"].value == "C"
    assert "read_value" not in str(requests_of(sample))
    assert [event.function for event in sample.events if event.event == "tool"] == ["read_value", "read_value"]
    (told,) = sample.store["perturb"]["episodes"]
    assert (told["operator"], told["calls"]) == ("tools.opaque", 2)


@pytest.mark.slow
def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no operator is called 'tools\\.opake'"):
        perturbed(generate(), "tools.opake")
    with airline().served() as served:
        log = evaluated(
            served.url,
            tmp_path,
            dataset=[Sample(BOTH)],
            solver=perturbed([use_tools(read_value()), generate()], "environment.entities"),
            scorer=includes(),
        )
    assert log.status == "error"


def tools_of(environment: Any, calls: list[Call]) -> list[Tool]:
    """The tools of our airline as Inspect has tools."""

    def made(name: str, description: str, parameters: Any) -> Tool:
        async def execute(**arguments: Any) -> str:
            from perturb import texts

            call = Call(name, arguments)
            calls.append(call)
            answer = environment.call(call)
            answer = await answer if hasattr(answer, "__await__") else answer
            return texts.failure_text(answer) if isinstance(answer, Failure) else texts.result_text(answer)

        return ToolDef(execute, name=name, description=description, parameters=ToolParams(**parameters)).as_tool()

    return [made(one.name, one.description, one.parameters) for one in airline().toolset.tools]


@pytest.mark.slow
@pytest.mark.parametrize("operators", [[], "tools.synonym", "arguments.nest", "toolset.merge", "preset:vendor-swap"])
def test_a_model_solves_our_tasks_within_inspect_as_without(operators: Any, tmp_path: Path) -> None:
    toolset = airline().toolset
    tasks = {task.id: task for task in toolset.tasks if task.id in ("seat-taken", "window-for-pekka")}
    worlds = {id: (toolset.environment(task), list[Call]()) for id, task in tasks.items()}

    @solver
    def desk() -> Any:
        async def solve(state: TaskState, generate: Any) -> TaskState:
            environment, calls = worlds[str(state.sample_id)]
            state.tools = tools_of(environment, calls)
            return await generate(state)

        return solve

    @scorer(metrics=[accuracy()])
    def checked() -> Any:
        async def score(state: TaskState, target: Target) -> Score:
            environment, calls = worlds[str(state.sample_id)]
            passed = toolset.check(tasks[str(state.sample_id)], environment, state.output.completion, calls)
            return Score(value="C" if passed else "I")

        return score

    with airline().served() as served:
        log = evaluated(
            served.url,
            tmp_path,
            "adaptive",
            dataset=[Sample(task.prompt, id=id) for id, task in tasks.items()],
            solver=perturbed(desk(), operators),
            scorer=checked(),
        )
    assert log.status == "success", log.error
    assert [sample.scores["checked"].value for sample in log.samples] == ["C", "C"]


@pytest.mark.slow
def test_the_task_of_the_readme_runs(tmp_path: Path) -> None:
    (tmp_path / "inspect_stock.py").write_text(python_files()["inspect_stock.py"], encoding="utf-8")
    with airline().served() as served:
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "inspect_ai", "eval", "inspect_stock.py", "--model", "openai-api/reference/obliging"),
                *("--model-base-url", f"{served.url}/v1", "-T", "operators=tools.synonym", "--display", "plain"),
            ],
            cwd=tmp_path,
            env=ENVIRONMENT | {"REFERENCE_API_KEY": "none"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (listed,) = list_eval_logs(str(tmp_path / "logs"))
    (sample,) = read_eval_log(listed).samples or []
    assert sample.scores is not None
    assert sample.scores["includes"].value == "C"
    assert not {"stock"} & names_in(requests_of(sample)[0])


def test_a_run_is_written_as_logs_that_inspect_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    here = Here(capsys)
    agent = "literal"
    ran = here(
        "run", "--agent", agent, "--operators", "tools.opaque,results.flatten", "--limit", "3", "--trials", "2", "--json"
    )
    ended = here("report", "--format", "inspect", "--out", "logs")
    assert ended.status == 0, ended.err
    assert "inspect view --log-dir logs" in ended.err
    listed = list_eval_logs("logs")
    logs = {log.eval.metadata["setup"]: log for log in map(read_eval_log, listed) if log.eval.metadata}
    assert set(logs) == {"clean", *(row["id"] for row in ran.json["operators"] if row["pairs"])}
    # The list of the viewer reads these off the names of the files.
    assert {one.task for one in listed} == {log.eval.task for log in logs.values()}
    for row in ran.json["operators"]:
        if not row["pairs"]:
            continue
        log = logs[row["id"]]
        values = [sample.scores["perturb"].value for sample in log.samples if sample.scores]
        assert values.count("C") / len(values) == pytest.approx(row["perturbed"])
        assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(row["perturbed"])
    opaque = logs["tools.opaque"].samples[0]
    assert {(sample.id, sample.epoch) for sample in logs["tools.opaque"].samples} == {
        (sample.id, epoch) for sample in logs["tools.opaque"].samples for epoch in (1, 2)
    }
    assert opaque.metadata["plan"]["op"] == "tools.opaque"
    called = [call for one in opaque.messages for call in getattr(one, "tool_calls", None) or ()]
    answers = [one for one in opaque.messages if one.role == "tool"]
    assert [one.tool_call_id for one in answers] == [call.id for call in called]
    # It sends names that are retired: each is refused, and Inspect is told that it was.
    assert any(one.error for one in answers)
    assert logs["clean"].samples[0].output.completion
    assert here("report", "--format", "inspect", "--out", "logs").status == 0
    assert len(list_eval_logs("logs")) == len(listed)


def test_a_place_that_is_no_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    here = Here(capsys)
    here("run", "--agent", "literal", "--operators", "tools.opaque", "--limit", "1", "--json")
    Path("taken").write_text("")
    Path("folder").mkdir()
    assert here("report", "--format", "inspect", "--out", "taken").err.endswith(
        "taken is a file; --out names a folder for inspect, which gets a log for each setup\n"
    )
    assert "folder is a folder; --out names a file for html" in here("report", "--format", "html", "--out", "folder").err
