"""Agents of frameworks: the same outcome as by direct call, through their own loop, a real client and a real socket."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import apart
from reference_server import airline, model_agent
from test_readme import python_files
from test_serve_reference import at_once, planned, told

from perturb.agent import EndOfRun, LiveEpisode
from perturb.agent_files import LoadedAgent
from perturb.serving.faults import Spoiler
from perturb.serving.server import Served

SAMPLE = ("seat-taken", "window-for-pekka", "one-thing-at-a-time")
"""Tasks with an error on the way, with many steps, and with a user who says more later."""

Run = Callable[[str, LiveEpisode], Awaitable[str]]


def _openai_agents(url: str) -> Run:
    from openai import AsyncOpenAI

    import agents
    from perturb.frameworks.openai_agents import run

    agents.set_tracing_disabled(True)

    async def asked(model: str, episode: LiveEpisode) -> str:
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            desk = agents.Agent(name="desk", model=agents.OpenAIChatCompletionsModel(model, client))
            return await run(desk, episode, max_turns=60)

    return asked


def _pydantic_ai(url: str) -> Run:
    import pydantic_ai
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    from perturb.frameworks.pydantic_ai import run

    async def asked(model: str, episode: LiveEpisode) -> str:
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            desk = pydantic_ai.Agent(OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client)))
            return await run(desk, episode)

    return asked


def _langchain(url: str) -> Run:
    import langchain_openai as chat
    from langchain.agents import create_agent
    from openai import DefaultAsyncHttpxClient

    from perturb.frameworks.langchain import EpisodeTools, run

    async def asked(model: str, episode: LiveEpisode) -> str:
        async with DefaultAsyncHttpxClient() as client:
            asks = chat.ChatOpenAI(model=model, base_url=url, api_key="none", max_retries=0, http_async_client=client)
            graph = create_agent(asks, middleware=[EpisodeTools(episode)])
            return await run(graph, episode, config={"recursion_limit": 200})

    return asked


FRAMEWORKS: dict[str, Callable[[str], Run]] = {
    "openai-agents": _openai_agents,
    "pydantic-ai": _pydantic_ai,
    "langchain": _langchain,
}


NEEDED = {"openai-agents": "agents.tool_context", "pydantic-ai": "pydantic_ai", "langchain": "langchain_openai"}


@pytest.fixture(autouse=True)
def _installed(request: pytest.FixtureRequest) -> None:
    """Nothing is run where the framework of a test is absent."""
    parameters = getattr(request.node, "callspec", None)
    framework = parameters.params.get("framework") if parameters is not None else None
    if framework is not None:
        pytest.importorskip(NEEDED[framework], reason=f"{framework} is not installed")


def under_test(framework: str, served: Served, model: str = "reader") -> LoadedAgent:
    return LoadedAgent(
        name=framework, function=functools.partial(FRAMEWORKS[framework](f"{served.url}/openai/v1"), model), digest=""
    )


@pytest.mark.parametrize("operator", [None, "arguments.nest", "toolset.live_migration", "results.paginate"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_model_does_within_a_framework_what_it_does_in_our_own_loop(framework: str, operator: str | None) -> None:
    learnt = airline()
    under = None if operator is None else planned(learnt, operator)
    with learnt.served() as served:
        expected = learnt.run(model_agent("chat:adaptive", f"{served.url}/openai/v1"), *SAMPLE, operator=under)
        episodes = learnt.run(under_test(framework, served, "adaptive"), *SAMPLE, operator=under)
    assert told(episodes) == told(expected)
    assert [len(one.said) for one in episodes] == [len(one.said) for one in expected]
    assert any(len(one.said) > 1 for one in episodes)
    assert [one.usage.turns for one in episodes] == [one.usage.turns for one in expected]
    assert all(one.usage.input_tokens and one.usage.output_tokens for one in episodes)


@pytest.mark.parametrize(
    ("name", "package"),
    [("openai_desk.py", "agents.tool_context"), ("pydantic_desk.py", "pydantic_ai"), ("langchain_desk.py", "langchain_openai")],
)
def test_the_agent_of_the_readme_runs(name: str, package: str, tmp_path: Path) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed")
    (tmp_path / name).write_text(python_files()[name].replace("gpt-5-mini", "reader"), encoding="utf-8")
    with airline().served() as served:
        done = apart(
            *("run", "--agent", name, "--operators", "tools.synonym", "--limit", "2", "--json"),
            folder=tmp_path,
            OPENAI_API_KEY="none",
            OPENAI_BASE_URL=f"{served.url}/v1",
            OPENAI_AGENTS_DISABLE_TRACING="1",
        )
    assert done.status == 0, done.err
    assert set(done.json["outcomes"]) == {"passed"}
    assert done.json["headline"]["clean"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("preset", [None, "vendor-swap"])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_it_does_what_an_agent_does_by_direct_call_on_every_task(framework: str, preset: str | None) -> None:
    learnt = airline()
    under = None if preset is None else planned(learnt, preset)
    for name in ("adaptive", "literal"):
        expected = learnt.run(learnt.direct(name), *at_once(learnt), operator=under)
        with learnt.served() as served:
            episodes = learnt.run(under_test(framework, served, name), *at_once(learnt), operator=under)
        if name == "literal":
            # It calls tools that are no longer there: some frameworks let their agent go on then, and some end it.
            assert all(
                one.outcome != "passed" or other.outcome == "passed" for one, other in zip(episodes, expected, strict=True)
            )
        else:
            assert told(episodes) == told(expected)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("overloaded", "infrastructure_error"),
        ("bad_gateway", "infrastructure_error"),
        ("reset", "infrastructure_error"),
        ("refused_schema", "invalid_setup"),
    ],
)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_a_provider_does_is_not_the_agents_fault(framework: str, fault: Any, outcome: str) -> None:
    learnt = airline()
    with learnt.served(spoiler=Spoiler(1.0, [fault])) as served:
        (episode,) = learnt.run(under_test(framework, served), "seat-taken")
    assert (episode.outcome, bool(episode.error)) == (outcome, True)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_nobody_may_ask_ends_the_run(framework: str) -> None:
    learnt = airline()
    with learnt.served() as served:
        agent = LoadedAgent(
            name=framework, function=functools.partial(FRAMEWORKS[framework](f"{served.url}/nowhere"), "reader"), digest=""
        )
        with pytest.raises(EndOfRun, match="404"):
            learnt.run(agent, "seat-taken")
