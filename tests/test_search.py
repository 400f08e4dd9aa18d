"""The search for the smallest breaking perturbation, on agents in which a weakness is planted."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from depot import DEPOT
from planted import either, planted, renamed_argument, renamed_tool

from perturb.agent import ProviderFailed
from perturb.agent_files import LoadedAgent
from perturb.choosing import Choice
from perturb.errors import ConfigurationError
from perturb.evaluation import Prepared, Request
from perturb.operators import by_id, from_json, select
from perturb.planning import Design, Limits
from perturb.replay import Gold
from perturb.search import ERROR, Searched, search
from perturb.search.candidates import Atom
from perturb.search.finding import sentence
from perturb.search.halving import fewest
from perturb.search.telling import Told, tell
from perturb.toolset import Toolset

FEW = ("tools.synonym", "tools.case_style", "arguments.synonym", "arguments.reorder", "descriptions.verbose", "errors.style")
CARRIER = renamed_argument("send_parcel.carrier")


def prepared(
    agent: LoadedAgent,
    operators: Sequence[str] = FEW,
    *,
    budget: int = 200,
    store: Path | str = ":memory:",
    seed: int = 7,
    subject: Toolset = DEPOT,
    concurrency: int = 4,
) -> Prepared:
    request = Request(
        agent=agent.name,
        toolset=subject.name,
        operators=tuple(operators),
        design=Design(seed=seed),
        limits=Limits(episodes=budget, concurrency=concurrency),
        store=Path(store),
    )
    return Prepared(
        request=request,
        toolset=subject,
        tasks=tuple(subject.tasks),
        operators=select(operators),
        agent=agent,
        gold=Gold(subject),
        run="hunted",
        whole="hunted",
        choice=Choice(request.filter, None),
    )


def searched(agent: LoadedAgent, *operators: str, **options: Any) -> Searched:
    return anyio.run(search, prepared(agent, operators or FEW, **options))


# What is found


def test_a_planted_renamed_argument_is_found_alone() -> None:
    found = searched(planted(CARRIER))
    assert found.found
    assert found.operator is not None
    assert found.operator.id == "arguments.synonym"
    assert found.operator.places() == {"send_parcel.carrier"}
    assert found.task in ("send", "recover")
    assert found.perturbed.passed == 0
    assert found.clean.passed == found.clean.of == found.perturbed.of >= 5
    new = found.operator.to_json()["names"]["send_parcel.carrier"]
    counts = f"0 of {found.perturbed.of}, clean {found.clean.of} of {found.clean.of}"
    assert found.sentence == f"renaming `carrier` to `{new}` in `send_parcel` breaks task {found.task}: {counts}"
    assert found.evidence >= 1 / found.error
    assert found.episodes <= 60


def test_of_two_causes_that_each_suffice_one_is_found_alone() -> None:
    found = searched(planted(either(CARRIER, renamed_tool("find_parcels"))))
    assert found.found
    assert found.operator is not None
    assert found.operator.places() in ({"send_parcel.carrier"}, {"find_parcels"})


def test_a_cause_that_another_operator_hides_is_found() -> None:
    """It minds another name of the argument only while its tool has its own: a plan that renames both does no harm."""

    def shy(met: Any) -> bool:
        return CARRIER(met) and not renamed_tool("send_parcel")(met)

    found = searched(planted(shy), seed=3)
    assert found.found
    assert found.operator is not None
    assert found.operator.places() == {"send_parcel.carrier"}


def test_a_cause_that_takes_two_operators_is_found_whole() -> None:
    found = searched(planted(CARRIER, renamed_tool("find_parcels")))
    assert found.found
    assert found.operator is not None
    assert sorted(place.partition(":")[2] for place in found.operator.places()) == ["find_parcels", "send_parcel.carrier"]
    assert " and renaming " in found.sentence
    assert " together break task " in found.sentence


def test_a_weakness_is_found_in_an_agent_that_fails_at_random_too() -> None:
    found = searched(planted(CARRIER, noise=0.2, seed=1), budget=300)
    assert found.found
    assert found.operator is not None
    assert found.operator.places() == {"send_parcel.carrier"}
    assert found.clean.passed > found.perturbed.passed == 0


@pytest.mark.slow
def test_a_weakness_that_shows_in_most_episodes_alone_is_found() -> None:
    found = searched(planted(CARRIER, broken=0.3, seed=2), budget=400)
    assert found.found
    assert found.operator is not None
    assert "send_parcel.carrier" in found.operator.places()


# What is not there


@pytest.mark.slow
def test_of_an_agent_without_weakness_nothing_is_reported() -> None:
    found = searched(planted(), budget=60)
    assert (found.ended, found.operator, found.sentence) == ("budget", None, "")
    assert Told(searched=found).status == 0


@pytest.mark.slow
def test_a_flaky_agent_is_no_broken_one() -> None:
    for seed in range(3):
        found = searched(planted(noise=0.2, seed=seed), budget=120)
        assert not found.found
        assert found.episodes <= 120


@pytest.mark.slow
def test_when_every_plan_was_tried_the_search_ends() -> None:
    found = searched(planted(), "descriptions.drop", budget=500)
    assert found.ended == "exhausted"
    assert found.episodes < 200


def test_an_agent_that_passes_nothing_clean_has_nothing_to_lose() -> None:
    found = searched(planted(noise=1.0), budget=300)
    assert found.ended == "nothing to lose"
    assert Told(searched=found).status == 3


@pytest.mark.slow
def test_what_withholds_is_tried_only_where_it_is_named() -> None:
    def wanting(met: Any) -> bool:
        return any(not tool.description for tool in met.lens.setup.public_tools)

    assert not searched(planted(wanting), "*", budget=40).found
    found = searched(planted(wanting), "descriptions.drop")
    assert found.found
    assert found.operator is not None
    assert (found.operator.kind, len(found.operator.places())) == ("ablation", 1)


# What it costs


def test_a_search_again_runs_no_episode_twice(tmp_path: Path) -> None:
    store = tmp_path / "episodes.sqlite"
    first = searched(planted(CARRIER), store=store)
    again = searched(planted(CARRIER), store=store)
    assert first.ran == first.episodes
    assert again.ran == 0
    assert (again.sentence, again.episodes) == (first.sentence, first.episodes)


@pytest.mark.slow
def test_an_interrupted_search_tells_what_it_suspects_and_goes_on(tmp_path: Path) -> None:
    whole = searched(planted(CARRIER))
    calm = planted(CARRIER)
    launched = 0

    async def interrupted(episode: Any) -> Any:
        nonlocal launched
        launched += 1
        if launched == whole.episodes - 4:
            signal.raise_signal(signal.SIGINT)
        return await calm.function(episode)  # type: ignore[misc]

    store = tmp_path / "episodes.sqlite"
    cut = searched(msgspec.structs.replace(calm, function=interrupted), store=store)
    assert cut.ended == "interrupted"
    assert cut.operator is not None
    assert cut.operator.places() == {"send_parcel.carrier"}
    assert Told(searched=cut).status == 3
    rest = searched(calm, store=store)
    assert rest.sentence == whole.sentence
    assert rest.ran < whole.episodes - cut.ran + 5


@pytest.mark.slow
def test_out_of_budget_a_suspicion_is_told_and_not_reported() -> None:
    began: list[int] = []
    anyio.run(search, prepared(planted(CARRIER)), lambda phase, used, total, words: began.append(used) if words else None)
    short = searched(planted(CARRIER), budget=began[0] + 3)
    assert not short.found
    assert short.ended == "budget"
    assert short.operator is not None
    assert short.evidence < 1 / short.error
    assert Told(searched=short).status == 3


@pytest.mark.slow
def test_a_budget_that_ends_while_halving_still_confirms_what_is_left() -> None:
    whole = searched(planted(CARRIER))
    small = searched(planted(CARRIER), budget=whole.episodes - 6)
    assert small.found
    assert small.operator is not None
    assert "send_parcel.carrier" in {place.rpartition(":")[2] for place in small.operator.places()}
    assert (whole.smallest, small.smallest) == (True, False)


@pytest.mark.slow
def test_a_provider_that_is_down_ends_the_search() -> None:
    async def cut_off(episode: Any) -> str:
        raise ProviderFailed("the network is down")

    found = searched(LoadedAgent(name="cut-off", function=cut_off, digest="1"))
    assert found.ended == "infrastructure"
    assert "the network is down" in found.why


def test_an_episode_that_the_infrastructure_lost_is_run_again() -> None:
    calm = planted(CARRIER)
    lost: set[str] = set()

    async def shaky(episode: Any) -> Any:
        if episode.key not in lost:
            lost.add(episode.key)
            raise ProviderFailed("try again")
        return await calm.function(episode)  # type: ignore[misc]

    assert searched(msgspec.structs.replace(calm, function=shaky)).sentence == searched(calm).sentence


def test_without_gold_calls_nothing_can_be_proven_and_searched() -> None:
    from perturb.authoring import toolset
    from perturb.toolset import Task

    def say(text: str) -> str:
        """Say it."""
        return text

    subject = toolset(name="mute", tools=[say], tasks=[Task(id="a", prompt="Say yes.", check=lambda *given: True)])
    with pytest.raises(ConfigurationError, match="can be proven solvable"):
        searched(planted(), subject=subject)


def test_a_search_reports_where_it_is() -> None:
    phases: list[str] = []
    anyio.run(search, prepared(planted(CARRIER)), lambda phase, used, total, words: phases.append(phase))
    assert list(dict.fromkeys(phases)) == ["trying", "halving", "confirming"]


# What is told of it


def test_the_plan_file_runs_the_break_again(tmp_path: Path) -> None:
    asked = prepared(planted(CARRIER))
    found = anyio.run(search, asked)
    told = anyio.run(tell, asked, found, tmp_path)
    assert told.status == 1
    assert told.plan_file is not None
    assert re.fullmatch(r"arguments\.synonym-(send|recover)-[0-9a-f]{4}\.json", told.plan_file.name)
    kept = msgspec.json.decode(told.plan_file.read_bytes())
    assert from_json(kept["plan"]) == found.operator
    assert (kept["task"], kept["agent"], kept["toolset"]) == (found.task, "planted", "depot")
    assert told.clean is not None
    assert told.perturbed is not None
    assert (told.clean.outcome, told.perturbed.outcome) == ("passed", "agent_error")
    (changed,) = {
        line for one in told.sections for line in one.after.splitlines() if '"carrier"' in line and "rail" in line
    } or {""}
    assert changed == ""


def test_the_error_of_all_confirmations_together_is_held() -> None:
    assert sum(ERROR / (n * (n + 1)) for n in range(1, 10_000)) <= ERROR


# Halving


def atoms(number: int) -> list[Atom]:
    return [Atom(0, str(index), frozenset({str(index)})) for index in range(number)]


class Judge:
    """Says whether one of some sets is whole in what is asked about, and counts."""

    def __init__(self, *causes: set[int]) -> None:
        self.causes = causes
        self.asked = 0

    async def __call__(self, kept: Sequence[Atom]) -> bool:
        self.asked += 1
        return any(cause <= {int(atom.part) for atom in kept} for cause in self.causes)


def left(judge: Judge, number: int = 35) -> set[int]:
    found = anyio.run(fewest, atoms(number), judge, lambda atom: 1.0)
    return {int(atom.part) for atom in found}


@pytest.mark.parametrize(("cause", "most"), [({17}, 12), ({3, 30}, 25), ({0, 16, 34}, 35)], ids=str)
def test_halving_leaves_the_cause_and_nothing_else(cause: set[int], most: int) -> None:
    judge = Judge(cause)
    assert left(judge) == cause
    assert judge.asked <= most


def test_halving_ends_at_one_of_several_causes() -> None:
    assert left(Judge({3}, {20, 21}, {30})) in ({3}, {30}, {20, 21})


def test_what_is_likely_is_asked_first() -> None:
    judge = Judge({900})
    found = anyio.run(fewest, atoms(1000), judge, lambda atom: 1.0 if atom.part == "900" else 0.001)
    assert [atom.part for atom in found] == ["900"]
    assert judge.asked <= 3


# The sentence


def worded(plan: dict[str, Any]) -> str:
    return sentence(from_json(plan), Gold(DEPOT).setup, "send", "8 of 8", "0 of 8")


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (
            {"op": "arguments.synonym", "version": 1, "names": {"book_pickup.pay.amount": "sum"}},
            "renaming `amount` to `sum` in `book_pickup` breaks",
        ),
        ({"op": "tools.synonym", "version": 1, "names": {"send_parcel": "ship"}}, "renaming `send_parcel` to `ship` breaks"),
        (
            {
                "op": "results.rename_keys",
                "version": by_id("results.rename_keys").version,
                "names": {"find_parcels>[].owner": "by"},
            },
            "renaming `owner` to `by` in the results of `find_parcels` breaks",
        ),
        (
            {"op": "descriptions.drop", "version": 1, "dropped": dict.fromkeys("abcde", "both")},
            "`descriptions.drop` at `a`, `b`, `c` and 2 more breaks",
        ),
        (
            {
                "op": "toolset.live_migration",
                "version": by_id("toolset.live_migration").version,
                "names": {"find_parcels": "seek_parcels"},
                "arguments": {"send_parcel": {"send_parcel.carrier": "haulier"}},
            },
            "`toolset.live_migration` at `find_parcels` and `send_parcel` breaks",
        ),
    ],
    ids=lambda one: one["op"] if isinstance(one, dict) else "",
)
def test_the_sentence_says_what_was_changed_and_where(plan: dict[str, Any], words: str) -> None:
    assert worded(plan) == f"{words} task send: 0 of 8, clean 8 of 8"


def test_the_sentence_names_every_operator_that_it_takes() -> None:
    plan = {
        "op": "stack",
        "version": 1,
        "operators": [
            {"op": "tools.synonym", "version": 1, "names": {"send_parcel": "ship", "find_parcels": "seek"}},
            {"op": "errors.style", "version": by_id("errors.style").version, "tools": {"find_parcels": "html"}},
        ],
    }
    assert worded(plan) == (
        "renaming `send_parcel` to `ship` and renaming `find_parcels` to `seek` and `errors.style` at `find_parcels` "
        "together break task send: 0 of 8, clean 8 of 8"
    )
