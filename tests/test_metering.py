"""What an agent reports of its model: tokens and money reach the episode and the budget, and some ends have their outcome."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from test_runner import Bench, order, shop

from perturb.agent import EndOfRun, LimitReached, ProviderFailed, SetupRefused
from perturb.metering import Metered, added
from perturb.planning import Design, Limits
from perturb.types import Usage

TURN = Usage(input_tokens=100, output_tokens=10, cost=0.5, turns=1, thoughts=1, latency=0.25)


async def reporting(episode: Any) -> str:
    episode.used(TURN, reasoning="Hm.")
    answer = await order(episode)
    episode.used(TURN)
    return answer


def plain(episode: Any) -> str:
    assert episode.repeat >= 0
    episode.used(TURN, reasoning="Hm.")
    episode.call("order_items", {"item": "lamp", "number": int(episode.prompt.split()[1])})
    episode.used(TURN)
    return "done"


@pytest.mark.parametrize("agent", [reporting, plain])
def test_what_an_agent_reports_is_in_its_episode_and_in_the_store(agent: Any) -> None:
    bench = Bench(agent)
    bench.run((), Design(clean_trials=1))
    rows = list(bench.store.finished("run"))
    assert [(one.outcome, one.input_tokens, one.output_tokens, one.cost) for one in rows] == [("passed", 200, 20, 1.0)] * 3
    episode = bench.store.get(rows[0].key)
    assert episode is not None
    assert episode.reasoning == ("Hm.", "")
    assert (episode.usage.turns, episode.usage.thoughts, episode.usage.latency) == (2, 2, 0.5)


def test_an_agent_is_told_which_repeat_it_is() -> None:
    seen: list[tuple[str, int]] = []

    async def agent(episode: Any) -> str:
        seen.append((episode.prompt, episode.repeat))
        return await order(episode)

    Bench(agent, subject=shop(tasks=1)).run((), Design(clean_trials=3))
    assert sorted(repeat for _, repeat in seen) == [0, 1, 2]


def test_a_cost_is_unknown_where_that_of_one_turn_is() -> None:
    assert added(Usage(), TURN) == TURN
    assert added(TURN, TURN).cost == 1.0
    assert added(TURN, Usage(input_tokens=1, turns=1)).cost is None
    assert added(Usage(turns=1), TURN).cost is None


@pytest.mark.parametrize(("limits", "why"), [({"tokens": 330}, "330 tokens"), ({"cost": 1.5}, r"\$1.5")])
@pytest.mark.parametrize("agent", [reporting, plain])
def test_a_budget_stops_an_episode_in_the_middle_and_leaves_it_for_later(agent: Any, limits: Any, why: str) -> None:
    bench = Bench(agent)
    ended = bench.run((), Design(clean_trials=1), Limits(concurrency=1, **limits))
    assert (ended.how, ended.episodes, ended.left) == ("budget", 1, 2)
    assert why.replace("\\", "") in ended.why
    assert bench.outcomes() == {"passed": 1}
    rest = bench.run((), Design(clean_trials=1))
    assert (rest.how, rest.episodes, rest.resumed) == ("complete", 2, 1)


def test_what_was_replayed_is_counted_and_not_paid_for() -> None:
    async def agent(episode: Any) -> str:
        episode.used(TURN, replayed=True)
        return await order(episode)

    bench = Bench(agent)
    ended = bench.run((), Design(clean_trials=1), Limits(tokens=1))
    assert (ended.how, ended.episodes) == ("complete", 3)
    assert {one.input_tokens for one in bench.store.finished("run")} == {100}


def test_an_episode_is_not_stopped_by_a_limit_on_their_number() -> None:
    bench = Bench(reporting)
    ended = bench.run((), Design(clean_trials=1), Limits(episodes=2, concurrency=2))
    assert (ended.how, ended.episodes, ended.left) == ("budget", 2, 1)


@pytest.mark.parametrize(
    ("usage", "limits", "told"),
    [
        (Usage(turns=1, unmetered=1, cost=0.1), {"tokens": 5}, "does not tell how many tokens"),
        (Usage(turns=1, input_tokens=5), {"cost": 5.0}, "nobody knows what a response cost"),
    ],
)
def test_a_budget_that_cannot_be_held_ends_the_run(usage: Usage, limits: Any, told: str) -> None:
    async def agent(episode: Any) -> str:
        episode.used(usage)
        return await order(episode)

    with pytest.raises(EndOfRun, match=told):
        Bench(agent).run((), Design(clean_trials=1), Limits(**limits))


@pytest.mark.parametrize(
    ("end", "outcome"),
    [(ProviderFailed, "infrastructure_error"), (SetupRefused, "invalid_setup"), (LimitReached, "budget_exceeded")],
)
def test_an_agent_says_why_its_episode_ends(end: Any, outcome: str) -> None:
    async def agent(episode: Any) -> str:
        raise end("the reason")

    bench = Bench(agent, subject=shop(tasks=1))
    bench.run((), Design(clean_trials=1))
    (one,) = bench.store.finished("run")
    assert (one.outcome, one.error) == (outcome, "the reason")
    again = bench.run((), Design(clean_trials=1))
    assert again.episodes == (outcome == "infrastructure_error"), "only what is not the agent's and may pass is tried again"


def test_the_clock_stands_still_for_the_provider_and_goes_on_by_what_is_charged() -> None:
    async def go() -> list[float]:
        meter, left = Metered(), []
        with anyio.CancelScope(deadline=anyio.current_time() + 10.0) as scope:
            meter.clock = scope
            with meter.provider_time():
                await anyio.sleep(0.05)
            left.append(scope.deadline - anyio.current_time())
            with meter.provider_time() as taken:
                taken.charge(4.0)
            left.append(scope.deadline - anyio.current_time())
        return left

    first, second = anyio.run(go)
    assert first == pytest.approx(10.0, abs=0.04)
    assert second == pytest.approx(6.0, abs=0.04)
