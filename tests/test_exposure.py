"""Which perturbations a recorded agent would meet: shares of its calls, by tool and by step."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
import recorded_files as files
from command_line import Here

from perturb.boundary import shown_turns
from perturb.exposure import STEPS, Exposed, Measured, measure
from perturb.importers.chat import read_tools
from perturb.importing import Wanted, read_files
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, SeededPick, Setup, lens_for
from perturb.operators import by_id, select
from perturb.recorded import Recorded, RecordedCall, RecordedMessage, pair
from perturb.recorded_toolset import learn_toolset, schema_of
from perturb.replay import Gold, run_gold
from perturb.toolset import Task

TOOLS = [
    {
        "name": "count",
        "description": "Count items.",
        "parameters": {"type": "object", "properties": {"item": {"type": "string"}}},
    },
    {"name": "find", "description": "Find a thing.", "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}},
]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def read(path: Path, tools: Any = ()) -> list[Recorded]:
    return [one for _, _, one in read_files(Wanted((path,), tools=read_tools(tools))) if isinstance(one, Recorded)]


def measured(episodes: list[Recorded], *operators: str) -> dict[str, Exposed]:
    got = measure(episodes, learn_toolset(episodes), [by_id(one) for one in operators])
    return {one.operator: one for one in got.exposed}


def real(limit: int) -> tuple[list[Recorded], list[dict[str, Any]]]:
    tools = json.loads(files.real("tau-bench/airline_tools.json").read_text(encoding="utf-8"))
    return read(files.real("tau-bench/gpt-4o-airline.json"), tools)[:limit], [tool["function"] for tool in tools]


def test_a_call_is_touched_by_what_its_tool_its_form_or_its_result_loses(tmp_path: Path) -> None:
    episodes = read(files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)]), TOOLS)  # count gives an object, find fails
    got = measured(episodes, "tools.opaque", "descriptions.reword", "results.rename_keys", "errors.in_band")
    opaque, reword, keys, band = got.values()
    assert (opaque.calls, opaque.touched, opaque.told, opaque.made) == (2, 2, 2, 2)
    assert (reword.touched, reword.told, reword.made, reword.answered) == (2, 2, 0, 0)
    assert (keys.touched, keys.by_tool) == (1, {"count": [1, 1], "find": [0, 1]})
    assert (band.touched, band.by_tool) == (1, {"count": [0, 1], "find": [1, 1]})
    assert (keys.by_step[0], keys.by_step[1], keys.by_step[2]) == ([1, 1], [0, 1], [0, 0])


def test_errors_are_met_as_often_as_they_were_recorded() -> None:
    episodes, _ = real(40)
    errors = sum(message.is_error for one in episodes for message in one.messages)
    calls = sum(len(pair(one.messages).calls) for one in episodes)
    got = measured(episodes, "errors.in_band", "errors.terse")
    assert errors > 5
    assert [(one.touched, one.calls) for one in got.values()] == [(errors, calls)] * 2


def test_enum_values_are_met_where_the_schema_has_them() -> None:
    episodes, tools = real(60)
    with_enum = {tool["name"] for tool in tools if '"enum"' in json.dumps(tool["parameters"])}
    called = [call.call.name for one in episodes for call in pair(one.messages).calls]
    [got] = measured(episodes, "arguments.recode_enum").values()
    assert got.told == sum(name in with_enum for name in called) > 0
    assert {tool for tool, (touched, _) in got.by_tool.items() if touched} == with_enum & set(called)


def test_steps_and_tools_add_up_to_all_calls() -> None:
    episodes, _ = real(20)
    toolset = learn_toolset(episodes)
    got: Measured = measure(episodes, toolset, select("tools.*,results.*,faults.transient"))
    assert len(got.exposed) > 15
    for one in got.exposed:
        assert len(one.by_step) == STEPS
        for counted in (list(one.by_tool.values()), one.by_step):
            assert [sum(pair[0] for pair in counted), sum(pair[1] for pair in counted)] == [one.touched, got.calls]
        assert max(one.told, one.made, one.answered) <= one.touched <= one.told + one.made + one.answered


def test_what_calls_cannot_touch_is_left_out_with_the_reason(tmp_path: Path) -> None:
    episodes = read(files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)]), TOOLS)
    got = measure(episodes, learn_toolset(episodes), select("user.typos,results.identifiers,tools.opaque"))
    assert {one.operator: one.reason.partition(":")[0] for one in got.left_out} == {
        "user.typos": "it changes the user alone, which no call touches",
        "results.identifiers": "not declared",
    }


def test_schemas_of_results_are_learnt_from_what_was_recorded() -> None:
    rows = [{"id": 1, "tags": ["a"], "price": 2}, {"id": 2, "tags": [], "price": 2.5, "note": None}]
    assert schema_of(rows) == {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "price": {"type": "number"},
            "note": {"type": "null"},
        },
        "required": ["id", "tags", "price"],
    }
    table = [{f"seat{at}": {"free": True}} for at in range(60)]
    inner = {"type": "object", "properties": {"free": {"type": "boolean"}}, "required": ["free"]}
    assert schema_of(table) == {"type": "object", "additionalProperties": inner}


def test_the_screen_and_the_json_of_an_import(here: Here, tmp_path: Path) -> None:
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    files.write(tmp_path / "tools.json", TOOLS)
    here("import", "t.json", "--tools", "tools.json", "--name", "mine")
    got = here("exposure", "mine", "-o", "tools.opaque,results.rename_keys,user.typos", "--json").json
    assert (got["episodes"], got["calls"], got["tools"]) == (1, 2, 2)
    opaque, keys = got["operators"]
    assert (opaque["operator"], opaque["share"], keys["share"]) == ("tools.opaque", 1.0, 0.5)
    assert keys["by_tool"] == {"count": {"share": 1.0, "calls": 1}, "find": {"share": 0.0, "calls": 1}}
    assert keys["by_step"] == [1.0, 0.0] + [None] * 8
    out = here("exposure", "mine", "-o", "tools.opaque,results.rename_keys,user.typos").out
    assert "mine · 1 episode · 2 calls · 2 tools · 2 operators" in out
    assert "results.rename_keys          50.0 %" in out
    assert "it changes the user alone, which no call touches: user.typos" in out


def test_a_toolset_says_more_than_a_recording(here: Here, tmp_path: Path) -> None:
    said = [
        {"role": "user", "content": "Two more lamps, please."},
        {"role": "assistant", "content": None, "tool_calls": [files.chat_call("a", "order_items", item="lamp", number=2)]},
        {"role": "tool", "tool_call_id": "a", "content": '{"now": 5}'},
    ]
    files.write(tmp_path / "c.jsonl", [{"messages": said}])
    from command_line import SHELF

    got = here("exposure", "c.jsonl", "--toolset", SHELF, "-o", "tools.opaque", "--json").json
    assert (got["operators"][0]["share"], got["unknown_tools"]) == (1.0, {})


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("t.json",), "the recording does not tell which tools there were; name a file of them with --tools"),
        (("nothing",), "there is no file nothing, and no store"),
        (("t.json", "--tools", "tools.json", "--toolset", "airline"), "leave one of them out"),
        (
            ("t.json", "--tools", "others.json"),
            "no call of t.json is of one of the 1 tools that are known; they call count, find",
        ),
        (("t.json", "--tools", "tools.json", "-o", "no.such"), "no operator is called 'no.such'"),
    ],
)
def test_a_mistake_gets_one_message_with_the_remedy(here: Here, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    files.write(tmp_path / "tools.json", TOOLS)
    files.write(tmp_path / "others.json", [{"name": "other"}])
    got = here("exposure", *words)
    assert (got.status, says in got.err) == (2, True), got.err


@pytest.mark.slow
def test_a_call_is_touched_where_the_gold_replay_feels_the_operator() -> None:
    """Two ways to one answer: what `run_gold` receives differs from clean just where one of its calls is touched."""
    toolset = load_toolset("airline")
    gold = Gold(toolset)
    setup = Setup.of(toolset)
    compared: Counter[bool] = Counter()

    async def compare() -> None:
        for operator in select("results.*,errors.*,faults.*,environment.*"):
            plan = operator.plan(setup, SeededPick(7, operator.drawn_as or operator.id), 1.0)
            lens = None if isinstance(plan, NotApplicable) else lens_for(plan, setup)
            if lens is None or lens.changes_tools:
                continue  # told otherwise from the start, so that everything feels it
            for task, episode in episodes:
                shown = shown_turns(lens, task) != shown_turns(None, task)
                felt = (await run_gold(toolset, task, lens, clean=await gold.clean(task))).felt
                exposures.append((operator, task.id, episode, felt, shown))

    async def record() -> None:
        for task in toolset.tasks[::8]:
            run = await gold.clean(task)
            assert run is not None
            said = [RecordedMessage("user", task.prompt)]
            for number, step in enumerate(run.steps):
                call = RecordedCall(step.call.name, step.call.arguments, f"c{number}")
                said += [
                    RecordedMessage("assistant", calls=(call,)),
                    RecordedMessage("tool", step.reply.text, answers=call.id, is_error=step.reply.is_error),
                ]
            episodes.append((task, Recorded(format="x", task=task.id, source="s", place="p", messages=tuple(said))))

    episodes: list[tuple[Task, Recorded]] = []
    exposures: list[tuple[Any, str, Recorded, bool, bool]] = []
    anyio.run(record)
    anyio.run(compare)
    for operator, task_id, episode, felt, shown in exposures:
        got = measure([episode], toolset, [operator])
        if got.left_out:
            assert operator.id == "environment.scale"  # what there is more shows only where it is run
            continue
        [one] = got.exposed
        assert one.unsure == 0
        if shown:
            continue  # its prompt is felt too
        assert (one.touched > 0) == felt, (operator.id, task_id)
        compared[felt] += 1
    assert min(compared[True], compared[False]) > 20, compared
