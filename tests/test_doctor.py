"""`perturb doctor`: what it says of an endpoint is what the endpoint does, over a real socket, whatever that endpoint lacks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from command_line import Here, apart
from reference_server import airline

from perturb.cli.run import command as run_command
from perturb.diagnosis.examining import examine, most
from perturb.diagnosis.limits import limits
from perturb.diagnosis.line import Line
from perturb.diagnosis.page import page
from perturb.diagnosis.records import Diagnosis, Finding
from perturb.models.settings import ModelSettings
from perturb.serving.app import Reference
from perturb.serving.obliging import ObligingMind
from perturb.serving.seen import BadRequest
from perturb.serving.server import serving

pytestmark = pytest.mark.slow

Refuses = Callable[[dict[str, Any]], "str | None"]
Spoils = Callable[[dict[str, Any], dict[str, Any]], None]


class Lacking(Reference):
    """A server that serves one model and lacks something: it refuses what `refuses` gives a reason for, and says what `spoils`
    leaves of an answer."""

    def __init__(self, refuses: Refuses = lambda body: None, spoils: Spoils = lambda body, whole: None, **options: Any) -> None:
        super().__init__(lambda model: ObligingMind(), ["obliging"], **options)
        self.refuses = refuses
        self.spoils = spoils
        self.bodies: list[dict[str, Any]] = []
        self.clients: list[Any] = []

    async def answer(self, request: Any, seen_of: Any, whole_of: Any, stream_of: Any, **more: Any) -> Any:
        self.clients.append(tuple(request.client))

        def seen(body: dict[str, Any]) -> Any:
            self.bodies.append(json.loads(json.dumps(body)))
            if reason := self.refuses(body):
                raise BadRequest(reason)
            return seen_of(body)

        def whole(move: Any, body: dict[str, Any]) -> Any:
            made = whole_of(move, body)
            self.spoils(body, made)
            return made

        return await super().answer(request, seen, whole, stream_of, **more)


@contextmanager
def lacking(refuses: Refuses = lambda body: None, spoils: Spoils = lambda body, whole: None, **options: Any) -> Iterator[Any]:
    server = Lacking(refuses, spoils, **options)
    with serving(server) as served:
        served.server = server  # type: ignore[attr-defined]
        yield served


def examined(url: str, api: Any = "chat", **settings: Any) -> Diagnosis:
    async def go() -> Diagnosis:
        return await examine(api, "obliging", ModelSettings(base_url=url, **settings), pause=0.005)

    return anyio.run(go)


def tools_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [tool["function"] for tool in body.get("tools") or ()]


def message_of(whole: dict[str, Any]) -> dict[str, Any]:
    return whole["choices"][0]["message"]


# every wire format and dialect that the reference server speaks


@pytest.mark.parametrize(
    ("style", "returned", "honoured", "flags"),
    [
        ("vllm", ["reasoning"], ["reasoning"], {}),
        pytest.param("vllm-earlier", ["reasoning_content"], ["reasoning_content"], {}, marks=pytest.mark.slow),
        ("deepseek", ["reasoning_content"], ["reasoning_content"], {}),
        pytest.param("append-think", ["content"], ["content"], {}, marks=pytest.mark.slow),
        ("minimax", ["content"], ["reasoning_details", "content"], {"body": ["reasoning_split=true"]}),
        ("vllm-cumulative", ["reasoning"], ["reasoning"], {"pieces": "cumulative"}),
    ],
)
def test_a_chat_dialect_is_told_by_what_its_server_does(
    style: str, returned: list[str], honoured: list[str], flags: dict[str, Any]
) -> None:
    with airline().served() as served:
        found = examined(f"{served.url}/{style}/v1")
    assert (found["returned"], sorted(found["honoured"])) == (returned, sorted(honoured))
    assert found.settings == {"base-url": f"{served.url}/{style}/v1", **flags}
    assert (found["tools"], found["parallel"], found["results"], found["streaming"]) == (True, True, True, True)
    assert found["pieces"] == ("cumulative" if style.endswith("cumulative") else "incremental")
    assert found["required"] == (style == "deepseek")
    assert found["usage"] == ["input", "output", "read from a cache", "reasoning"]
    assert found["strict"] == "accepted"
    assert (found["name_length"], found["name_characters"]) == (64, ["digit first"])
    assert "anyOf at the root" not in found["keywords"]
    assert "$ref" in found["keywords"]


def test_a_server_that_hides_its_reasoning_is_told_from_one_that_takes_it_back() -> None:
    with airline().served() as served:
        found = examined(f"{served.url}/openai/v1")
    assert (found["returned"], found["honoured"]) == ([], ["content"])
    assert [one.told for one in found.findings if one.id == "returned"] == ["none came"]
    assert "counted, though the model did not use it" in page(found).replace("\n" + " " * 54, " ")


def test_responses_are_told_by_the_way_in_which_turns_travel() -> None:
    with airline().served() as served:
        found = examined(f"{served.url}/v1", "responses")
        strict = airline()
        with strict.served(strict=True) as checking:
            checked = examined(f"{checking.url}/v1", "responses")
    assert (found["items"], found["previous"], found["encrypted"]) == (True, True, True)
    assert (found["returned"], found["required"], checked["required"]) == (["reasoning"], False, True)
    assert (found["tools"], found["parallel"], found["results"], found["streaming"]) == (True, True, True, True)
    assert found.settings == {"base-url": f"{served.url}/v1"}


def test_a_server_that_stores_nothing_gets_its_reasoning_encrypted() -> None:
    def stateless(body: dict[str, Any]) -> str | None:
        items = body.get("input")
        bare = isinstance(items, list) and any(
            one.get("type") == "reasoning" and "encrypted_content" not in one for one in items
        )
        return "items are not persisted" if bare or "previous_response_id" in body else None

    with lacking(stateless) as served:
        found = examined(f"{served.url}/v1", "responses")
    assert (found["items"], found["previous"], found["encrypted"]) == (False, False, True)
    assert found.settings["state"] == "encrypted"


@pytest.mark.parametrize("refused", [None, "enabled"])
@pytest.mark.slow
def test_anthropic_thinking_is_asked_for_sent_back_and_altered(refused: str | None) -> None:
    def picky(body: dict[str, Any]) -> str | None:
        return f"thinking.type.{refused} is not supported" if body.get("thinking", {}).get("type") == refused else None

    with lacking(picky if refused else lambda body: None) as served:
        found = examined(f"{served.url}/anthropic", "anthropic")
    kind = '{"type": "adaptive"}' if refused else '{"type": "enabled", "budget_tokens": 1024}'
    assert found.settings == {"base-url": f"{served.url}/anthropic", "body": [f"thinking={kind}"]}
    assert found["returned"] in (["thinking"], ["redacted_thinking"])
    assert (found["honoured"], found["checked"], found["required"]) == (True, True, False)
    assert (found["tools"], found["parallel"], found["results"], found["streaming"]) == (True, True, True, True)


@pytest.mark.parametrize("api", ["chat", *(pytest.param(api, marks=pytest.mark.slow) for api in ("responses", "anthropic"))])
def test_no_more_is_asked_than_was_said_before(api: Any) -> None:
    with lacking() as served:
        found = examined(f"{served.url}/anthropic" if api == "anthropic" else f"{served.url}/v1", api)
    assert found.requests == len(served.server.bodies)
    assert most(api) - 25 < found.requests <= most(api)


# what an endpoint may lack


def _only_text(body: dict[str, Any], whole: dict[str, Any]) -> None:
    if message_of(whole).pop("tool_calls", None):
        message_of(whole)["content"] = "I cannot call tools."
        whole["choices"][0]["finish_reason"] = "stop"


def test_tools_that_are_ignored_are_told_from_tools_that_are_refused() -> None:
    with lacking(spoils=_only_text) as served:
        ignored = examined(f"{served.url}/v1")
    with lacking(lambda body: "this model takes no tools" if body.get("tools") else None) as served:
        refused = examined(f"{served.url}/v1")
    for found in (ignored, refused):
        assert (found["tools"], found["parallel"], found["honoured"], found["strict"]) == (False, None, None, None)
        assert any("calls no tools" in remark for remark in found.remarks)
    assert "I cannot call tools." in page(ignored)
    assert "this model takes no tools" in page(refused)
    assert ignored["name_length"] == 64
    assert refused["name_length"] is None


def test_one_call_a_turn_is_seen() -> None:
    def first(body: dict[str, Any], whole: dict[str, Any]) -> None:
        if calls := message_of(whole).get("tool_calls"):
            message_of(whole)["tool_calls"] = calls[:1]

    with lacking(spoils=first) as served:
        found = examined(f"{served.url}/v1")
    assert (found["tools"], found["parallel"]) == (True, False)


@pytest.mark.slow
def test_a_strict_schema_is_refused_ignored_or_held() -> None:
    def refuses(body: dict[str, Any]) -> str | None:
        return "unknown field strict" if any("strict" in tool for tool in tools_of(body)) else None

    def holds(body: dict[str, Any], whole: dict[str, Any]) -> None:
        if any(tool.get("strict") for tool in tools_of(body)):
            for call in message_of(whole).get("tool_calls") or ():
                call["function"]["arguments"] = '{"colour": "red"}'

    def always(body: dict[str, Any], whole: dict[str, Any]) -> None:
        if any(tool["name"] == "paint" for tool in tools_of(body)):
            for call in message_of(whole).get("tool_calls") or ():
                call["function"]["arguments"] = '{"colour": "red"}'

    told = []
    for options in ({"refuses": refuses}, {}, {"spoils": holds}, {"spoils": always}):
        with lacking(**options) as served:  # type: ignore[arg-type]
            found = examined(f"{served.url}/v1")
        told.append((found["strict"], next(one.told for one in found.findings if one.id == "strict")))
    assert [value for value, _ in told] == ["refused", "accepted", "enforced", "accepted"]
    assert "not held" in told[1][1]
    assert "cannot be told" in told[3][1]


@pytest.mark.slow
def test_streams_are_refused_ignored_or_without_usage() -> None:
    def ignores(body: dict[str, Any], whole: dict[str, Any]) -> None:
        body.pop("stream", None)

    def uncounted(body: dict[str, Any], whole: dict[str, Any]) -> None:
        whole["usage"] = None

    with lacking(lambda body: "streaming is off" if body.get("stream") else None) as served:
        refused = examined(f"{served.url}/v1")
    with lacking(spoils=ignores) as served:
        ignored = examined(f"{served.url}/v1")
    with lacking(spoils=uncounted) as served:
        bare = examined(f"{served.url}/v1")
    assert (refused["streaming"], ignored["streaming"], bare["streaming"]) == (False, False, True)
    assert (bare["usage"], bare["usage_streamed"]) == ([], False)
    assert bare["honoured"] == ["reasoning"]


def test_reasoning_that_comes_in_one_field_and_is_read_in_another_gets_the_setting() -> None:
    def otherwise(body: dict[str, Any], whole: dict[str, Any]) -> None:
        message_of(whole)["reasoning_content"] = message_of(whole).pop("reasoning", None)

    with lacking(spoils=otherwise, style="vllm") as served:
        found = examined(f"{served.url}/v1")
    assert (found["returned"], found["honoured"]) == (["reasoning_content"], ["reasoning"])
    assert found.settings["reasoning-field"] == "reasoning"


def test_reasoning_that_reaches_nobody_is_told_as_lost() -> None:
    def hidden(body: dict[str, Any], whole: dict[str, Any]) -> None:
        message_of(whole)["reasoning"] = "I think."

    def flat(body: dict[str, Any], whole: dict[str, Any]) -> None:
        hidden(body, whole)
        whole["usage"] = None

    with lacking(spoils=flat, style="openai") as served:
        found = examined(f"{served.url}/v1")
    assert (found["returned"], found["honoured"]) == (["reasoning"], [])
    assert any("not seen to reach the model" in remark for remark in found.remarks)


def test_reasoning_that_is_dropped_at_the_users_next_message_is_told() -> None:
    def forgetful(body: dict[str, Any]) -> str | None:
        last = max(place for place, one in enumerate(body["messages"]) if one["role"] == "user")
        for one in body["messages"][:last]:
            one.pop("reasoning", None)
        return None

    with lacking(forgetful, style="vllm") as served:
        found = examined(f"{served.url}/v1")
    assert (found["honoured"], found["across_turns"]) == (["reasoning"], False)
    assert any("dropped at the user's next message" in remark for remark in found.remarks)


def depth(schema: Any) -> int:
    inner = schema.get("properties", {}).values() if isinstance(schema, dict) else ()
    return 1 + max(map(depth, inner), default=0)


@pytest.mark.parametrize(
    ("name", "limit", "refuses"),
    [
        ("name_length", 32, lambda body: any(len(tool["name"]) > 40 for tool in tools_of(body))),
        ("tool_count", 128, lambda body: len(tools_of(body)) > 128),
        ("depth", 5, lambda body: any(depth(tool["parameters"]) > 7 for tool in tools_of(body))),
        ("properties", 16, lambda body: any(len(tool["parameters"]["properties"]) > 20 for tool in tools_of(body))),
        ("properties", 0, lambda body: any(len(tool["parameters"]["properties"]) > 2 for tool in tools_of(body))),
        ("description_length", 1024, lambda body: any(len(tool["description"]) > 1024 for tool in tools_of(body))),
        ("keywords", 5, lambda body: "pattern" in json.dumps(body)),
    ],
)
def test_limits_are_found(name: str, limit: int, refuses: Callable[[dict[str, Any]], bool]) -> None:
    async def go(url: str) -> list[Finding]:
        line = Line("chat", "obliging", ModelSettings(base_url=url), pause=0.005)
        try:
            return await limits(line)
        finally:
            await line.aclose()

    with lacking(lambda body: "too much of it" if refuses(body) else None) as served:
        found = anyio.run(go, f"{served.url}/v1")
    (one,) = [one for one in found if one.id == name]
    assert (len(one.value) if name == "keywords" else one.value) == limit
    assert "too much of it" in one.told or name == "keywords"


def test_an_answer_cut_short_by_a_limit_of_tokens_is_no_refusal() -> None:
    def refuses(body: dict[str, Any]) -> str | None:
        return "max_tokens is not supported" if "max_tokens" in body else None

    with lacking(refuses) as served:
        found = examined(f"{served.url}/v1")
    assert (found["name_length"], found["tools"]) == (64, True)


# the command


def test_the_page_ends_with_a_run_that_the_command_line_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0815")
    with lacking(style="minimax") as served:
        ended = Here(capsys)("doctor", "--base-url", f"{served.url}/v1")
        told = Here(capsys)("doctor", "--base-url", f"{served.url}/v1", "--json")
    assert ended.status == told.status == 0
    assert ended.err.startswith(f"at most {most('chat')} short requests to 'obliging'")
    last = ended.out.rstrip().splitlines()[-1].strip()
    assert last == told.json["command"]
    words = shlex.split(last)
    assert words[:2] == ["perturb", "run"]
    context = run_command.make_context("run", words[2:])
    assert context.params["base_url"] == f"{served.url}/v1"
    assert context.params["body"] == ("reasoning_split=true",)
    for text in (ended.out, ended.err, told.out, told.err):
        assert "very-secret" not in text
    assert not list(tmp_path.iterdir())


def test_a_key_that_a_server_repeats_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0815")

    def chatty(body: dict[str, Any], whole: dict[str, Any]) -> None:
        whole["model"] = "sk-very-secret-0815"

    with lacking(lambda body: "no streams for sk-very-secret-0815" if body.get("stream") else None, chatty) as served:
        found = examined(f"{served.url}/v1")
    assert "very-secret" not in page(found) + repr(found)
    assert "no streams for [redacted]" in page(found)


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--base-url", "http://127.0.0.1:1/v1", "--model", "m"), 3, "the connection to http://127.0.0.1:1/v1 failed"),
        pytest.param(
            ("--base-url", "http://127.0.0.1:1/v1"), 3, "the connection to http://127.0.0.1:1/v1 failed", marks=pytest.mark.slow
        ),
        (("--base-url", "nowhere"), 2, "is no URL of a server"),
        (("--base-url", "https://me:word@host/v1"), 2, "holds a name or a password"),
        (("--model", "m"), 2, "there is no key for the provider; set OPENAI_API_KEY"),
        pytest.param(
            ("--api", "anthropic", "--model", "m"),
            2,
            "set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_endpoint_that_cannot_be_asked_is_one_line(
    arguments: tuple[str, ...], status: int, told: str, tmp_path: Path
) -> None:
    names = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")
    ended = apart("doctor", *arguments, folder=tmp_path, **dict.fromkeys(names, ""))
    assert (ended.status, ended.out) == (status, "")
    (line,) = [line for line in ended.err.splitlines() if not line.startswith(("at most", "asking"))]
    assert told in line


def test_an_endpoint_that_refuses_the_simplest_request_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with airline().served() as served:
        many = Here(capsys)("doctor", "--base-url", f"{served.url}/v1")
        unknown = Here(capsys)("doctor", "--base-url", f"{served.url}/v1", "--model", "gpt-99")
        nowhere = Here(capsys)("doctor", "--base-url", f"{served.url}/nowhere", "--model", "obliging")
    with lacking(lambda body: "not\ntoday") as served:
        refused = Here(capsys)("doctor", "--base-url", f"{served.url}/v1")
    assert [one.status for one in (many, unknown, nowhere, refused)] == [2, 2, 2, 2]
    assert "name one with --model" in many.err
    assert "gpt-99" in unknown.err.splitlines()[-1]
    assert "404" in nowhere.err.splitlines()[-1]
    assert refused.err.splitlines()[-1].endswith("answered HTTP 400: not today")
