"""Recorded episodes: each format keeps what is recorded, and the published figures come out of the real files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import recorded_files as files

from perturb.errors import ConfigurationError
from perturb.importers.formats import FORMATS, format_of
from perturb.importers.reading import Problem, Source
from perturb.importing import Wanted, import_files, read_files
from perturb.recorded import Recorded, pair


def read(path: Path, form: str | None = None) -> tuple[list[Recorded], list[Problem]]:
    """The episodes of a file, and what is wrong with it."""
    episodes, problems = [], []
    for _, _, one in read_files(Wanted((path,), form)):
        (problems if isinstance(one, Problem) else episodes).append(one)  # type: ignore[arg-type]
    return episodes, problems


def found(path: Path) -> str:
    return format_of(Source(path)).name


# The real files


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


# Each format


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


def test_inspect_puts_attachments_back_and_keeps_images(tmp_path: Path) -> None:
    path = files.eval_log(tmp_path / "log.eval", [files.sample("one", 1, "C"), files.sample("one", 2, "I")])
    assert found(path) == "inspect"
    (first, second), problems = read(path)
    assert problems == []
    assert (first.passed, second.passed, first.trial, second.trial) == (True, False, 0, 1)
    [call] = pair(first.messages).calls
    assert call.call.arguments == {"item": "a long text"}
    assert first.messages[3].text == "a long text"
    assert first.messages[0].rest == ({"type": "image", "image": "attachment://abc"},)
    assert (first.messages[2].is_error, first.messages[2].text) == (True, "too slow")
    assert first.messages[1].reasoning == "hm"
    assert [tool.name for tool in first.tools] == ["count"]
    assert (first.model, first.suite, first.usage.input_tokens) == ("mock/x", "lamps", 5)


def test_inspect_logs_that_inspect_itself_writes(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="inspect_ai is not installed")
    pytest.importorskip("zstandard", reason="the extra [import] is not installed")
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
    from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser
    from inspect_ai.scorer import Score
    from inspect_ai.tool import ToolCall

    call = ToolCall(id="x", function="count", arguments={"item": "lamp"})
    said: list[Any] = [
        ChatMessageUser(content="How many?"),
        ChatMessageAssistant(content="", tool_calls=[call]),
        ChatMessageTool(content="3", tool_call_id="x", function="count"),
        ChatMessageAssistant(content="There are 3."),
    ]
    sample = EvalSample(id="a", epoch=1, input="How many?", target="3", messages=said, scores={"match": Score(value="C")})
    spec = EvalSpec(
        task="lamps", model="mock/x", created="2026-11-01T00:00:00+00:00", dataset=EvalDataset(), config=EvalConfig()
    )
    log = EvalLog(eval=spec, samples=[sample], status="success")
    for name in ("log.eval", "log.json"):
        write_eval_log(log, str(tmp_path / name))
        assert found(tmp_path / name) == "inspect"
        [episode], problems = read(tmp_path / name)
        assert problems == []
        assert [one.text for one in episode.messages] == ["How many?", "", "3", "There are 3."]
        assert [(one.call.name, one.answered) for one in pair(episode.messages).calls] == [("count", 2)]
        assert (episode.passed, episode.model, episode.task) == (True, "mock/x", "a")


def test_a_log_of_inspect_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({"eval": {"task": "lamps", "model": "mock/x"}}))
        archive.writestr("samples/a_epoch_1.json", json.dumps(files.sample("a", 1, "C")))
        archive.writestr("samples/b_epoch_1.json", '{"id": "b", "mess')
    [episode], problems = read(path)
    assert episode.model == "mock/x"
    assert [problem.where for problem in problems] == ["header.json", "samples/b_epoch_1.json"]


def test_zstandard_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    path = files.eval_log(tmp_path / "log.eval", [files.sample("one", 1, "C")])
    real_list = zipfile.ZipFile.infolist

    def packed(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        entries = real_list(archive)
        for entry in entries:
            entry.compress_type = 93
        return entries

    monkeypatch.setattr(zipfile.ZipFile, "infolist", packed)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ConfigurationError, match=r'pip install "perturb-agents\[import\]"'):
        read(path)


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


def test_every_format_is_listed_in_the_help() -> None:
    from perturb.cli.import_episodes import EXAMPLES

    assert f"Formats: {', '.join(FORMATS)}." in EXAMPLES
