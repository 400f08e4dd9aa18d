"""What repeats of one task are worth: votes that steer, and evidence that may be looked at after every pair."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from perturb.statistics.repeats import ToldApart, Vote


def voted(vote: Vote, rate: float, luck: random.Random) -> str:
    while vote.verdict == "open":
        vote.add(luck.random() < rate)
    return vote.verdict


def test_of_steady_rates_three_failures_are_a_yes_and_two_passes_a_no() -> None:
    for outcomes, verdicts in (([False] * 3, ["open", "open", "yes"]), ([True] * 2, ["open", "no"])):
        vote = Vote(0.83, 0.1)
        assert [vote.add(passed) for passed in outcomes] == verdicts
        assert vote.add(not outcomes[0]) == verdicts[-1]


def test_so_many_repeats_are_under_way_that_none_is_wasted() -> None:
    vote = Vote(0.83, 0.1)
    assert vote.fewest == 2
    vote.add(False)
    assert (vote.fewest, vote.leans) == (2, "yes")
    vote.add(False)
    assert vote.fewest == 1
    vote.add(False)
    assert vote.fewest == 0


@pytest.mark.parametrize(("rate", "wrong", "most"), [(0.8, "yes", 0.01), (0.1, "no", 0.05)])
def test_a_vote_errs_no_more_often_than_it_says(rate: float, wrong: str, most: float) -> None:
    luck, number = random.Random(1), 6000
    share = sum(voted(Vote(0.8, 0.1), rate, luck) == wrong for _ in range(number)) / number
    assert share <= most + 3 * (most * (1 - most) / number) ** 0.5


def test_a_vote_refuses_rates_that_it_cannot_tell_apart() -> None:
    for sound, broken in ((0.5, 0.5), (0.4, 0.6), (1.0, 0.1), (0.9, 0.0)):
        with pytest.raises(ValueError, match="passes less often"):
            Vote(sound, broken)


STEADY: Callable[[int], float] = lambda pair: 0.8  # noqa: E731
DRIFTING: Callable[[int], float] = lambda pair: 0.95 if pair % 20 < 10 else 0.2  # noqa: E731


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(STEADY, id="0.8"),
        pytest.param(DRIFTING, id="drift", marks=pytest.mark.slow),
        pytest.param(lambda pair: 0.5, id="0.5", marks=pytest.mark.slow),
        pytest.param(lambda pair: 0.02, id="0.02", marks=pytest.mark.slow),
    ],
)
def test_without_a_difference_the_level_holds_at_every_look(rate: Callable[[int], float]) -> None:
    luck, number, alarms = random.Random(2), 3000, 0
    for _ in range(number):
        apart = ToldApart(0.05, clean=(4, 4), perturbed=(0, 4))
        alarms += any(apart.add(luck.random() < rate(pair), luck.random() < rate(pair)) for pair in range(60))
    assert alarms / number <= 0.05 + 3 * (0.05 * 0.95 / number) ** 0.5


def test_a_task_that_always_breaks_is_told_apart_by_five_pairs() -> None:
    apart = ToldApart(0.005, clean=(4, 4), perturbed=(0, 6))
    assert [apart.add(True, False) for _ in range(5)] == [False] * 4 + [True]
    assert apart.evidence >= 200


def test_a_smaller_drop_takes_more_pairs_and_is_found_most_often() -> None:
    luck, sure, pairs = random.Random(3), 0, []
    for _ in range(400):
        apart = ToldApart(0.005)
        for _pair in range(60):
            if apart.add(luck.random() < 0.95, luck.random() < 0.45):
                sure += 1
                pairs.append(apart.pairs)
                break
    assert sure >= 380
    assert 12 <= sorted(pairs)[len(pairs) // 2] <= 28


def test_no_bet_is_made_while_the_guesses_lie_the_other_way_round() -> None:
    apart = ToldApart(0.05, clean=(0, 4), perturbed=(4, 4))
    apart.add(True, False)
    assert apart.evidence == 1.0
    assert apart.fewest >= 1
