"""The OpenAI proxy over real sockets, with real clients: the same outcomes as by direct call, and what passes on the wire."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import anyio
import openai
import pytest
from command_line import ENVIRONMENT, ROOT, SHELF, Here, apart, command
from proxy_client import Api, Client, Done
from reference_server import Learnt, airline
from scripted_provider import message, provided

from perturb import __version__
from perturb.operator import Lens, Operator, Phase, SeededPick, Setup
from perturb.operators import select
from perturb.plan_files import PlanFile, write_plan_file
from perturb.proxies.openai_drawing import DrawnEpisodes
from perturb.proxies.openai_server import running
from perturb.proxies.openai_tools import among_clients
from perturb.proxies.plans import Wanted
from perturb.store import Store
from perturb.types import Axis

SAMPLE = ("seat-taken", "merged-profile", "window-for-pekka")
"""Tasks with an error on the way, and one with many steps."""
OPERATORS = (
    None,
    "arguments.nest",
    "toolset.merge",
    "results.paginate",
    "faults.transient",
    "errors.style",
    "preset:vendor-swap",
)
APIS: tuple[Api, ...] = ("chat", "responses", "responses, previous")
NODE = shutil.which("node")


@functools.cache
def planned(name: str) -> Operator:
    """A plan over the airline's tools, as clients have them."""
    real = Setup.of(among_clients(airline().toolset)).for_agent(takes_scaffold=False)
    plan = select([name])[0].plan(real, SeededPick(7, name), 1.0)
    assert isinstance(plan, Operator)
    return plan


@contextmanager
def proxied(
    folder: Path, operator: str | None = None, *, learnt: Learnt | None = None, **options: Any
) -> Iterator[tuple[DrawnEpisodes, str]]:
    """A proxy before the reference server, with the episodes behind it and its root."""
    learnt = learnt or airline()
    plan = None
    if operator is not None:
        plan = folder / "plan.json"
        told = PlanFile(
            perturb=__version__, toolset="airline", task="", trial=0, seed=7, agent="", plan=planned(operator).to_json()
        )
        write_plan_file(plan, told)
    episodes = DrawnEpisodes(options.pop("wanted", Wanted(plan=plan)), options.pop("toolset", learnt.toolset), None, print)
    with learnt.served(**options) as served, running(f"{served.url}/v1", episodes) as proxy:
        yield episodes, proxy.url


def do(url: str, *tasks: str, **options: Any) -> list[Done]:
    learnt = airline()
    return [anyio.run(Client(learnt.toolset, f"{url}/v1", **options).do, learnt.toolset.task(task)) for task in tasks]


def agrees(folder: Path, operator: str | None, tasks: tuple[str, ...], api: Api, stream: bool) -> None:
    """Hold tasks behind the proxy against the same agent by direct call, call for call and reply for reply."""
    learnt = airline()
    plan = None if operator is None else planned(operator)
    direct = learnt.run(learnt.direct("adaptive"), *tasks, operator=plan)
    with proxied(folder, operator) as (episodes, url):
        done = do(url, *(one.task for one in direct), api=api, stream=stream)
        boundaries = [episode.boundary for episode in episodes._episodes.values()]
    assert [(one.task, one.passed, one.answer) for one in done] == [
        (one.task, one.outcome == "passed", one.answer_real) for one in direct
    ]
    told = [[(step.call, step.reply.text, step.real, step.stale) for step in one.steps] for one in direct]
    assert [[(step.call, step.reply.text, step.real, step.stale) for step in one.steps] for one in boundaries] == told
    own = {tool.name for tool in learnt.toolset.tools}
    assert all(one.names <= own for one in done)
    assert [one.exposed for one in boundaries] == [one.exposed for one in direct]
    assert all(one.fault is None for one in boundaries)


QUICK = (
    (None, "chat", True),
    ("arguments.nest", "responses", False),
    pytest.param("toolset.merge", "chat", False, marks=pytest.mark.slow),
    pytest.param("results.paginate", "responses", True, marks=pytest.mark.slow),
    pytest.param("faults.transient", "responses, previous", True, marks=pytest.mark.slow),
    pytest.param("errors.style", "chat", True, marks=pytest.mark.slow),
    pytest.param("preset:vendor-swap", "responses, previous", False, marks=pytest.mark.slow),
)


@pytest.mark.parametrize(("operator", "api", "stream"), QUICK)
def test_an_agent_does_behind_the_proxy_what_it_does_by_direct_call(
    tmp_path: Path, operator: str | None, api: Api, stream: bool
) -> None:
    agrees(tmp_path, operator, SAMPLE[:1], api, stream)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_it_does_so_over_every_wire(tmp_path: Path, operator: str | None, api: Api, stream: bool) -> None:
    agrees(tmp_path, operator, SAMPLE, api, stream)


@pytest.mark.slow
@pytest.mark.parametrize("operator", OPERATORS)
def test_it_does_so_on_every_task(tmp_path: Path, operator: str | None) -> None:
    agrees(tmp_path, operator, (), "chat", False)


@pytest.mark.slow
def test_episodes_at_once_share_nothing(tmp_path: Path) -> None:
    """Two of each task, alike to the letter; pages, faults and answers are each episode's own."""
    learnt = airline()
    wanted = Wanted(operators=("results.paginate", "faults.transient"))
    alone: dict[str, Done] = {}
    together: list[Done] = []

    async def all_at_once(url: str) -> None:
        async def one(task: str) -> None:
            together.append(await Client(learnt.toolset, f"{url}/v1").do(learnt.toolset.task(task)))

        async with anyio.create_task_group() as group:
            for task in (*SAMPLE, *SAMPLE):
                group.start_soon(one, task)

    with proxied(tmp_path, wanted=wanted) as (episodes, url):
        alone = {one.task: one for one in do(url, *SAMPLE)}
        anyio.run(all_at_once, url)
        boundaries = [episode.boundary for episode in episodes._episodes.values()]
    assert len(together) == 6
    assert all(one == alone[one.task] for one in together)
    assert len(boundaries) == 9
    for task in SAMPLE:
        prompt = learnt.toolset.task(task).prompt
        mine = [[(step.call, step.reply) for step in one.steps] for one in boundaries if one.task.prompt == prompt]
        assert len(mine) == 3
        assert mine[0] == mine[1] == mine[2]


@pytest.mark.parametrize("first", [0, 1])
def test_conversations_that_are_alike_to_the_last_id_are_told_apart_by_their_results(first: int) -> None:
    """A provider that counts its calls anew in each conversation, and two clients that have begun alike."""
    find = message(None, ("find_book", {"title": "Dune"}), number=1)
    with before(find, find, find, find, message("A"), message("B")) as (provider, client, url):
        clients = [list(ASKED["messages"]), list(ASKED["messages"])]
        for _turn in range(2):
            for place in (0, 1):
                told = client.chat.completions.create(**{**ASKED, "messages": clients[place]}).choices[0].message
                clients[place].append(told.model_dump(exclude_none=True))
            for place in (first, 1 - first):
                assert clients[place][-1]["tool_calls"][0]["id"].startswith("call_1_0")
                id = clients[place][-1]["tool_calls"][0]["id"]
                clients[place].append({"role": "tool", "tool_call_id": id, "content": f"of client {place}"})
        for place in (first, 1 - first):
            client.chat.completions.create(**{**ASKED, "messages": clients[place]})
        with urllib.request.urlopen(f"{url}/perturb/episodes") as response:
            assert [one["calls"] for one in json.load(response)["episodes"]] == [2, 2]
    told = [[one["content"] for one in body["messages"] if one["role"] == "tool"] for body in provider.bodies[4:]]
    assert told == [[f"of client {place}"] * 2 for place in (first, 1 - first)]


def test_a_header_says_which_episode_a_request_is_of(tmp_path: Path) -> None:
    with proxied(tmp_path) as (episodes, url):
        do(url, SAMPLE[0], headers={"X-Perturb-Episode": "mine"})
        do(f"{url}/episodes/of-its-url", SAMPLE[0])
        assert list(episodes._episodes) == ["mine", "of-its-url"]
        with urllib.request.urlopen(f"{url}/perturb/episodes") as response:
            told = json.load(response)["episodes"]
    assert [(one["episode"], one["calls"], one["passed"]) for one in told] == [("mine", 4, None), ("of-its-url", 4, None)]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("operator", ["tools.opaque", "arguments.nest"])
@pytest.mark.slow
def test_a_program_in_another_language_changes_its_base_url_and_nothing_else(tmp_path: Path, operator: str) -> None:
    """Its tools are learnt from its first request."""
    learnt = Learnt(SHELF)
    with proxied(tmp_path, learnt=learnt, toolset=None, wanted=Wanted(operators=(operator,))) as (episodes, url):
        variables = {**os.environ, "OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "sk-of-node"}
        words = [str(NODE), str(Path(__file__).with_name("lamps.mjs"))]
        ended = subprocess.run(words, env=variables, capture_output=True, text=True, timeout=30, check=False)
        (episode,) = episodes._episodes.values()
    assert (ended.returncode, ended.stderr) == (0, "")
    (step,) = episode.boundary.steps
    assert step.call != step.real[0]
    assert step.real[0].arguments == {"item": "lamp", "number": 2}


# What passes on the wire

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "find_book",
            "description": "Find a book.",
            "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
        },
    }
]
ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Find Dune."}], "tools": TOOLS}


@contextmanager
def before(*script: Any, wanted: Wanted | None = None) -> Iterator[tuple[Any, openai.OpenAI, str]]:
    """A proxy before a provider that answers by a script, with a client of it."""
    with provided(*script) as provider:
        episodes = DrawnEpisodes(wanted or Wanted(), None, None, print)
        with running(provider.url, episodes) as proxy:
            client = openai.OpenAI(base_url=f"{proxy.url}/v1", api_key="sk-of-the-client", max_retries=0)
            with client:
                yield provider, client, proxy.url


OPAQUE = Wanted(operators=("tools.opaque",))


def test_the_clients_login_goes_to_the_provider() -> None:
    with before(message("Here.")) as (provider, client, _):
        response = client.chat.completions.with_raw_response.create(
            **ASKED, extra_headers={"X-Perturb-Episode": "e", "OpenAI-Project": "p"}
        )
    (headers,) = provider.headers
    assert headers["authorization"] == "Bearer sk-of-the-client"
    assert headers["openai-project"] == "p"
    assert not [name for name in headers if name.startswith("x-perturb")]
    assert response.headers["x-request-id"] == "of the provider"
    assert response.headers["x-perturb-episode"] == "e"


def test_other_paths_go_to_the_provider_as_they_are() -> None:
    with before() as (_, client, _):
        assert [one.id for one in client.models.list().data] == ["m"]


def test_a_request_without_tools_passes_as_it_is() -> None:
    with before(message("A title."), wanted=OPAQUE) as (provider, client, _):
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Name this chat: find_book"}])
    assert provider.bodies == [{"model": "m", "messages": [{"role": "user", "content": "Name this chat: find_book"}]}]


def test_a_refusal_of_the_provider_reaches_the_client_as_it_is() -> None:
    refusal = {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}
    with before((429, refusal), (429, refusal)) as (_, client, _):
        for stream in (False, True):
            with pytest.raises(openai.RateLimitError) as raised:
                client.chat.completions.create(**ASKED, stream=stream)
            assert raised.value.body == refusal["error"]
            assert raised.value.response.headers["retry-after"] == "7"


def test_text_passes_a_stream_as_it_comes() -> None:
    text = "Dune is on the second shelf."
    with before(message(text)) as (_, client, _):
        chunks = list(client.chat.completions.create(**ASKED, stream=True))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 2
    assert "".join(pieces) == text
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"


def _response(number: int, text: str = "", *calls: tuple[str, dict[str, Any]], thought: bool = True) -> dict[str, Any]:
    """A whole response, with the call between its reasoning and its text where it has both."""
    reasoning = {"id": f"rs_{number}", "type": "reasoning", "summary": []}
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    said = {"id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    asked = [
        {
            "id": f"fc_{number}_{place}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{number}_{place}",
            "name": name,
            "arguments": json.dumps(arguments),
        }
        for place, (name, arguments) in enumerate(calls)
    ]
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1764000000,
        "status": "completed",
        "model": "m",
        "output": [*([reasoning] if thought else []), *([said] if text else []), *asked],
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "usage": {
            "input_tokens": 10,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 12,
        },
    }


RESPOND: dict[str, Any] = {
    "model": "m",
    "input": [{"role": "user", "content": "Find Dune."}],
    "tools": [{"type": "function", **one["function"]} for one in ASKED["tools"]],
}


def _items(events: list[Any]) -> list[tuple[int, str]]:
    """The items of a stream as they were begun: place and id."""
    return [(one.output_index, one.item.id) for one in events if one.type == "response.output_item.added"]


def test_text_passes_a_stream_of_responses_as_it_comes() -> None:
    text = "Dune is on the second shelf."
    with before(_response(1, text)) as (_, client, _), client.responses.stream(**RESPOND) as stream:
        events = list(stream)
        final = stream.get_final_response()
    pieces = [one.delta for one in events if one.type == "response.output_text.delta"]
    assert len(pieces) > 2
    assert "".join(pieces) == final.output_text == text
    assert _items(events) == [(0, "rs_1"), (1, "msg_1")]
    assert [one.sequence_number for one in events] == sorted({one.sequence_number for one in events})
    kinds = [one.type for one in events]
    assert kinds.index("response.output_text.delta") < kinds.index("response.output_item.done", 4)
    assert [one.id for one in final.output] == ["rs_1", "msg_1"]


def test_what_stands_behind_a_call_waits_for_it() -> None:
    whole = _response(1, "I look it up.", ("find_book", {"title": "Dune"}))
    later = {**whole["output"][1], "id": "msg_later"}
    whole["output"].append(later)
    with before(whole) as (_, client, _), client.responses.stream(**RESPOND) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert _items(events) == [(0, "rs_1"), (1, "msg_1"), (2, "fc_1_0"), (3, "msg_later")]
    assert [one.id for one in final.output] == ["rs_1", "msg_1", "fc_1_0", "msg_later"]
    deltas = [one.item_id for one in events if one.type == "response.output_text.delta"]
    assert (deltas.count("msg_1") > 1, deltas.count("msg_later")) == (True, 1)


@pytest.mark.parametrize("answer", [True, False])
def test_of_several_responses_a_client_is_streamed_one_and_the_model_gets_each_item_back_once(answer: bool) -> None:
    refused = _response(1, "I look it up.", ("find_book", {"title": "Dune"}))
    with before(wanted=OPAQUE) as (provider, client, _):
        name = _shown_name(provider, client)
        found = [] if answer else [(name, {"title": "Dune"})]
        # The model's first call is in a retired form, so it is answered here, and the model is asked again.
        provider.script[:] = [refused, _response(2, "It is there.", *found), _response(3, "You are welcome.")]
        with client.responses.stream(**RESPOND) as stream:
            events = list(stream)
            final = stream.get_final_response()
        calls = [] if answer else ["fc_2_0"]
        expected = ["rs_1", "msg_1", "rs_2", "msg_2", *calls]
        assert [id for _, id in _items(events)] == [one.id for one in final.output] == expected
        assert [place for place, _ in _items(events)] == list(range(len(expected)))
        assert (final.id, final.output_text) == ("resp_1", "I look it up.It is there.")
        assert final.usage is not None
        assert final.usage.total_tokens == 24
        sent = [one.model_dump(exclude_none=True) for one in final.output]
        more: list[Any] = [{"type": "function_call_output", "call_id": "call_2_0", "output": "{}"}] if calls else []
        more = more or [{"role": "user", "content": "Thank you."}]
        client.responses.create(**{**RESPOND, "input": [*RESPOND["input"], *sent, *more]})
    ids = [one["id"] for one in provider.bodies[-1]["input"] if "id" in one]
    assert ids == ["rs_1", "msg_1", "fc_1_0", "rs_2", "msg_2", *calls]
    names = [one["name"] for one in provider.bodies[-1]["input"] if one.get("type") == "function_call"]
    assert names == ["find_book", *([] if answer else [name])]


def _shown_name(provider: Any, client: openai.OpenAI) -> str:
    """What the model is shown the tool as."""
    provider.script[:] = [_response(9, "Hello.")]
    client.responses.create(**{**RESPOND, "input": [{"role": "user", "content": "Hello."}]})
    (tool,) = provider.bodies[-1]["tools"]
    return str(tool["name"])


class Quiet(Lens):
    def show_answer(self, text: str) -> str:
        return text.upper()

    def read_answer(self, text: str) -> str:
        return text.lower()


class Loud(Operator, frozen=True, kw_only=True):
    id: ClassVar[str] = "test.loud"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "messages"

    def lens(self, setup: Setup) -> Lens:
        return Quiet(setup)


@pytest.mark.parametrize("stream", [False, True])
def test_text_that_is_to_be_read_back_waits_until_it_is_whole(monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    from perturb.proxies import openai_drawing
    from perturb.proxies.plans import Drawn

    monkeypatch.setattr(openai_drawing, "drawn", lambda *_, **__: Drawn(Loud()))
    with before(message("FOUND IT."), message("YES.")) as (provider, client, _):
        messages = list(ASKED["messages"])
        for said in ("found it.", "yes."):
            assert _answer(client, {**ASKED, "messages": messages}, stream) == said
            messages += [{"role": "assistant", "content": said}, {"role": "user", "content": "Really?"}]
    assert [one["content"] for one in provider.bodies[1]["messages"]] == ["Find Dune.", "FOUND IT.", "Really?"]


def _answer(client: openai.OpenAI, asked: dict[str, Any], stream: bool) -> str:
    if not stream:
        return client.chat.completions.create(**asked).choices[0].message.content or ""
    with client.chat.completions.stream(**asked) as events:
        return events.get_final_completion().choices[0].message.content or ""


def test_a_stream_goes_on_where_the_proxy_answers_itself() -> None:
    """The client gets one response, with the id of the first and the tokens of all."""
    script = (message("I look. ", ("find_book", {"title": "Dune"}), number=1), message("Sorry.", number=2))
    asked = {**ASKED, "stream_options": {"include_usage": True}}
    with before(*script, wanted=OPAQUE) as (provider, client, _), client.chat.completions.stream(**asked) as events:
        response = events.get_final_completion()
    assert response.id == "chatcmpl-1"
    assert response.choices[0].message.content == "I look. Sorry."
    assert response.choices[0].message.tool_calls is None
    assert response.usage is not None
    assert response.usage.total_tokens == 24
    assert [one["role"] for one in provider.bodies[1]["messages"]] == ["user", "assistant", "tool"]


def test_a_stream_that_is_cut_off_ends_in_an_error() -> None:
    cut = 'data: {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Du"}}]}\n\n'
    with before(cut) as (_, client, _), pytest.raises(openai.APIError, match="the stream ended before the response did"):
        list(client.chat.completions.create(**ASKED, stream=True))


@pytest.mark.slow
def test_what_is_no_response_is_told_as_such() -> None:
    with before({"choices": []}) as (_, client, _), pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(**ASKED)
    assert "what the provider has sent is no response: the response holds no message" in str(raised.value)


def test_a_provider_that_goes_is_told_as_such() -> None:
    with provided() as provider, running(provider.url, DrawnEpisodes(Wanted(), None, None, print)) as proxy:
        provider_url, client = provider.url, openai.OpenAI(base_url=f"{proxy.url}/v1", api_key="k", max_retries=0)
        provider.script.append((500, {}))
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(**ASKED)
    with running_without(provider_url) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
        with pytest.raises(openai.InternalServerError, match="cannot be reached") as raised:
            client.chat.completions.create(**ASKED)
    assert raised.value.response.status_code == 502


@contextmanager
def running_without(url: str) -> Iterator[str]:
    """A proxy whose provider was there once."""
    from perturb.proxies.openai_upstream import Upstream

    async def there(self: Upstream) -> None:
        """It was."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Upstream, "is_there", there)
        with running(url, DrawnEpisodes(Wanted(), None, None, print)) as proxy:
            yield proxy.url


def test_operators_that_do_not_apply_to_the_tools_are_told_to_the_client_and_once_to_the_person() -> None:
    said: list[str] = []
    with provided(message("Here."), message("Here.")) as provider:
        episodes = DrawnEpisodes(Wanted(operators=("results.paginate",)), None, None, said.append)
        with running(provider.url, episodes) as proxy:
            client = openai.OpenAI(base_url=f"{proxy.url}/v1", api_key="k", max_retries=0)
            for _ in range(2):
                with pytest.raises(openai.BadRequestError, match="no tool declares a list as its result"):
                    client.chat.completions.create(**ASKED)
    assert len(said) == 1


@pytest.mark.slow
def test_an_unknown_episode_and_a_verdict_that_is_none_are_refused() -> None:
    with before() as (_, _, url):
        for body, status in (({"passed": True}, 404), ({"passed": "yes"}, 400)):
            request = urllib.request.Request(
                f"{url}/perturb/episodes/none/outcome", json.dumps(body).encode(), {"content-type": "application/json"}
            )
            with pytest.raises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(request)
            assert raised.value.code == status
            raised.value.close()


# The command


@contextmanager
def commanded(folder: Path, upstream: str, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`perturb proxy openai` in a process of its own; its base URL."""
    words = command("proxy", "openai", "--upstream", upstream, "--listen", "0", "--json", "--store", "kept.sqlite", *options)
    with subprocess.Popen(
        words, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def test_what_the_proxy_saw_is_kept_with_the_verdict_and_without_the_login(tmp_path: Path) -> None:
    script = (message(None, ("find_book", {"title": "Dune"}), number=1), message("Found.", number=2), message("Hello."))
    with provided(*script) as provider:
        with commanded(tmp_path, provider.url) as (url, process):
            with openai.OpenAI(base_url=f"{url}", api_key="sk-very-secret-key", max_retries=0) as client:
                headers = {"X-Perturb-Episode": "mine"}
                first = client.chat.completions.create(**ASKED, extra_headers=headers).choices[0].message
                assert first.tool_calls is not None
                result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "{}"}
                messages = [*ASKED["messages"], first.model_dump(exclude_none=True), result]
                client.chat.completions.create(**{**ASKED, "messages": messages}, extra_headers=headers)
                other = {**ASKED, "messages": [{"role": "user", "content": "Another conversation."}]}
                client.chat.completions.create(**other, extra_headers={"X-Perturb-Episode": "other"})
            outcome = f"{url.removesuffix('/v1')}/perturb/episodes/mine/outcome"
            with urllib.request.urlopen(urllib.request.Request(outcome, b'{"passed": true}')) as response:
                assert json.load(response) == {"episode": "mine", "passed": True}
        assert process.stderr is not None
    with Store(tmp_path / "kept.sqlite") as store:
        mine, other_one = store.get("mine"), store.get("other")
    assert mine is not None
    assert other_one is not None
    assert (mine.outcome, mine.answer, len(mine.steps), mine.usage.input_tokens) == ("passed", "Found.", 1, 20)
    assert (other_one.outcome, other_one.answer, other_one.prompt) == ("not_applicable", "Hello.", "Another conversation.")
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"sk-very-secret-key" not in file.read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--upstream", "http://127.0.0.1:9/v1"), "upstream http://127.0.0.1:9/v1 cannot be reached"),
        (("--upstream", "localhost"), "upstream 'localhost' is no URL; write one such as https://api.openai.com/v1"),
        (("--upstream", "http://me:secret@localhost/v1"), "the upstream's URL holds a login; leave it out"),
        (("--upstream", "http://127.0.0.1:9/v1", "--plan", "none.json"), "none.json"),
        (("--upstream", "http://127.0.0.1:9/v1", "--plan", "broken.json"), "broken.json"),
        (("--upstream", "http://127.0.0.1:9/v1", "-o", "tools.nothing"), "tools.nothing"),
        (("--upstream", "http://127.0.0.1:9/v1", "--listen", "here"), "--listen 'here' is no address"),
        (
            ("--upstream", "http://127.0.0.1:9/v1", "-t", "airline", "--toolset-from-requests"),
            "--toolset names the tools, --toolset-from-requests learns them",
        ),
    ],
)
def test_what_a_user_gets_wrong_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text('{"plan": ')
    ended = Here(capsys)("proxy", "openai", "--store", "kept.sqlite", *options)
    assert ended.status == 2
    assert message in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert "secret" not in ended.err


@pytest.mark.slow
def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text("raise ModuleNotFoundError(\"No module named 'starlette'\", name='starlette')")
    ended = apart(
        "proxy", "openai", "--upstream", "http://127.0.0.1:9/v1", folder=tmp_path, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"
    )
    assert ended.status == 2
    assert ended.err.strip() == "perturb: a proxy needs the package 'starlette': pip install 'perturb-agents[serve]'"
