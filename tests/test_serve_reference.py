"""The reference agents as models: the same outcome by direct call and over every wire, and reasoning that must come back."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from command_line import ENVIRONMENT, PLUGIN, Here, apart, command
from reference_server import Learnt, airline, model_agent

from perturb.agent import LiveEpisode
from perturb.agent_files import LoadedAgent
from perturb.episode import Episode
from perturb.operator import Operator, SeededPick
from perturb.operators import by_id
from perturb.reference.notebook import Notebook
from perturb.reference.places import document
from perturb.reference.world import Unknown, World
from perturb.serving.app import Reference
from perturb.serving.minds import AgentMind
from perturb.serving.server import serving
from perturb.serving.telling import Telling
from perturb.types import Call

SAMPLE = ("seat-taken", "merged-profile", "window-for-pekka")
"""Tasks with an error on the way, and one with many steps."""

CHAT = {
    "chat, no reasoning": ("chat:{}", "/openai/v1", {}),
    "chat, reasoning": ("chat:{}", "/vllm/v1", {}),
    "chat, reasoning_content": ("chat:{}", "/vllm-earlier/v1", {}),
    "chat, append_think": ("chat:{}", "/append-think/v1", {}),
    "chat, MiniMax inline": ("chat:{}", "/minimax/v1", {}),
    "chat, MiniMax split": ("chat:{}", "/minimax/v1", {"body": {"reasoning_split": True}}),
    "chat, DeepSeek": ("chat:{}", "/deepseek/v1", {}),
}
STREAMS = {f"{name}, streamed": (spec, path, {**settings, "stream": True}) for name, (spec, path, settings) in CHAT.items()} | {
    "chat, MiniMax split, cumulative": (
        "chat:{}",
        "/minimax-cumulative/v1",
        {"body": {"reasoning_split": True}, "stream": True},
    ),
    "chat, MiniMax inline, cumulative": ("chat:{}", "/minimax-cumulative/v1", {"stream": True}),
    "chat, DeepSeek, cumulative": ("chat:{}", "/deepseek-cumulative/v1", {"stream": True}),
}
THINKING = {"thinking": {"type": "adaptive"}}
ITEMS = {
    "responses, items": ("responses:{}", "/v1", {}),
    "responses, previous": ("responses:{}", "/v1", {"state": "previous"}),
    "responses, encrypted": ("responses:{}", "/v1", {"state": "encrypted"}),
    "responses, with summaries": ("responses:{}", "/v1", {"body": {"reasoning": {"summary": "auto"}}}),
    "anthropic": ("anthropic:{}", "", {"body": THINKING}),
    "anthropic, no reasoning": ("anthropic:{}", "", {}),
}
STREAMS |= {f"{name}, streamed": (spec, path, {**settings, "stream": True}) for name, (spec, path, settings) in ITEMS.items()}
WIRES: dict[str, tuple[str, str, dict[str, Any]]] = CHAT | ITEMS | STREAMS
QUICK = ("chat, no reasoning", "chat, MiniMax inline, streamed", "responses, encrypted, streamed", "anthropic")
EACH = [pytest.param(wire, marks=() if wire in QUICK[:2] else pytest.mark.slow) for wire in WIRES]


def told(episodes: list[Episode]) -> list[Any]:
    return [(one.task, one.outcome, one.answer, [step.call for step in one.steps], one.error) for one in episodes]


@pytest.mark.parametrize("wire", EACH)
def test_an_agent_does_over_a_wire_what_it_does_by_direct_call(wire: str) -> None:
    """The server refuses any reasoning that does not come back to the last byte."""
    spec, path, settings = WIRES[wire]
    learnt = airline()
    expected = told(learnt.run(learnt.direct("reader"), *SAMPLE))
    with learnt.served(strict=True) as served:
        episodes = learnt.run(model_agent(spec.format("reader"), served.url + path, **settings), *SAMPLE)
    assert told(episodes) == expected
    assert all(one.usage.input_tokens and one.usage.output_tokens and one.usage.turns for one in episodes)
    assert all(bool(one.usage.thoughts) == ("no reasoning" not in wire) for one in episodes)
    # What a server keeps to itself is no text of ours.
    sealed = "responses" in wire and "summaries" not in wire
    assert all(bool(one.reasoning) == ("no reasoning" not in wire and not sealed) for one in episodes)


@pytest.mark.slow
@pytest.mark.parametrize(("wire", "preset"), [*((wire, None) for wire in WIRES), *((wire, "vendor-swap") for wire in QUICK)])
def test_an_agent_does_so_on_every_task(wire: str, preset: str | None) -> None:
    spec, path, settings = WIRES[wire]
    learnt = airline()
    under = None if preset is None else planned(learnt, preset)
    for name in ("reader", "adaptive", "planner", "literal"):
        expected = told(learnt.run(learnt.direct(name), *at_once(learnt), operator=under))
        with learnt.served(strict=True) as served:
            agent = model_agent(spec.format(name), served.url + path, **settings)
            episodes = learnt.run(agent, *at_once(learnt), operator=under)
        assert told(episodes) == expected


def planned(learnt: Learnt, name: str) -> Operator:
    """A plan of an operator or a preset on the whole of a toolset."""
    plan = by_id(name).plan(learnt.gold.setup, SeededPick(7, name), 1.0)
    assert isinstance(plan, Operator)
    return plan


def test_a_word_within_a_name_says_nothing_of_an_error() -> None:
    telling = Telling(airline().transcripts)
    assert not telling.is_error('{"report_identifier":"B-53723","problem_value":"damaged","status_name":"to be inspected"}')
    assert telling.is_error('{"type":"about:blank","title":"Not Found","status":404}')
    assert telling.is_error('{"error":{"code":"not_found"}}')


def test_an_answer_does_not_hang_on_what_has_been_forgotten_of_other_texts() -> None:
    learnt = airline()
    task, direct = "what-if-i-cancel", learnt.direct("reader")
    before = told(learnt.run(direct, task))
    document.cache_clear()  # as many other texts do
    assert told(learnt.run(direct, task)) == before


def at_once(learnt: Learnt) -> list[str]:
    """The tasks in which the user says all at once. An agent may hear a user out before it acts; a model cannot know that
    more is to come, and acts on what it has been told."""
    return [task.id for task in learnt.toolset.tasks if not task.follow_ups]


def test_a_model_acts_on_what_it_was_told_and_goes_on_when_told_more() -> None:
    learnt = airline()
    with learnt.served(strict=True) as served:
        (episode,) = learnt.run(model_agent("chat:reader", f"{served.url}/v1"), "one-thing-at-a-time")
    assert episode.outcome == "passed"
    assert len(episode.said) > 1


def forgetful(learnt: Learnt) -> LoadedAgent:
    """`reader`, but that it knows the last reply alone: what `notekeeper` must be without its notes."""
    notebook = Notebook(learnt.transcripts)

    async def agent(episode: LiveEpisode) -> str:
        study = notebook.study(episode.prompt)
        assert study is not None
        world = World(study, episode.prompt)
        steps, place = study.transcript.steps, 0
        while place < len(steps):
            with suppress(Unknown):
                learnt_call = Call(steps[place].call.name, world.arguments(place))
                call = notebook.matching(study.transcript.tools, episode.tools).call(learnt_call)
                assert call is not None
                reply = await episode.call(call.name, call.arguments)
                world, made = World(study, episode.prompt), len(episode.steps)  # type: ignore[attr-defined]
                if not reply.is_error or document(reply.text).layout == study.replies[made - 1].layout:
                    world.hear(made - 1, reply)
                place = made - 1
            place += 1
        return world.answer()

    return LoadedAgent(name="forgetful", function=agent, digest="")


@pytest.mark.slow
def test_what_a_model_noted_in_its_reasoning_it_knows_only_if_that_comes_back() -> None:
    learnt = airline()
    tasks = at_once(learnt)
    reader, without = told(learnt.run(learnt.direct("reader"), *tasks)), told(learnt.run(forgetful(learnt), *tasks))
    with learnt.served() as served:
        kept = learnt.run(model_agent("chat:notekeeper", f"{served.url}/vllm/v1"), *tasks)
        # This server puts reasoning into one field and reads it from there: sent back in another, it is lost.
        lost = learnt.run(model_agent("chat:notekeeper", f"{served.url}/vllm/v1", reasoning_field="reasoning_content"), *tasks)
    assert told(kept) == reader
    assert told(lost) == without
    passed = [sum(one.outcome == "passed" for one in episodes) for episodes in (kept, lost)]
    assert passed[0] == len(tasks) > 2 * passed[1] > 0


def test_reasoning_that_is_altered_or_missing_is_noticed_by_the_server() -> None:
    learnt = airline()
    with learnt.served(strict=True) as served:
        lost = learnt.run(model_agent("chat:reader", f"{served.url}/vllm/v1", reasoning_field="reasoning_content"), SAMPLE[0])
    assert lost[0].outcome == "invalid_setup"
    assert "its reasoning did not come back" in str(lost[0].error)
    with learnt.served() as served:
        url = f"{served.url}/deepseek/v1"
        lost = learnt.run(model_agent("chat:reader", url, reasoning_field="reasoning"), SAMPLE[0])
    assert lost[0].outcome == "invalid_setup"
    assert "reasoning_content is missing" in str(lost[0].error)


def test_a_model_that_is_not_there_ends_the_run_with_what_there_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with airline().served() as served:
        ended = Here(capsys)(
            *(
                "run",
                "--agent",
                "chat:gpt-nothing",
                "--base-url",
                f"{served.url}/v1",
                "--limit",
                "2",
                "--operators",
                "tools.opaque",
            ),
            *("--out", str(tmp_path / "runs")),
        )
    assert ended.status == 2
    assert "The model 'gpt-nothing' does not exist" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.slow
def test_the_command_serves_and_a_run_in_another_process_asks_it(tmp_path: Path) -> None:
    server = subprocess.Popen(
        command("serve-reference", "--port", "0", "--provider", "minimax", "--json"),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        started = json.loads(server.stdout.readline())
        assert {"reader", "notekeeper"} <= set(started["models"])
        url = started["url"]
        model = ("--agent", "chat:reader", "--base-url", url, "--body", "reasoning_split=true", "--stream", "--price", "1,4")
        ended = apart("run", *model, "--limit", "2", "--operators", "tools.opaque", "--json", folder=tmp_path)
        assert ended.status == 0, ended.err
        assert ended.json["headline"]["clean"] == 1.0
        assert not ended.json["agent_is_reference"]
        usage = ended.json["usage"]
        assert usage["cost"] == pytest.approx((usage["input_tokens"] + 4 * usage["output_tokens"]) / 1e6)
        log = urllib.request.urlopen(url.removesuffix("/v1") + "/reference/log").read().decode().splitlines()
        assert len(log) == ended.json["ended"]["requests"]["sent"] > 0
    finally:
        server.terminate()
        server.communicate()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--fault-kinds", "earthquake"), "there is no fault 'earthquake'"),
        (("--toolset", "nowhere"), "there is no toolset 'nowhere'"),
    ],
)
def test_what_cannot_be_served_is_told(arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    ended = Here(capsys)("serve-reference", "--port", "0", *arguments)
    assert (ended.status, told in ended.err) == (2, True)


def test_serving_without_its_packages_names_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.startswith("perturb.serving.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "starlette", None)
    for module in [name for name in sys.modules if name.startswith("starlette.")]:
        monkeypatch.delitem(sys.modules, module)
    ended = Here(capsys)("serve-reference", "--port", "0")
    assert ended.status == 2
    assert "pip install 'perturb-agents[serve]'" in ended.err


@pytest.mark.parametrize("wire", EACH)
def test_calls_of_one_turn_are_made_at_once_and_answered_each(wire: str) -> None:
    learnt = airline()
    person = {"first_name": "Napoleone", "last_name": "Rissanen"}
    made = [("find_customer", person), ("find_nobody", {}), ("find_customer", person)]
    heard: list[list[str]] = []

    async def both(episode: LiveEpisode) -> str:
        replies = await episode.calls(made)
        heard.append([reply.text for reply in replies])
        return "found" if [reply.is_error for reply in replies] == [False, True, False] else "lost"

    spec, path, settings = WIRES[wire]
    mind = AgentMind(both, Telling(learnt.transcripts))
    with serving(Reference(lambda model: mind, ["both"], strict=True)) as served:
        (episode,) = learnt.run(model_agent(spec.format("both"), served.url + path, **settings), "seat-taken")
    assert episode.answer == "found"
    assert [step.batch for step in episode.steps] == [1, 1, 1]
    assert [(step.call.name, step.call.arguments) for step in episode.steps] == made
    assert heard[-1] == [step.reply.text for step in episode.steps]
    assert episode.usage.turns == 2


@pytest.mark.slow
def test_a_failed_episode_of_a_model_is_run_again_by_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with airline().served() as served:
        model = ("--agent", "chat:literal", "--base-url", f"{served.url}/v1", "--temperature", "0")
        ended = Here(capsys)("run", *model, "--limit", "1", "--operators", "tools.opaque", "--json")
        failure = ended.json["failures"][0]
        assert ended.json["model"]["base_url"] == f"{served.url}/v1"
        asked = len(served.log)
        again = Here(capsys)(*failure["reproduce"].split()[1:], "--json")
        assert again.status == 1, again.err
        assert again.json["passed"] == {"clean": 1, "perturbed": 0, "of": 1}
        assert len(served.log) > asked


def test_a_model_is_set_up_in_the_file_of_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with airline().served() as served:
        (tmp_path / "perturb.toml").write_text(
            f"""
agent = "chat:reader"
base-url = "{served.url}/minimax/v1"
body = ["reasoning_split=true", "metadata={{\\"a\\": [1]}}"]
stream = true
price = "1,2"
limit = 1
operators = ["tools.opaque"]
"""
        )
        ended = Here(capsys)("run", "--json")
        assert ended.status == 0, ended.err
        assert ended.json["usage"]["cost"] > 0
        assert ended.json["model"]["body"] == {"reasoning_split": True, "metadata": {"a": [1]}}
        (tmp_path / "perturb.toml").write_text('agent = "chat:reader"\nbase-url = "nowhere"\n')
        assert "is no URL of a server" in Here(capsys)("run").err


MARKED = """
import pytest

@pytest.mark.perturb(
    agent="chat:reader", operators="tools.opaque", limit=1, trials=1, clean_trials=1, model={{"base_url": "{url}"}}
)
def test_a_model(robustness):
    assert robustness.clean == 1.0
"""


@pytest.mark.slow
def test_a_marked_test_measures_a_model_afresh_each_time(tmp_path: Path) -> None:
    with airline().served() as served:
        (tmp_path / "test_model.py").write_text(MARKED.format(url=f"{served.url}/v1"))
        asked = []
        for _ in range(2):
            ended = subprocess.run(
                [sys.executable, "-m", "pytest", *PLUGIN, "-q", "-p", "no:xdist", "test_model.py"],
                cwd=tmp_path,
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert "1 passed" in ended.stdout, ended.stdout + ended.stderr
            asked.append(len(served.log))
    assert asked[1] == 2 * asked[0] > 0
