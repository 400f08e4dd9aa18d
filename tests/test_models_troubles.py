"""Providers that misbehave: each kind of trouble ends in the outcome that it deserves, after the tries that it deserves."""

from __future__ import annotations

import random
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import anyio
import pytest
from command_line import Here
from reference_server import airline, model_agent

from perturb.episode import Episode
from perturb.models.limiter import Limiter
from perturb.models.prices import price_of
from perturb.models.records import Tokens
from perturb.models.settings import ModelSettings
from perturb.models.troubles import Kind, of_status, wait_of
from perturb.planning import Limits
from perturb.serving.app import Reference
from perturb.serving.faults import FAULTS, OF_THE_MODEL, Spoiler
from perturb.serving.seen import BadRequest
from perturb.serving.server import serving

TASK = "merged-profile"
WIRES = {"chat": "/v1", "responses": "/v1", "anthropic": ""}


# What an error of a provider means


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, "rate_limited"),
        (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}, "not_allowed"),
        (400, {"message": "Your credit balance is too low", "type": "invalid_request_error"}, "not_allowed"),
        (401, {"message": "Incorrect API key provided"}, "not_allowed"),
        (404, {"message": "The model does not exist", "code": "model_not_found"}, "not_allowed"),
        (400, {"message": "Previous response with id 'r' not found.", "code": "previous_response_not_found"}, "forgotten"),
        (500, {"message": "The server had an error"}, "server_error"),
        (502, None, "server_error"),
        (504, None, "server_error"),
        (503, {"message": "Overloaded"}, "overloaded"),
        (529, {"message": "Overloaded", "type": "overloaded_error"}, "overloaded"),
        (400, {"message": "Invalid schema for function 'f'", "code": "invalid_function_parameters"}, "tools_refused"),
        (422, {"message": "tools.0.custom.name: String should match pattern"}, "tools_refused"),
        (400, {"message": "Invalid value", "param": "tools[3].function.name"}, "tools_refused"),
        (400, {"message": "messages[2].tool_calls[0].function.arguments: no JSON"}, "refused"),
        (400, {"message": "This model's maximum context length is 8 tokens", "code": "context_length_exceeded"}, "too_long"),
        (400, {"message": "prompt is too long: 200001 tokens > 200000 maximum"}, "too_long"),
        (400, {"message": "filtered due to Azure OpenAI's content management policy", "code": "content_filter"}, "filtered"),
        (200, {"message": "Overloaded", "type": "overloaded_error"}, "overloaded"),
        (200, {"message": "slow down", "code": 429}, "rate_limited"),
        (200, {"message": "bad gateway", "code": 502}, "server_error"),
        (200, {"message": "no idea"}, "server_error"),
        (200, {"message": "flagged", "code": "invalid_prompt"}, "filtered"),
        (200, {"message": "messages.1: invalid", "type": "invalid_request_error"}, "refused"),
    ],
)
def test_an_error_of_a_provider_has_one_meaning(status: int, error: Any, kind: Kind) -> None:
    trouble = of_status(status, {"error": error} if error else None, {}, "http://host")
    assert trouble.kind == kind
    assert "http://host" in str(trouble)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
    ],
)
def test_a_provider_says_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    assert wait_of(headers) == seconds


@pytest.mark.parametrize(("ahead", "seconds"), [(3600, 3600), (-3600, 0)])
def test_a_provider_says_by_a_date_how_long_to_wait(ahead: int, seconds: int) -> None:
    now = time.time()
    wait = wait_of({"retry-after": formatdate(now + ahead, usegmt=True)})
    assert wait is not None
    # A date has whole seconds, and time goes on before it is read.
    assert seconds - 1 - (time.time() - now) <= wait <= seconds


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after": "nan"}, {"retry-after": "inf"}])
def test_what_is_no_time_to_wait_is_passed_over(headers: dict[str, str]) -> None:
    assert wait_of(headers) is None


# Outcomes

RECOVERS = [fault for fault in FAULTS if fault not in (*OF_THE_MODEL, "refused_schema")]


def spoiled(wire: str, fault: str, *, stream: bool = False, retries: int = 2, **settings: Any) -> tuple[Episode, int]:
    """An episode whose every request meets the fault, as often as it says; and how many requests were sent."""
    learnt = airline()
    with learnt.served(hang=30.0) as served:
        agent = model_agent(
            f"{wire}:reader",
            served.url + WIRES[wire],
            headers={"X-Reference-Fault": fault},
            stream=stream,
            retries=retries,
            **{"request_timeout": 0.3 if "hang" in fault else 20.0, **settings},
        )
        (episode,) = learnt.run(agent, TASK)
        return episode, len(served.log)


BRIEF = ("rate_limit_seconds", "server_error", "reset", "malformed")
"""Faults of each sort: a wait, a status, a connection, a body."""
ONCE = [
    pytest.param(
        *(wire, fault, stream),
        id=f"{wire}-{fault}-{'streamed' if stream else 'whole'}",
        # Quick are some faults over one wire.
        marks=()
        if (wire == "chat" and not stream and fault in BRIEF) or (wire, fault) == ("chat", "cut")
        else pytest.mark.slow,
    )
    for wire in WIRES
    for fault in RECOVERS
    for stream in (False, True)
    if fault != "rate_limit_date" or (wire == "chat" and not stream)  # a date has no less than seconds, so one is enough
]


@pytest.mark.parametrize(("wire", "fault", "stream"), ONCE)
def test_a_provider_that_fails_once_costs_a_try_and_nothing_else(wire: str, fault: str, stream: bool) -> None:
    episode, requests = spoiled(wire, fault, stream=stream)
    assert (episode.outcome, episode.error) == ("passed", None)
    assert requests == 2 * episode.usage.turns


LASTING = {"rate_limit": {"patience": 0.05}, "rate_limit_seconds": {"patience": 0.05}, "overloaded": {"patience": 0.05}}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=() if fault in (*BRIEF, "cut") else pytest.mark.slow)
        for fault in RECOVERS
        if fault not in ("rate_limit_date", "unavailable")
    ],
)
def test_a_provider_that_fails_for_good_is_no_fault_of_the_agent(fault: str) -> None:
    episode, requests = spoiled("chat", f"{fault}*99", **LASTING.get(fault, {}))
    assert episode.outcome == "infrastructure_error"
    assert "tried" in str(episode.error)
    if fault not in LASTING:
        assert requests == 3


OWN = {
    "refusal": ("failed", 1),
    "length": ("budget_exceeded", 1),
    "refused_schema": ("invalid_setup", 1),
    "broken_arguments": ("passed", None),
    "invented_name": ("passed", None),
    "duplicate_ids": ("passed", None),
}


@pytest.mark.parametrize("wire", [wire if wire == "chat" else pytest.param(wire, marks=pytest.mark.slow) for wire in WIRES])
@pytest.mark.parametrize("fault", OWN)
@pytest.mark.parametrize("stream", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["whole", "streamed"])
def test_what_the_model_or_the_setup_got_wrong_is_not_tried_again(wire: str, fault: str, stream: bool) -> None:
    episode, requests = spoiled(wire, f"{fault}@1" if OWN[fault][1] else f"{fault}@2", stream=stream)
    outcome, expected = OWN[fault]
    assert episode.outcome == outcome, episode.error
    if expected is not None:
        assert requests == expected
        return
    # The model is told that the call was wrong, and goes on; nothing was asked for twice.
    assert requests == episode.usage.turns
    wrong = [step for step in episode.steps if step.reply.is_error]
    assert wrong
    if fault == "broken_arguments":
        assert any(step.malformed for step in wrong)
    else:
        assert any(step.call.name == "consult_the_oracle" for step in wrong)


def test_being_told_to_wait_uses_up_no_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six times busy, then once broken: with two retries it still comes to its response."""
    kinds = iter([*["rate_limit"] * 6, "server_error"])
    monkeypatch.setattr(Spoiler, "fault", lambda self, key, turn, wanted: next(kinds, None))
    episode, requests = spoiled("chat", "rate_limit")
    assert (episode.outcome, requests) == ("passed", episode.usage.turns + 7)


@pytest.mark.parametrize("mode", ["on", "refresh", "off"])
def test_a_request_is_named_so_that_its_tries_and_what_is_asked_anew_are_told_apart(mode: str, tmp_path: Path) -> None:
    learnt, names = airline(), list[str]()

    class Known(Reference):
        async def answer(self, request: Any, *arguments: Any, **more: Any) -> Any:
            names.append(request.headers["idempotency-key"])
            return await super().answer(request, *arguments, **more)

    with serving(Known(learnt.mind_of, learnt.models)) as served:
        for _ in range(2):
            url, header = f"{served.url}/v1", {"X-Reference-Fault": "malformed"}
            learnt.run(model_agent("chat:silent", url, store=str(tmp_path / "s"), cache=mode, headers=header), TASK)
    assert len(names) == len(set(names)) == {"on": 2, "refresh": 3, "off": 3}[mode]


def test_a_request_that_a_filter_refuses_is_a_model_that_says_nothing() -> None:
    episodes = []
    with airline().served() as served:
        served.reference.mind_of = _filtering
        agent = model_agent("chat:m", f"{served.url}/v1", retries=0)
        episodes = airline().run(agent, TASK)
    (episode,) = episodes
    assert (episode.outcome, episode.answer, episode.error) == ("failed", "", None)
    assert (episode.usage.turns, episode.usage.unmetered) == (1, 0)


def _filtering(model: str) -> Any:
    raise BadRequest("The response was filtered due to the content management policy", code="content_filter")


def test_a_refusal_is_what_the_model_answers() -> None:
    episode, _ = spoiled("chat", "refusal")
    assert episode.answer == "I am sorry, but I cannot help with that."


@pytest.mark.slow
def test_the_time_of_a_busy_or_failing_provider_is_not_the_agents() -> None:
    """A hang of 0.3 s before each response, in an episode that may take less than one."""
    learnt = airline()
    with learnt.served(hang=30.0) as served:
        agent = model_agent("chat:reader", f"{served.url}/v1", headers={"X-Reference-Fault": "hang"}, request_timeout=0.3)
        (episode,) = learnt.run(agent, TASK, limits=Limits(timeout=0.5))
    assert (episode.outcome, episode.error) == ("passed", None)
    assert episode.seconds > 0.3 * episode.usage.turns


@pytest.mark.slow
def test_the_time_of_the_responses_is_the_agents() -> None:
    learnt = airline()
    with learnt.served(latency=0.3) as served:
        (episode,) = learnt.run(model_agent("chat:reader", f"{served.url}/v1"), TASK, limits=Limits(timeout=0.5))
    assert episode.outcome == "budget_exceeded"
    assert episode.usage.turns in (1, 2)  # a busy machine may take the time of the second


def test_a_model_that_never_ends_is_stopped_at_its_turns() -> None:
    learnt = airline()
    with learnt.served() as served:
        agent = model_agent("chat:reader", f"{served.url}/v1", max_turns=2)
        (episode,) = learnt.run(agent, "seat-taken")
    assert (episode.outcome, episode.usage.turns) == ("budget_exceeded", 2)
    assert "2 turns" in str(episode.error)


# One limit for a provider and a model


async def crowd(limiter: Limiter, episodes: int, most: int, log: list[int]) -> None:
    """Episodes, each with 60 requests, at a provider that is busy above `most` at once."""
    chance, under_way = random.Random(7), 0

    async def episode() -> None:
        nonlocal under_way
        served = 0
        while served < 60:
            async with limiter.turn():
                asked = anyio.current_time()
                under_way += 1
                log.append(under_way)
                busy = under_way > most
                await anyio.sleep(chance.uniform(0.001, 0.003))
                under_way -= 1
                if busy:
                    limiter.busy(asked, None)
                else:
                    limiter.went_well()
                    served += 1

    async with anyio.create_task_group() as group:
        for _ in range(episodes):
            group.start_soon(episode)


@pytest.mark.slow
def test_requests_at_once_fall_by_half_and_rise_by_one() -> None:
    limiter, log = Limiter(), list[int]()
    anyio.run(crowd, limiter, 48, 10, log)
    assert max(log) == 48, "it begins with as many as there are"
    settled = log[len(log) // 2 :]
    assert 5 <= sum(settled) / len(settled) <= 11
    assert max(settled) <= 12
    assert limiter.running == 0


def test_requests_under_way_together_cut_the_limit_once() -> None:
    async def go() -> None:
        limiter = Limiter(16)
        limiter.running = 16
        asked = anyio.current_time()
        for _ in range(16):
            limiter.busy(asked, None)
        assert limiter.limit == 8
        await anyio.sleep(0.001)
        limiter.busy(anyio.current_time(), None)
        assert limiter.limit == 4
        for _ in range(20):
            limiter.busy(anyio.current_time() + 1, None)
        assert limiter.limit == 1

    anyio.run(go)


def test_a_provider_that_asks_for_quiet_gets_it_from_all() -> None:
    async def go() -> list[float]:
        limiter, began = Limiter(), list[float]()

        async def one() -> None:
            async with limiter.turn():
                began.append(anyio.current_time())

        async with limiter.turn():
            limiter.busy(anyio.current_time(), 0.1)
        start = anyio.current_time()
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(one)
        return [each - start for each in began]

    assert min(anyio.run(go)) >= 0.095


def test_whoever_stops_waiting_leaves_the_place_to_others() -> None:
    async def go() -> int:
        limiter = Limiter(1)
        async with limiter.turn():
            with anyio.move_on_after(0.01):
                async with limiter.turn():
                    raise AssertionError("there was no place")
        async with limiter.turn():
            pass
        return limiter.running

    assert anyio.run(go) == 0


# Prices and budgets


def test_a_price_is_a_providers_or_given_or_unknown() -> None:
    tokens = Tokens(input=1_000_000, output=100_000)
    given = price_of("m", "http://here/v1", ModelSettings(price=(0.5, 2.0)))
    assert given is not None
    assert given(tokens) == pytest.approx(0.7)
    own = price_of("gpt-5", "https://api.openai.com/v1", ModelSettings())
    deepseek = price_of("deepseek-chat", "https://api.deepseek.com/v1", ModelSettings())
    assert own is not None
    assert deepseek is not None
    assert own(tokens) > deepseek(tokens) > 0
    cached = Tokens(input=1_000_000, output=100_000, cached=900_000)
    assert own(cached) < own(tokens)
    assert price_of("gpt-5", "http://127.0.0.1:8000/v1", ModelSettings()) is None
    assert price_of("no-such-model", "https://api.openai.com/v1", ModelSettings()) is None


@pytest.mark.slow
@pytest.mark.parametrize("budget", ["3000tokens", "0.004usd"])
def test_a_spent_budget_stops_in_the_middle_and_the_same_command_goes_on(
    budget: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No single episode fits into this budget: each run pays for a few responses, and none is ever paid for twice."""
    monkeypatch.chdir(tmp_path)
    learnt = airline()
    with learnt.served() as served:
        run = ("run", "--agent", "chat:reader", "--base-url", f"{served.url}/v1", "--operators", "tools.opaque", "--limit", "1")
        priced = ("--price", "1,4", "--concurrency", "1", "--json")
        whole = Here(capsys)(*run, *priced, "--out", "whole")
        asked = len(served.log)
        runs = []
        while not runs or runs[-1].json["ended"]["how"] != "complete":
            runs.append(Here(capsys)(*run, *priced, "--budget", budget))
            assert len(runs) < 30
    assert len(served.log) == 2 * asked
    assert len(runs) >= asked / 2
    assert runs[0].json["ended"]["how"] == "budget"
    assert "is spent" in runs[0].err
    assert "The same command again goes on" in runs[0].err
    for name in ("headline", "outcomes_by_arm", "operators"):
        assert runs[-1].json[name] == whole.json[name]
    usage, expected = runs[-1].json["usage"], whole.json["usage"]
    for name in ("input_tokens", "output_tokens", "episodes", "calls"):
        assert usage[name] == expected[name]
    assert usage["cost"] == pytest.approx(expected["cost"])
