"""What a scaffold makes of a conversation: reasoning, context, ids, turns, roles, plans, checks."""

from __future__ import annotations

import re
from typing import get_args

import anyio
import pytest
from depot import DEPOT
from hypothesis import given
from hypothesis import strategies as st
from test_models_loop import Episode, Model, call, carried

from perturb.demonstration import demonstrate
from perturb.messages import Answered, History, Message, Opaque, Said, Text, Thought, Told
from perturb.models.chat import written_message
from perturb.operator import NotApplicable, SeededPick
from perturb.operators import by_id, select
from perturb.replay import Gold
from perturb.scaffold import Scaffold
from perturb.scaffold.calls import Ids
from perturb.scaffold.context import LATEST, LENGTH, SHARE, WINDOW, tokens_of
from perturb.scaffold.dialogue import dialogue
from perturb.scaffold.reasoning import KEPT
from perturb.scaffold.record import CARRY_OUT, CHECK, PLAN
from perturb.types import Call, Reply, Step, Tool

TOOL = Tool(name="add", description="Adds.", parameters={"type": "object"})
OPENING: list[Message] = [Told("system", "You add."), Told("user", "What is 2 and 3?")]


def turn(thought: str, field: str = "reasoning", text: str = "") -> Said:
    words = (Text(text, text),) if text else ()
    return Said((Thought(thought, field, thought), *words, call('{"numbers": [1]}')), {"refusal": None})


def said(history: History) -> list[Said]:
    return [one for one in history if isinstance(one, Said)]


TWO_TURNS: list[Message] = [*OPENING, turn("first"), Answered("1", "add", "1"), Told("user", "And 4?"), turn("second")]


def test_all_thoughts_are_dropped_or_those_before_the_users_last_message() -> None:
    every = Scaffold(reasoning="drop_all").write(TWO_TURNS, [TOOL]).history
    assert [one.reasoning for one in said(every)] == ["", ""]
    before = Scaffold(reasoning="drop_before_last_user").write(TWO_TURNS, [TOOL]).history
    assert [one.reasoning for one in said(before)] == ["", "second"]
    assert before[-1] is TWO_TURNS[-1]


def test_of_a_long_thought_the_beginning_goes_back_and_a_short_one_whole() -> None:
    written = Scaffold(reasoning="truncate").write([*OPENING, turn("short"), turn("word " * 50)], [TOOL]).history
    first, second = said(written)
    assert first is not None
    assert first.thoughts == (Thought("short", "reasoning", "short"),)
    (cut,) = second.thoughts
    assert cut.text != "word " * 50
    assert ("word " * 50).startswith(cut.text)
    assert len(cut.text) <= KEPT
    assert cut.wire is None


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("reasoning", "reasoning_content"), ("reasoning_content", "reasoning"), ("reasoning_details", "reasoning_content")],
)
def test_in_the_wrong_field_is_in_that_of_another_server(field: str, wrong: str) -> None:
    thought = Thought("Hm.", field, {"text": "Hm."} if field == "reasoning_details" else "Hm.")
    written = Scaffold(reasoning="wrong_field").write([*OPENING, Said((thought, Text("Yes.", "Yes.")))], [TOOL]).history
    # Whatever the agent was told of the server's own field.
    for own in (None, field):
        message = written_message(said(written)[0], own)
        assert message[wrong] == "Hm."
        assert field not in message
        assert message["content"] == "Yes."


def test_reasoning_that_came_as_a_block_is_put_into_the_words() -> None:
    block = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    sealed = {"type": "redacted_thinking", "data": "x"}
    came = Said((Thought("Hm.", "thinking", block), Thought("", "redacted_thinking", sealed), Text("Yes."), Opaque({"a": 1})))
    (only,) = said(Scaffold(reasoning="wrong_field").write([*OPENING, came], [TOOL]).history)
    assert only.text == "Hm.\n\nYes."
    assert only.thoughts == ()
    assert Opaque({"a": 1}) in only.parts


def long(turns: int, size: int = 10) -> list[Message]:
    steps = [Step(Call("add", {"numbers": [number]}), Reply(f"{number}: " + "x" * size)) for number in range(turns)]
    return dialogue([{"role": "system", "content": "You add."}, {"role": "user", "content": "Add up."}], steps, "Done.")


def whole(history: History) -> bool:
    """Whether every result has its call before it, and every call its result behind it."""
    calls = [one.id for turn in said(history) for one in turn.calls]
    return calls == [one.id for one in history if isinstance(one, Answered)]


@given(turns=st.integers(0, 20), size=st.sampled_from([0, 400, 8000]))
def test_a_window_and_a_compaction_leave_whole_turns(turns: int, size: int) -> None:
    history = long(turns, size)
    window = Scaffold(context="window").write(history, [TOOL]).history
    assert len(said(window)) == min(WINDOW, turns + 1)
    assert window[:2] == history[:2]
    assert list(window[2:]) == history[len(history) - len(window[2:]) :]
    assert whole(window)
    compact = Scaffold(context="compact").write(history, [TOOL]).history
    assert whole(compact)
    if tokens_of(history) <= SHARE * LENGTH or turns < LATEST + 1:
        assert compact is history
    else:
        assert len(said(compact)) == LATEST + 1
        assert said(compact)[0] == said(history)[0]
        assert said(compact)[1:] == said(history)[-LATEST:]


def test_what_the_user_says_is_never_left_out() -> None:
    history = [*long(9)[:-1], Told("user", "And 7?"), *long(9)[2:]]
    assert Told("user", "And 7?") in Scaffold(context="window").write(history, [TOOL]).history


SHAPES = {
    "numbered": r"call_\d+",
    "short": r"[0-9A-Za-z]{9}",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}",
    "anthropic": r"toolu_01[0-9A-Za-z]{22}",
}


@pytest.mark.parametrize("shape", [shape for shape in get_args(Ids) if shape != "server"])
def test_ids_have_the_shape_and_stay_the_same_as_the_conversation_grows(shape: Ids) -> None:
    history = long(12)
    scaffold = Scaffold(ids=shape)
    written = scaffold.write(history, [TOOL]).history
    ids = [one.id for turn in said(written) for one in turn.calls]
    assert len(set(ids)) == 12
    assert all(re.fullmatch(SHAPES[shape], one) for one in ids)
    assert whole(written)
    earlier = scaffold.write(history[:8], [TOOL]).history
    assert list(earlier) == list(written[:8])


def test_an_id_is_changed_in_what_goes_over_the_wire_too() -> None:
    history = [*OPENING, Said((call('{"numbers": [1]}'),)), Answered("1", "add", "1")]
    (only,) = said(Scaffold(ids="numbered").write(history, [TOOL]).history)
    assert only.calls[0].wire == {"id": "call_0", "function": {"name": "add"}}
    assert history[2].calls[0].wire["id"] == "1"  # type: ignore[union-attr]


def test_calls_at_once_are_made_and_written_one_after_the_other() -> None:
    both = Said((Thought("Hm."), call('{"numbers": [2]}'), call('{"numbers": [3]}', id="2")))
    episode, model = Episode(), Model(both, Said((Text("5"),)))
    assert carried(episode, model, Scaffold(turns="one")) == "5"
    assert episode.batches == [[("add", '{"numbers": [2]}')], [("add", '{"numbers": [3]}')]]
    first, second = both.calls
    assert model.shown[-1][0][2:] == [
        Said((Thought("Hm."), first)),
        Answered("1", "add", "2"),
        Said((second,)),
        Answered("2", "add", "3"),
    ]


def test_results_come_from_the_user_and_tools_stay_with_the_server() -> None:
    episode, model = Episode(), Model(Said((Text("I add."), call('{"numbers": [2, 3]}'))), Said((Text("It is 5."),)))
    assert carried(episode, model, Scaffold(results="user")) == "It is 5."
    shown, tools = model.shown[-1]
    assert tools == (TOOL,)
    told = 'I add.\n\nCalling tools:\n[{"id": "1", "name": "add", "arguments": {"numbers": [2, 3]}}]'
    assert shown[2:] == [Said((Text("I add."), Text(told.removeprefix("I add.")))), Told("user", "Observation:\n5")]


def test_a_plan_comes_first_without_tools_and_is_then_carried_out() -> None:
    episode = Episode()
    plan = Said((Text("1. add 2 and 3"),))
    model = Model(plan, Said((call('{"numbers": [2, 3]}'),)), Said((Text("It is 5."),)))
    assert carried(episode, model, Scaffold(planning="first")) == "It is 5."
    first, tools = model.shown[0]
    assert tools == ()
    assert PLAN in first[0].text  # type: ignore[union-attr]
    assert '"name": "add"' in first[0].text  # type: ignore[union-attr]
    second, tools = model.shown[1]
    assert tools == (TOOL,)
    assert second == [Told("system", "You add."), Told("user", Episode.prompt), plan, Told("user", CARRY_OUT)]
    assert episode.otherwise


def test_an_answer_is_checked_once_and_the_last_one_counts() -> None:
    episode = Episode("And 7?")
    texts = ("It is 4.", "It is 5.", "It is 12.", "It is still 12.")
    model = Model(*(Said((Text(text),)) for text in texts))
    assert carried(episode, model, Scaffold(verify="self")) == "It is still 12."
    assert episode.answers == ["It is 5.", "It is still 12."]
    assert [one.text for one in model.shown[-1][0] if isinstance(one, Told) and one.role == "user"] == [
        Episode.prompt,
        CHECK,
        "And 7?",
        CHECK,
    ]


def test_what_does_not_parse_is_answered_and_counted_and_the_model_may_try_again() -> None:
    episode = Episode()
    broken = Said((Text('```json\n{"tool": "add", "arguments": {"numbers": [2, 3}\n```'),))
    sound = Said((Text('```json\n{"tool": "add", "arguments": {"numbers": [2, 3]}}\n```'),))
    model = Model(broken, sound, Said((Text("It is 5."),)))
    assert carried(episode, model, Scaffold(calls="json")) == "It is 5."
    assert episode.unparsed == 1
    assert episode.batches == [[("add", '{"numbers": [2, 3]}')]]
    complaint = model.shown[1][0][-1]
    assert isinstance(complaint, Told)
    assert complaint.role == "user"
    assert "the JSON of a call is broken" in complaint.text


def test_an_answer_in_a_form_is_given_without_it() -> None:
    model = Model(Said((Text("Thought: easy.\nFinal Answer: It is 5."),)))
    assert carried(Episode(), model, Scaffold(calls="react")) == "It is 5."


def test_nothing_is_changed_in_place() -> None:
    history = long(12, 8000)
    before = [repr(one) for one in history]
    for scaffold in (
        Scaffold(reasoning="truncate", calls="xml", context="compact"),
        Scaffold(reasoning="wrong_field", ids="uuid", turns="one", results="user", context="window"),
    ):
        scaffold.write(history, [TOOL])
    assert [repr(one) for one in history] == before
    assert TOOL.parameters == {"type": "object"}


@pytest.mark.parametrize("name", [one.id for one in select("scaffold.*")])
def test_what_is_sent_can_be_looked_at_before_and_after(name: str) -> None:
    gold = Gold(DEPOT)
    plan = by_id(name).plan(gold.setup, SeededPick(1, name), 1.0)
    assert not isinstance(plan, NotApplicable)
    sections = {one.title: one for one in anyio.run(demonstrate, gold, plan, DEPOT.tasks)}
    sent = sections.pop("what the model is sent")
    assert sent.before != sent.after
    assert sent.before.startswith("system: ")
    assert all(one.before == one.after for one in sections.values())
