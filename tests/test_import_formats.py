"""Recorded episodes: each format keeps what is recorded, the odd things too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import recorded_files as files
from recorded_files import found, read

from perturb.importers.formats import FORMATS
from perturb.importing import Wanted, import_files
from perturb.recorded import pair


def test_results_find_their_calls_by_id_in_any_order(tmp_path: Path) -> None:
    [episode], problems = read(files.write(tmp_path / "t.json", [files.tau(3, 0, 1.0)]))
    assert problems == []
    calls = pair(episode.messages).calls
    assert [(call.call.name, call.answered, call.step) for call in calls] == [("count", 4, 0), ("find", 3, 0)]
    assert [one.text for one in episode.messages if one.is_error] == ["Error: nothing found"]
    assert (episode.task, episode.passed, episode.reward, episode.cut_off) == ("3", True, 1.0, False)
    assert episode.gold is not None
    assert episode.gold[0].arguments == {"item": "lamp"}
    assert episode.about["instruction"] == "ask"


def test_tau_bench_tells_an_episode_that_the_limit_of_steps_ended(tmp_path: Path) -> None:
    long = files.tau(1, 0, 0.0)
    long["traj"].pop()
    [episode], _ = read(files.write(tmp_path / "t.json", [long]))
    assert episode.cut_off


def test_the_calls_of_a_simulated_user_are_not_the_agents(tmp_path: Path) -> None:
    path = files.write(tmp_path / "s.json", files.tau2())
    [episode], problems = read(path)
    assert problems == []
    assert (episode.suite, episode.model, episode.gold_answers, episode.passed) == ("lamps", "gpt-x", ("3",), True)
    assert episode.messages[0].text == "Be kind."
    total = import_files(Wanted((path,)), None).total
    assert (total.calls, total.user_calls, total.tool_errors) == (2, 1, 1)


def test_agentdojo_keeps_thoughts_errors_and_both_verdicts(tmp_path: Path) -> None:
    path = files.write(tmp_path / "none.json", files.dojo())
    assert found(path) == "agentdojo"
    [episode], problems = read(path)
    assert problems == []
    assert (episode.suite, episode.task, episode.setup) == ("banking", "user_task_1", "direct/injection_task_2")
    assert (episode.passed, episode.verdicts) == (True, {"utility": True, "security": False})
    assert [one.reasoning for one in episode.messages if one.calls] == ["hm"]
    assert [one.text for one in episode.messages if one.is_error] == ["ValueError: no"]
    assert [call.answered for call in pair(episode.messages).calls] == [3, 4]
    assert episode.about["benchmark_version"] == "v1.2.2"


@pytest.mark.slow
def test_agentdojo_logs_that_agentdojo_itself_writes(tmp_path: Path) -> None:
    pytest.importorskip("agentdojo", reason="the extra [agentdojo] is not installed")
    from agentdojo.agent_pipeline import AgentPipeline, InitQuery, SystemMessage, ToolsExecutor
    from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
    from agentdojo.benchmark import benchmark_suite_without_injections
    from agentdojo.functions_runtime import FunctionCall
    from agentdojo.logging import OutputLogger
    from agentdojo.task_suite.load_suites import get_suite

    class Says(BasePipelineElement):  # type: ignore[misc]
        def __init__(self, *calls: Any) -> None:
            self.calls = list(calls)

        def query(self, query: str, runtime: Any, env: Any = None, messages: Any = (), extra_args: Any = None) -> Any:
            said = {"role": "assistant", "content": [{"type": "text", "content": "So."}], "tool_calls": self.calls or None}
            return query, runtime, env, [*messages, said], extra_args

    calls = (
        FunctionCall(function="read_file", args={"file_path": "bill-december-2023.txt"}, id="a"),
        FunctionCall(function="read_file", args={"file_path": "nowhere.txt"}, id="b"),
    )
    pipeline = AgentPipeline([SystemMessage("Be brief."), InitQuery(), Says(*calls), ToolsExecutor(), Says()])
    pipeline.name = "scripted"
    with OutputLogger(str(tmp_path)):
        suite = get_suite("v1.2.2", "banking")
        benchmark_suite_without_injections(pipeline, suite, tmp_path, True, ["user_task_0", "user_task_3"], "v1.2.2")
    imported = import_files(Wanted((tmp_path,)), None)
    assert (imported.total.format, imported.total.episodes, imported.total.found) == ("agentdojo", 2, 0)
    assert (imported.total.calls, imported.total.parallel, imported.total.unanswered) == (4, 2, 0)
    assert (imported.total.models, imported.total.passed + imported.total.failed) == (["scripted"], 2)


def test_bfcl_reads_conversations_calls_in_text_and_bare_results(tmp_path: Path) -> None:
    path = files.write(tmp_path / "result" / "gpt-x" / "BFCL_v4_multi_turn_base_result.jsonl", files.bfcl())
    assert found(path) == "bfcl"
    (long, simple, none), problems = read(path)
    calls = [call.call for call in pair(long.messages).calls]
    assert [(call.name, call.arguments) for call in calls] == [
        ("mv", {"a": 1}),
        ("ls", {}),
        ("mv", {"a": "x", "b": [1]}),
        ("cd", {}),
    ]
    assert [call.malformed for call in calls] == [None, "{broken", None, "cd('y')"]
    assert all(call.answered is not None for call in pair(long.messages).calls)
    assert (long.cut_off, long.usage.input_tokens, long.usage.output_tokens, long.seconds) == (True, 35, 6, 2.0)
    assert sum(one.is_error for one in long.messages) == 1
    assert [one.role for one in long.messages].count("user") == 2
    [area] = pair(simple.messages).calls
    assert (area.call.arguments, area.answered) == ({"base": 10, "unit": "cm"}, None)
    assert pair(none.messages).calls == ()
    assert {one.model for one in (long, simple, none)} == {"gpt-x"}
    assert {one.passed for one in (long, simple, none)} == {None}
    assert problems == []


def test_bfcl_takes_verdicts_from_the_score_file_beside(tmp_path: Path) -> None:
    path = files.write(tmp_path / "result" / "m" / "BFCL_v4_x_result.jsonl", files.bfcl())
    wrong = [{"accuracy": 0.67, "correct_count": 2, "total_count": 3}, {"id": "simple_0", "valid": False, "error": ["no"]}]
    files.write(tmp_path / "score" / "m" / "BFCL_v4_x_score.jsonl", wrong)
    episodes, _ = read(path)
    assert {one.task: one.passed for one in episodes} == {"multi_turn_base_0": True, "simple_0": False, "irrelevance_1": True}


def test_chat_messages_may_be_lines_an_array_or_one_conversation(tmp_path: Path) -> None:
    record = {"messages": files.conversation(), "task": "lamps", "reward": 1, "model": "m", "note": "kept"}
    one, many, lines, bare = (tmp_path / name for name in ("one.json", "many.json", "lines.jsonl", "bare.jsonl"))
    files.write(one, files.conversation())
    files.write(many, [record, record])
    files.write(lines, [record, record])
    files.write(bare, [files.conversation(), files.conversation()])
    assert {found(path) for path in (one, many, lines, bare)} == {"openai-chat"}
    for path, number in ((one, 1), (many, 2), (lines, 2), (bare, 2)):
        episodes, problems = read(path)
        assert (len(episodes), problems) == (number, [])
        assert [len(pair(episode.messages).calls) for episode in episodes] == [2] * number
    first, second = read(lines)[0]
    assert (first.task, first.passed, first.trial, second.trial, first.about) == ("lamps", True, 0, 1, {"note": "kept"})
    assert first.key != second.key


def test_foreign_roles_images_and_old_calls_are_kept(tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    said = [
        {"role": "narrator", "content": "It is dark."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]},
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
        {"role": "function", "name": "look", "content": "a lamp"},
        {"role": "assistant", "content": None, "tool_calls": [files.chat_call("z", "dim")]},
        {"role": "tool", "tool_call_id": "other", "content": "late"},
    ]
    path = files.write(tmp_path / "c.jsonl", [{"messages": said}])
    [episode], _ = read(path)
    assert episode.messages[0].role == "narrator"
    assert episode.messages[1].rest == (image,)
    total = import_files(Wanted((path,)), None).total
    assert (total.others, total.media, total.calls, total.unanswered, total.orphans) == ({"narrator": 1}, 1, 2, 1, 1)
    assert [one.what for one in total.problems] == [
        "no result is recorded of 1 call: dim",
        "no call is recorded of 1 result: message 5",
    ]


def test_arguments_that_are_no_json_are_kept_as_their_text(tmp_path: Path) -> None:
    call = {"id": "z", "type": "function", "function": {"name": "look", "arguments": '{"at": '}}
    said = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "z", "content": "no"},
    ]
    path = files.write(tmp_path / "c.jsonl", [{"messages": said}])
    [episode], _ = read(path)
    assert pair(episode.messages).calls[0].call.malformed == '{"at": '
    assert "are no JSON object" in import_files(Wanted((path,)), None).total.problems[0].what


def test_what_no_file_can_hold_is_written_so_that_it_can(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "half \\ud83d"}], "size": ' + "9" * 30 + ', "part": NaN}\n')
    [episode], _ = read(path)
    assert episode.messages[0].text == "half \\ud83d"
    assert episode.about == {"size": "9" * 30, "part": "NaN"}
    store = tmp_path / "s.sqlite"
    name = import_files(Wanted((path,)), store).name
    from perturb.recordings import Recordings

    with Recordings(store) as kept:
        assert list(kept.episodes(name)) == [episode]


def test_every_format_is_listed_in_the_help() -> None:
    from perturb.cli.import_episodes import EXAMPLES

    assert f"Formats: {', '.join(FORMATS)}." in EXAMPLES
