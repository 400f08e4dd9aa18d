"""The operators on what the user says: nothing that matters is lost, whatever is said otherwise."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import anyio
import pytest
from depot import DEPOT
from examples import seeds
from said import EACH, NAMES, every_message

from perturb.boundary import Boundary
from perturb.knowable import leaves
from perturb.literals import literals
from perturb.loading import load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, Stack, lens_for
from perturb.operators import by_id
from perturb.operators.user.over_turns import LAST, OPENINGS
from perturb.operators.user.reorder import ReorderSentences
from perturb.operators.user.sentences import split
from perturb.operators.user.style import UserStyle
from perturb.operators.user.styles import STYLES, styled
from perturb.operators.user.typos import Typos
from perturb.operators.vocabulary.ordinary import ORDINARY, TURNING
from perturb.operators.vocabulary.slips import NEIGHBOURS, candidates, slips
from perturb.survival import sense_changed, values_lost
from perturb.toolset import Task, Toolset
from perturb.types import Call


class Said(Toolset):
    """A toolset in which the user says the given texts, each a task."""

    name = "said"
    dumps_state = False

    def __init__(self, *texts: str, gold: tuple[Call, ...] = ()) -> None:
        self.tasks = tuple(Task(id=str(number), prompt=text, gold=gold) for number, text in enumerate(texts))


def shown(operator: str, text: str, seed: int = 1, intensity: float = 1.0, gold: tuple[Call, ...] = ()) -> tuple[str, ...]:
    setup = Setup.of(Said(text, gold=gold))
    plan = by_id(operator).plan(setup, SeededPick(seed, operator), intensity)
    return (text,) if isinstance(plan, NotApplicable) else lens_for(plan, setup).show_turns((text,))


def drawn(operator: str, name: str, seed: int) -> Any:
    """For each task of a toolset the task, its setup, and what the user says under a plan for it."""
    setup = Setup.of(load_toolset(name))
    for task in setup.source.tasks:
        plan = by_id(operator).plan(setup.for_task(task), SeededPick(seed, operator, task.id), 1.0)
        if isinstance(plan, Operator):
            yield task, setup, lens_for(plan, setup).show_turns((task.prompt, *task.follow_ups))


def said_in(task: Task) -> str:
    """All that the user says in a task."""
    return "\n".join((task.prompt, *task.follow_ups))


def scalars(task: Task) -> list[Any]:
    return [leaf for call in task.gold or () for leaf in leaves(call.arguments)]


# Nothing is lost, on every prompt of every toolset.


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("operator", ["user.style", "user.reorder", "user.over_turns", "user.paraphrase"])
def test_every_value_survives(operator: str, name: str) -> None:
    for seed in seeds(5):
        for task, _, turns in drawn(operator, name, seed):
            assert values_lost(said_in(task), "\n".join(turns), scalars(task)) == [], (task.id, turns)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("operator", ["user.style", "user.reorder", "user.paraphrase"])
@pytest.mark.slow
def test_the_sense_survives(operator: str, name: str) -> None:
    for seed in seeds(5):
        for task, _, turns in drawn(operator, name, seed):
            changed = sense_changed(said_in(task), "\n".join(turns))
            assert set(changed) <= {"is far longer", "is the same text"}, (task.id, turns, changed)


@pytest.mark.parametrize("name", EACH)
def test_misspelt_words_are_no_values(name: str) -> None:
    for seed in seeds(3):
        for task, setup, turns in drawn("user.typos", name, seed):
            misspelt = "\n".join(turns)
            assert values_lost(said_in(task), misspelt, scalars(task)) == []
            values = {word for value in setup.values for word in re.findall(r"[^\W\d_]+", value.lower())}
            before, after = said_in(task).split(), misspelt.split()
            changed = [one for one, other in zip(before, after, strict=True) if one != other]
            assert changed, "a plan for a task is felt in it"
            for word in changed:
                bare = re.sub(r"\W", "", word).lower()
                assert bare in ORDINARY - TURNING
                assert bare not in values


# Typos.


def _distance(one: str, other: str) -> int:
    """Changes of one letter, or of two that stand side by side, from one word to another."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def _other_letters(one: str, other: str) -> int:
    mine, theirs = Counter(one), Counter(other)
    return sum(((mine - theirs) + (theirs - mine)).values())


def test_a_slip_is_one_slip_and_leaves_the_first_letter() -> None:
    for word in sorted(ORDINARY):
        for made in slips(word).values():
            for slip in made:
                assert slip[0] == word[0]
                assert _distance(slip, word) == 1


@pytest.mark.slow
def test_two_readers_read_every_slip() -> None:
    known: dict[str, list[str]] = {}
    for word in sorted(ORDINARY | TURNING):
        known.setdefault(word[0], []).append(word)
    for word in sorted(ORDINARY)[::3]:
        for kind, made in slips(word).items():
            for slip in made[:: max(1, len(made) // 2)]:
                if slip in ("teh", "adn"):
                    continue
                near = [one for one in known[slip[0]] if abs(len(one) - len(slip)) < 2]
                # One reads letter by letter, the other takes the word of these letters that looks most alike.
                assert [one for one in near if _distance(one, slip) < 2] == [word], (kind, slip)
                alike = [one for one in near if _other_letters(one, slip) < 3]
                assert difflib.get_close_matches(slip, alike, n=1, cutoff=0) == [word], (kind, slip)


def test_no_slip_is_another_word() -> None:
    assert "form" not in {slip for made in slips("from").values() for slip in made}
    assert "form" in candidates("from")["swapped"]
    every = {slip for word in ORDINARY for made in slips(word).values() for slip in made}
    assert every.isdisjoint(ORDINARY | TURNING | {"quiet", "trail", "diary", "angel", "dessert", "coat", "tan", "rice", "lane"})


def test_words_on_which_the_meaning_turns_are_not_misspelt() -> None:
    for word in ("not", "without", "cheapest", "before", "unless", "cancel", "tomorrow", "seven", "both", "under"):
        assert slips(word) == {}


def test_keys_lie_beside_one_another() -> None:
    assert NEIGHBOURS["g"] == "fhtyvb"
    assert all(one in NEIGHBOURS[other] for one in NEIGHBOURS for other in NEIGHBOURS[one])


def test_of_words_side_by_side_one_is_misspelt() -> None:
    text = "Please send the letter about the problem with the account."
    misspelt = shown("user.typos", text)[0].rstrip(".").split()
    changed = [at for at, (one, other) in enumerate(zip(text.rstrip(".").split(), misspelt, strict=True)) if one != other]
    assert len(changed) > 1
    assert all(other - one >= 3 for one, other in pairwise(changed))


def test_names_identifiers_and_quoted_text_are_not_misspelt() -> None:
    text = "Will Smith wants 'please wait' and please_wait; see please.txt, Please."
    for seed in range(20):
        said = shown("user.typos", text, seed)[0]
        for kept in ("Will Smith", "'please wait'", "please_wait", "please.txt"):
            assert kept in said


def test_words_of_gold_calls_are_not_misspelt() -> None:
    gold = (Call("note", {"text": "please send flowers"}),)
    for seed in range(20):
        said = shown("user.typos", "Please note: would you please send flowers with this message?", seed, gold=gold)[0]
        assert "please" in said
        assert "send" in said


def test_a_plan_of_typos_stands_for_itself() -> None:
    plan = Typos(slips={"please": "plaese"})
    assert lens_for(plan, Setup.of(Said("Read it, please."))).show_turns(("Oh please! Please?",)) == ("Oh plaese! Plaese?",)


# Style.


@pytest.mark.parametrize(
    ("style", "before", "after"),
    [
        ("terse", "Hi, could you please check the reviews? Thanks a lot!", "Check the reviews."),
        ("terse", "For lunch, please find a place with a view.", "For lunch, find a place w/ a view."),
        ("terse", "Card, please, and tell me the price.", "Card, & tell me the price."),
        ("terse", "My card, please.", "My card."),
        ("terse", "Do this: 1. Please read it. 2. Please send it.", "Do this: 1. Read it. 2. Send it."),
        ("terse", "Can you find it, or is it gone?", "Can you find it, or is it gone?"),
        ("terse", "Is it open? Kind regards, Ada Byron", "Is it open? Ada Byron"),
        (
            "formal",
            "Hey there! I'm Bo and I'd like tea. Don't send it.",
            "Good day. I am Bo and I would like tea. Please do not send it.",
        ),
        ("formal", "Can you send it?", "Good day. Could you please send it?"),
        ("formal", "Credit card. It's been paid.", "Good day. Credit card. It's been paid."),
        ("formal", "Bo's tea isn't here.", "Good day. Bo's tea is not here."),
        (
            "chatty",
            "I am late, and any tea that stands in for it is fine.",
            "I'm late, and any tea that stands in for it is fine.",
        ),
        ("chatty", "I have to go. It is not open.", "I have to go. It isn't open."),
        ("chatty", "You do not know. I cannot tell.", "You don't know. I can't tell."),
    ],
)
def test_styles(style: Any, before: str, after: str) -> None:
    features = {name: change.wordings[0] for name, change in STYLES[style].items()}
    for name in ("thanks", "remark") if style != "terse" else ():
        features.pop(name, None)
    if style == "chatty":
        features.pop("greeting")
    assert styled((before,), style, features) == (after,)


def test_what_is_told_on_keeps_its_style() -> None:
    text = "Please write the following message: I am late, please wait"
    for style, changes in STYLES.items():
        said = styled((text,), style, {name: change.wordings[0] for name, change in changes.items()})
        assert said[0].endswith("I am late, please wait")


def test_values_without_marks_keep_their_style() -> None:
    gold = (Call("note", {"text": "I am out, please call"}),)
    for seed in range(8):
        assert (
            "I am out, please call" in shown("user.style", "Put I am out, please call on my door, please.", seed, gold=gold)[0]
        )


def test_a_greeting_comes_first_and_thanks_come_last_of_all_that_is_said() -> None:
    features = {"greeting": "Good day.", "thanks": "I appreciate your assistance."}
    said = styled(("Read it.", "Then send it."), "formal", features)
    assert said == ("Good day. Read it.", "Then send it.\n\nI appreciate your assistance.")


def test_every_change_of_every_style_bites_somewhere() -> None:
    bitten = set()
    for text in every_message():
        for style, changes in STYLES.items():
            for name, change in changes.items():
                if change.make((text,), change.wordings[0], ()) != (text,):
                    bitten.add((style, name))
    assert bitten == {(style, name) for style, changes in STYLES.items() for name in changes}


def test_intensity_takes_more_changes_of_one_style() -> None:
    setup = Setup.of(DEPOT)
    plans = [UserStyle.plan(setup, SeededPick(4, "x"), dose) for dose in (0.3, 0.7, 1.0)]
    assert all(isinstance(plan, UserStyle) for plan in plans)
    assert [set(plan.features) for plan in plans] == sorted((set(plan.features) for plan in plans), key=len)  # type: ignore[union-attr]
    assert len({plan.style for plan in plans}) == 1  # type: ignore[union-attr]


# Order.


def _bound_pairs(text: str) -> list[tuple[str, str]]:
    """Each sentence that leans on one before it, with the nearest before it that leans on nothing."""
    pairs, head = [], ""
    for one in split(text):
        if one.purpose in ("greeting", "closing", "identity"):
            continue
        if one.bound and head:
            pairs.append((head, one.text))
        else:
            head = one.text
    return pairs


@pytest.mark.parametrize("name", EACH)
def test_what_leans_on_something_stays_behind_it_and_requests_keep_their_order(name: str) -> None:
    for seed in seeds(5):
        for task, _, turns in drawn("user.reorder", name, seed):
            messages = (task.prompt, *task.follow_ups)
            assert turns != messages
            for before, said in zip(messages, turns, strict=True):
                requests = [one.text for one in split(before) if one.purpose == "request"]
                places = [said.find(text) for text in requests]
                assert -1 not in places
                assert places == sorted(places)
                for head, leaning in _bound_pairs(before):
                    assert said.index(head[1:]) < said.index(leaning[1:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Hi, Ada Byron here. Cancel my flight.", "Hi. Cancel my flight. Ada Byron here."),
        ("Good morning, this is Ada Byron. Cancel it. Thanks!", "Good morning. Cancel it. This is Ada Byron. Thanks!"),
        ("Cancel my flight. Ada Byron", "Ada Byron. Cancel my flight."),
        ("My son is ill. We fly on Monday. Is there a doctor?", "We fly on Monday. My son is ill. Is there a doctor?"),
    ],
)
def test_the_order_of_sentences(before: str, after: str) -> None:
    setup = Setup.of(Said(before))
    seen = {shown("user.reorder", before, seed)[0] for seed in range(10)}
    for seed in range(10):
        plan = ReorderSentences.plan(setup, SeededPick(seed, "x"), 0.4)
        assert isinstance(plan, ReorderSentences)
        seen.add(lens_for(plan, setup).show_turns((before,))[0])
    assert after in seen


@pytest.mark.parametrize(
    "text",
    [
        "I just had dinner with a friend. They sent me 4.00. We spent 12.00 in total. Check how much they sent.",
        "Do the following tasks in the given order: 1. Read it. My son is ill. I'm Ada Byron.",
        "Cancel it. Then book it.",
        "How late is it?",
    ],
)
def test_what_cannot_stand_elsewhere_does_not_apply(text: str) -> None:
    assert isinstance(ReorderSentences.plan(Setup.of(Said(text)), SeededPick(1, "x"), 1.0), NotApplicable)


def test_a_plan_made_for_other_sentences_moves_nothing_that_must_stay() -> None:
    plan = ReorderSentences(moves={"Cancel it.": 0, "They sent 4.00.": 0})
    text = "My friend has written. They sent 4.00. Cancel it."
    assert lens_for(plan, Setup.of(Said(text))).show_turns((text,)) == (text,)


# Over several turns.


@pytest.mark.parametrize("name", EACH)
def test_nothing_is_asked_before_the_last_message(name: str) -> None:
    for seed in seeds(4):
        for task, _, turns in drawn("user.over_turns", name, seed):
            pieces = turns[: len(turns) - len(task.follow_ups)]
            assert turns[len(pieces) :] == task.follow_ups
            assert len(pieces) > 1
            first, *_, last = pieces
            assert any(first.startswith(opening) for opening in OPENINGS.values()), "it says that more follows"
            assert any(last.startswith(words) for words in LAST.values()), "it says that it is the last"
            told = [first.removeprefix(next(one for one in OPENINGS.values() if first.startswith(one))), *pieces[1:-1]]
            for message in told:
                assert "?" not in message
                assert all(one.purpose in ("identity", "statement") for one in split(message)), message
            asked = [one.text for one in split(task.prompt) if one.purpose == "request"]
            assert all(text[1:] in last for text in asked)


def test_an_agent_hears_the_pieces_one_by_one() -> None:
    text = "My meeting was called off. Please cancel my flight of 19 May. Giuliana Cusano."
    setup = Setup.of(Said(text))
    plan = by_id("user.over_turns").plan(setup, SeededPick(2, "x"), 1.0)
    assert isinstance(plan, Operator)
    boundary = Boundary(lens_for(plan, setup), setup.source.tasks[0], None)  # type: ignore[arg-type]

    async def hear() -> list[str | None]:
        return [boundary.prompt, *[await boundary.next_user("yes") for _ in range(4)]]

    heard = anyio.run(hear)
    assert heard[1:3] == ["My meeting was called off.", "Giuliana Cusano."]
    assert heard[3] is not None
    assert heard[3].endswith("Please cancel my flight of 19 May.")
    assert heard[4] is None


def test_what_the_user_says_later_stays_last() -> None:
    setup = Setup.of(Said("Read it. I'm Ada Byron."))
    plan = by_id("user.over_turns").plan(setup, SeededPick(2, "x"), 1.0)
    assert isinstance(plan, Operator)
    assert lens_for(plan, setup).show_turns(("Read it. I'm Ada Byron.", "Now send it."))[-1] == "Now send it."


# Together.


@pytest.mark.slow
def test_one_after_the_other_they_still_keep_every_value() -> None:
    names = ["user.paraphrase", "user.reorder", "user.over_turns", "user.style", "user.irrelevant_context"]
    for name in NAMES:
        setup = Setup.of(load_toolset(name))
        for seed, task in enumerate(setup.source.tasks):
            stack, _ = Stack.of(
                [by_id(one) for one in names], setup.for_task(task), lambda one, seed=seed: SeededPick(seed, one), 1.0
            )
            turns = lens_for(stack, setup).show_turns((task.prompt, *task.follow_ups))
            assert len(turns) > 1
            assert values_lost(said_in(task), "\n".join(turns), scalars(task)) == [], turns


def test_stories_come_once() -> None:
    setup = Setup.of(DEPOT)
    plan = by_id("user.irrelevant_context").plan(setup, SeededPick(1, "x"), 0.1)
    assert isinstance(plan, Operator)
    first, second = lens_for(plan, setup).show_turns(("Look up bo.", "And ada."))
    assert first.endswith("\n\nLook up bo.")
    assert second == "And ada."


def test_literals_are_the_same_before_and_after_a_slip() -> None:
    for text in every_message():
        said = shown("user.typos", text)[0]
        assert [text[a:b] for a, b in literals(text)] == [said[a:b] for a, b in literals(said)]


@pytest.mark.parametrize("operator", ["user.style", "user.over_turns", "user.irrelevant_context", "user.typos"])
def test_other_languages_are_left_alone(operator: str) -> None:
    german = "Guten Tag, bitte storniere meinen Flug nach Paris am 19. Mai. Ich bin krank."
    assert shown(operator, german) == (german,)
    setup = Setup.of(Said(german, "Please cancel my flight. Thanks a lot!"))
    plan = by_id(operator).plan(setup, SeededPick(1, "x"), 1.0)
    assert isinstance(plan, Operator)
    first, second = setup.conversations
    assert lens_for(plan, setup).show_turns(first) == first
    assert lens_for(plan, setup).show_turns(second) != second
