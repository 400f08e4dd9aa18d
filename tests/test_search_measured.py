"""How well and how cheaply a search finds what is planted, over the whole catalogue; and how seldom it finds what is not there.

`python tests/test_search_measured.py` prints the table, one line a search.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from statistics import median
from typing import NamedTuple

import anyio
import pytest
from planted import Symptom, planted, recoded_enum, refused_first, renamed_argument, renamed_tool, third_page
from test_search import prepared

from perturb.loading import load_toolset
from perturb.operator import Setup, lens_for
from perturb.operator.parts import members
from perturb.planning import Limits
from perturb.search import Searched, search
from perturb.search.candidates import Candidate
from perturb.search.finding import tool_of
from perturb.store import Planned
from perturb.trial import run_episode

AIRLINE = load_toolset("airline")


class Weakness(NamedTuple):
    """What is planted, and at which tools it lies."""

    name: str
    needed: tuple[Symptom, ...]
    tools: tuple[str, ...]

    @property
    def single(self) -> bool:
        return len(self.needed) == 1


def one(name: str, make: Callable[[str], Symptom], place: str) -> Weakness:
    return Weakness(f"{name} {place}", (make(place),), (tool_of(place),))


TWENTY = (
    *(
        one("argument", renamed_argument, place)
        for place in (
            "book_flight.date",
            "search_flights.origin",
            "change_flight.flight_number",
            "cancel_reservation.reservation_id",
            "find_customer.last_name",
            "assign_seat.seat",
        )
    ),
    *(one("tool", renamed_tool, tool) for tool in ("change_flight", "get_customer", "book_flight", "issue_voucher")),
    *(
        one("enum", recoded_enum, place)
        for place in ("search_flights.cabin", "book_flight.fare", "cancel_reservation.reason", "order_meal.meal")
    ),
    *(one("third page", third_page, tool) for tool in ("search_flights", "list_reservations")),
    *(one("refused first", refused_first, tool) for tool in ("cancel_reservation", "search_flights")),
    Weakness(
        "argument and tool",
        (renamed_argument("book_flight.date"), renamed_tool("search_flights")),
        ("book_flight", "search_flights"),
    ),
    Weakness(
        "enum and tool",
        (recoded_enum("search_flights.cabin"), renamed_tool("find_customer")),
        ("find_customer", "search_flights"),
    ),
)


class Line(NamedTuple):
    """One search of the table."""

    weakness: Weakness
    searched: Searched

    @property
    def exact(self) -> bool:
        """Whether the plan is a cause whole and alone: it touches the tools of the weakness, breaks an agent without noise, and
        with any part left out it does not."""
        if not self.searched.found or self.searched.operator is None or self.searched.task is None:
            return False
        found = Candidate.of(self.searched.task, members(self.searched.operator))
        at = {tool_of(place) for atom in found.atoms for place in atom.places}
        fewer = [found.kept([other for other in found.atoms if other != atom]) for atom in found.atoms]
        alone = not any(breaks(self.weakness, one) for one in fewer if one.members)
        return at >= set(self.weakness.tools) and breaks(self.weakness, found) and alone


def breaks(weakness: Weakness, candidate: Candidate) -> bool:
    """Whether an agent with this weakness and no noise fails under a plan."""
    task, lens = AIRLINE.task(candidate.task), lens_for(candidate.operator, Setup.of(AIRLINE))
    planned = Planned(key="", task=task.id, arm="perturbed", trial=0)
    agent = planted(*weakness.needed).function
    return anyio.run(run_episode, AIRLINE, task, agent, lens, planned, Limits()).outcome != "passed"


def table(noise: float, budget: int = 600, only: range = range(20)) -> Iterator[Line]:
    for number in only:
        weakness = TWENTY[number]
        agent = planted(*weakness.needed, noise=noise, seed=number)
        yield Line(weakness, anyio.run(search, prepared(agent, ("*",), subject=AIRLINE, budget=budget, seed=number)))


def test_what_is_planted_lies_at_tools_that_there_are() -> None:
    names = {tool.name for tool in AIRLINE.tools}
    assert len({weakness.name for weakness in TWENTY}) == len(TWENTY) == 20
    for weakness in TWENTY:
        assert weakness.tools
        assert set(weakness.tools) <= names, weakness.name


@pytest.mark.slow
def test_planted_weaknesses_are_found_exactly() -> None:
    """Two of the twenty: the whole table takes the better part of an hour, and is printed by the line above."""
    lines = list(table(0.0, only=range(2)))
    assert [line.weakness.name for line in lines if not line.exact] == []
    assert median(line.searched.episodes for line in lines) <= 100


@pytest.mark.slow
def test_flaky_agents_raise_no_more_false_alarms_than_stated() -> None:
    """One search in a hundred may raise one; of thirty measured ones none did, and these are three of them."""
    found = [alarm(seed) for seed in range(3)]
    assert not any(one.found for one in found)


def alarm(seed: int) -> Searched:
    operators = ("tools.*", "arguments.*", "errors.*")
    return anyio.run(search, prepared(planted(noise=0.2, seed=seed), operators, budget=200, seed=seed))


def main() -> None:
    if sys.argv[1] == "alarms":
        found = [alarm(seed) for seed in range(int(sys.argv[2]))]
        told = sum(one.operator is not None and not one.found for one in found)
        print(f"{sum(one.found for one in found)} false alarms and {told} open suspicions in {len(found)} searches")
        return
    lines = []
    for line in table(float(sys.argv[1])):
        lines.append(line)
        mark = "exact" if line.exact else line.searched.ended
        print(f"{line.weakness.name:42} {mark:10} {line.searched.episodes:4}  {line.searched.sentence}", flush=True)
    single = [line.searched.episodes for line in lines if line.weakness.single]
    print(f"exact {sum(line.exact for line in lines)} of {len(lines)}, median {median(single)} episodes for one place")


if __name__ == "__main__":
    main()
