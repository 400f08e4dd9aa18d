"""What is remembered within an episode: whatever happens beside it, an agent that knows the rules reaches the clean state.

Calls are made one at a time and many at once, in any order, in two episodes under one lens, among searches, renewals and wrong
cursors that an agent may come up with; the real answers and the final state must be those of the clean calls.
"""

from __future__ import annotations

import pytest
from depot import DEPOT
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from informed import Episode

from perturb.operator import Operator, SeededPick, Setup, Stack, StackLens, lens_for
from perturb.operators import TABLE, by_id
from perturb.types import Answer, Call

OWNERS = ("Ottilie Branner", "Casimir Dunleavy", "Philippa Esterhaus")
PARCELS = tuple(f"P{number:03d}" for number in range(1, 12))

CALLS = st.one_of(
    st.builds(lambda owner: Call("find_parcels", {"owner": owner}), st.sampled_from(OWNERS)),
    st.builds(lambda owner: Call("find_parcels", {"owner": owner, "speed": "express"}), st.sampled_from(OWNERS)),
    st.just(Call("count_by_city")),
    st.builds(
        lambda ids, tag: Call("tag_parcels", {"parcel_ids": ids, "tag": tag}),
        st.lists(st.sampled_from((*PARCELS, "P999")), max_size=6),
        st.sampled_from(["urgent", "late"]),
    ),
    st.builds(
        lambda number, carrier: Call(
            "send_parcel", {"parcel_id": f"P{number:03d}", "carrier": carrier, "insured": True, "pieces": number}
        ),
        st.integers(1, 13),
        st.sampled_from(["road", "rail"]),
    ),
)
"""Real calls that give the same in whichever order they are carried out, tags and the list of what was sent aside."""

TAG = Call("tag_parcels", {"parcel_ids": ["P002", "P005", "P008"], "tag": "urgent"})
SEND = Call("send_parcel", {"parcel_id": "P004", "carrier": "rail", "insured": True, "pieces": 4})

IDLE = st.one_of(
    st.builds(lambda query: Call("search_tools", {"query": query}), st.sampled_from(["", "parcels", "tag", "nothing like it"])),
    st.builds(lambda cursor: Call("search_tools", {"query": "", "cursor": cursor}), st.sampled_from(["", "0a1b2c"])),
    st.just(Call("refresh_session")),
    st.just(Call("find_parcels", {"owner": OWNERS[0], "cursor": "0a1b2c"})),
    st.just(Call("call_tool", {"name": "find_parcels", "arguments": {"owner": OWNERS[1], "cursor": "0a1b2c"}})),
    st.just(Call("call_tool", {"name": "tag_parcels", "arguments": {"parcel_ids": "P001", "tag": "late"}})),
    st.just(Call("read_resource", {"uri": "resource://results/0a1b2c"})),
    st.just(Call("no_such_tool", {})),
)
"""Shown calls that an agent may make to no effect, under these operators or without them."""


def machine(always: tuple[str, ...], sometimes: tuple[str, ...] = ()) -> type[RuleBasedStateMachine]:
    """Episodes under stacks of some operators and perhaps others."""

    class Informed(RuleBasedStateMachine):
        @initialize(
            others=st.lists(st.sampled_from(sometimes), unique=True, max_size=6) if sometimes else st.just([]),
            seed=st.integers(0, 1000),
            intensity=st.sampled_from([1.0, 0.6]),
        )
        def begin(self, others: list[str], seed: int, intensity: float) -> None:
            operators: list[type[Operator]] = [by_id(name) for name in (*always, *others)]
            stack, left_out = Stack.of(operators, Setup.of(DEPOT), lambda name: SeededPick(seed, name), intensity)
            assert {*always}.isdisjoint(left_out), left_out
            lens = lens_for(stack, Setup.of(DEPOT))
            self.episodes = [Episode(lens), Episode(lens)]

        @rule(which=st.integers(0, 1), calls=st.lists(CALLS, min_size=1, max_size=4))
        def ask(self, which: int, calls: list[Call]) -> None:
            for call in calls:
                self.episodes[which].ask(call)

        @rule(which=st.integers(0, 1), data=st.data())
        def batch(self, which: int, data: st.DataObject) -> None:
            episode = self.episodes[which]
            if episode.under_way:
                some = data.draw(st.lists(st.sampled_from(range(len(episode.under_way))), min_size=1, unique=True))
                episode.batch([episode.under_way[place] for place in some])

        @rule(which=st.integers(0, 1), calls=st.lists(IDLE, min_size=1, max_size=3))
        def idle(self, which: int, calls: list[Call]) -> None:
            before = self.episodes[which].boundary.environment.dump()
            self.episodes[which].say(*calls)
            assert self.episodes[which].boundary.environment.dump() == before

        @rule(which=st.integers(0, 1))
        def finish(self, which: int) -> None:
            self.episodes[which].finish()

        def teardown(self) -> None:
            for episode in getattr(self, "episodes", ()):
                episode.finish()
                episode.compare()

    return Informed


STATEFUL = (
    *("results.paginate", "results.by_reference"),
    *("faults.transient", "faults.rate_limit", "faults.timeout", "faults.malformed", "faults.slow"),
    *("faults.expired_login", "faults.partial"),
    *("toolset.search", "toolset.live_migration", "toolset.merge", "toolset.split"),
)


def run(state_machine: type[RuleBasedStateMachine], examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        state_machine, settings=settings(max_examples=examples, stateful_step_count=20)
    )


def test_a_catalogue_an_expiring_login_partial_batches_and_pages_together() -> None:
    run(machine(("toolset.search", "faults.expired_login", "faults.partial", "results.paginate")), settings().max_examples * 3)


@pytest.mark.parametrize("operator", STATEFUL)
def test_each_operator_alone(operator: str) -> None:
    run(machine((operator,)), settings().max_examples)


def test_any_of_them_together() -> None:
    run(machine((), STATEFUL), settings().max_examples * 5)


def lived(lens: StackLens, episodes: int) -> list[list[Answer]]:
    """What some episodes are answered that make the same calls turn and turn about."""
    running = [Episode(lens) for _ in range(episodes)]
    for episode in running:
        episode.hear_out()
    heard: list[list[Answer]] = [[] for _ in running]
    for call in (Call("find_parcels", {"owner": OWNERS[2]}), Call("find_parcels", {"owner": OWNERS[2]}), TAG, SEND, SEND, TAG):
        for episode in running:
            episode.ask(call)
        while any(episode.under_way for episode in running):
            for episode, replies in zip(running, heard, strict=True):
                replies += episode.batch(episode.under_way)
    return heard


@pytest.mark.parametrize("operator", [pytest.param(operator, id=operator.id) for operator in TABLE])
def test_no_episode_is_told_anything_of_another(operator: type[Operator]) -> None:
    for seed in range(3):
        plan = operator.plan(Setup.of(DEPOT), SeededPick(seed, operator.id), 1.0)
        assert isinstance(plan, Operator)
        (alone,) = lived(lens_for(plan, Setup.of(DEPOT)), 1)
        lens = lens_for(plan, Setup.of(DEPOT))
        assert lived(lens, 1) == [alone]
        assert lived(lens, 2) == [alone, alone]
