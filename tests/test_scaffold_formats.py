"""Call formats: what is written reads back, whatever the calls, and what does not parse is told why."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from depot import DEPOT
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from perturb import laws
from perturb.messages import Answered, Said, Text, Told, ToolCall
from perturb.operator import lens_for
from perturb.operators import from_json
from perturb.replay import Gold
from perturb.scaffold import FORMATS, NATIVE, Format, Scaffold
from perturb.scaffold.dialogue import dialogue, misread
from perturb.scaffold.formats import Reading
from perturb.types import Call, Reply, Step, Tool

NAMES = st.one_of(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,20}", fullmatch=True),
    st.sampled_from(["get_user", "class", "tools", "true", "get-user", "flights.search", "2fast"]),
)
AWKWARD = st.sampled_from(
    ['"', "'", "a\nb", "```", "```json\n{}\n```", "</argument>", "</tool_call>", "&lt;", "\\", "7", "true", "null", " x ", "",
     "Final Answer: no", "\nObservation: x", "é🙂\u2028", "\ud800", "[1", '{"a"', "\r\n", "\x00", "None", "NaN"]
)  # fmt: skip
STRINGS = st.one_of(st.text(max_size=20), AWKWARD, st.text(st.characters(), max_size=5))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), STRINGS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(STRINGS, inner, max_size=3)),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(st.one_of(NAMES, STRINGS), VALUES, max_size=4)
CALLS = st.lists(st.builds(ToolCall, st.just("x"), NAMES, ARGUMENTS.map(json.dumps)), min_size=1, max_size=3)
SAID = st.sampled_from(["", "I look it up.", "Two things:\n\n- one\n- two", "“Odd” text, with `marks`"])
FORMAT = st.sampled_from(sorted(FORMATS))


def values(calls: Any) -> list[str]:
    """Calls as text, in which 1, 1.0 and true are three values."""
    return [json.dumps([call.name, json.loads(call.arguments)], sort_keys=True) for call in calls]


def tools_of(calls: list[ToolCall], types: list[str]) -> list[Tool]:
    """Tools that declare what is called, with types that need not fit the values."""
    made = []
    for call in calls:
        names = json.loads(call.arguments)
        properties = {name: {"type": types[place % len(types)]} if types else {} for place, name in enumerate(names)}
        made.append(Tool(name=call.name, description="", parameters={"type": "object", "properties": properties}))
    return made


@examples(150)
@given(name=FORMAT, calls=CALLS, said=SAID, types=st.lists(st.sampled_from(["string", "integer", "object"]), max_size=3))
def test_calls_that_are_written_read_back(name: Format, calls: list[ToolCall], said: str, types: list[str]) -> None:
    form, tools = FORMATS[name], tools_of(calls, types)
    text = form.write_calls(said, calls, tools)
    text.encode()  # it can be sent
    reading = form.read(text, tools)
    assert reading.complaint == ""
    assert values(reading.calls) == values(calls)


@given(
    name=FORMAT, answer=st.one_of(SAID, st.sampled_from(["7", "It is 7.\nFinal Answer: 8", '{"seat": "7A"}', "```\n7\n```"]))
)
def test_an_answer_that_is_written_reads_back(name: Format, answer: str) -> None:
    form = FORMATS[name]
    reading = form.read(form.write_answer(answer), ())
    assert (reading.calls, reading.complaint) == ((), "")
    assert reading.answer.strip() == answer.strip()


@given(name=FORMAT, text=st.one_of(STRINGS, st.text("Action InputFinalAnswer:<>tool_call`json{}\"=/ \n()[]'", max_size=60)))
def test_whatever_a_model_writes_is_read_or_answered(name: Format, text: str) -> None:
    reading = FORMATS[name].read(text, ())
    assert not (reading.calls and reading.complaint)
    for call in reading.calls:
        assert isinstance(json.loads(call.arguments), dict)


BROKEN: dict[Format, dict[str, str]] = {
    "react": {
        "I think it is seven.": "neither an action nor a final answer",
        'Action: get_user\nAction Input: {"id": 7': "the action input for get_user is no JSON",
        "Action: get_user\nAction Input: [7]": "is JSON, but no object",
        "Action: get_user": "an action has no action input",
        "Action: get_user\nAction Input: {}\nFinal Answer: 7": "both an action and a final answer",
    },
    "json": {
        '```json\n{"tool": "get_user", "arguments": {"id": }}\n```': "the JSON of a call is broken",
        '```json\n{"tool": "get_user", "arguments": [7]}\n```': "no JSON object",
    },
    "xml": {
        '<tool_call name="get_user">\n<argument name="id">7</argument>': "is not closed",
        '<tool_call name="get_user">\n7\n</tool_call>': "no <argument>",
    },
    "python": {
        "```python\nget_user(id=)\n```": "line 1 is no Python",
        "```python\nx = 7\n```": "line 1 is no call of a tool",
        "```python\nget_user(id=min(3, 7))\n```": "no literal value",
        "```python\n# nothing\n```": "there is no call",
        "```python\nget_user(7, 8)\n```": "without names",
    },
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts])
def test_what_does_not_parse_is_told_what_is_wrong_with_it(name: Format, text: str) -> None:
    tools = [Tool(name="get_user", description="", parameters={"type": "object", "properties": {"id": {"type": "integer"}}})]
    reading = FORMATS[name].read(text, tools)
    assert reading.calls == ()
    assert BROKEN[name][text] in reading.complaint


WRITTEN_BY_MODELS: dict[Format, list[str]] = {
    "react": [
        'Thought: 7.\nAction: get_user\nAction Input: {\n  "id": 7,\n  "name": "7"\n}\nObservation: Bob\nFinal Answer: Bob',
        'Action:get_user\nAction Input:```json\n{"id": 7, "name": "7"}\n```',
    ],
    "json": [
        'Sure!\n```json\n{\n  "tool": "get_user",\n  "arguments": {"id": 7, "name": "7"}\n}\n```',
        '{"tool": "get_user", "arguments": {"id": 7, "name": "7"}}',
        '```\n[{"tool": "get_user", "arguments": {"id": 7, "name": "7"}}]\n```',
        '```json\n{"tool": "get_user", "arguments": {"id": 7, "name": "7"}}',
    ],
    "xml": [
        '<tool_call name="get_user">\n<argument name="id">\n7\n</argument> <argument name="name">7</argument>\n</tool_call>',
    ],
    "python": [
        '```python\nuser = get_user(id=7, name="7")\n```',
        "```py\nget_user(7, '7')\n```",
    ],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRITTEN_BY_MODELS.items() for text in texts])
def test_what_models_write_is_read(name: Format, text: str) -> None:
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
    reading = FORMATS[name].read(text, [Tool(name="get_user", description="", parameters=schema)])
    assert values(reading.calls) == ['["get_user", {"id": 7, "name": "7"}]'], reading


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_a_model_wrote_goes_back_to_the_last_sign(name: Format) -> None:
    scaffold, tools = Scaffold(calls=name), [Tool(name="get_user", description="Get a user.")]
    text = FORMATS[name].write_calls("Let me see.  ", [ToolCall("", "get_user", '{"id":7}')], tools) + "\n \n"
    came = Said((Text(text, text),), {"refusal": None})
    heard = scaffold.parse(came, tools, [])
    history = [Told("user", "Who?"), heard.said, Answered("x", "get_user", "Ada")]
    written = scaffold.write(history, tools)
    assert written.tools == ()
    assert written.history[2] == came
    assert written.history[0] == Told("system", written.history[0].text)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_conversation_in_text_needs_neither_tools_nor_their_role(name: Format) -> None:
    steps = [Step(Call("get_user", {"id": number}), Reply(f"User {number}")) for number in range(4)]
    told = dialogue([{"role": "user", "content": "Who?"}], steps, "Four of them.", at_once=2)
    written = Scaffold(calls=name).write(told, [Tool(name="get_user", description="Get a user.")])
    assert [type(one) for one in written.history] == [Told, Told, Said, Told, Said, Told, Said]
    assert not any(one.calls for one in written.history if isinstance(one, Said))
    assert misread(Scaffold(calls=name), told, []) is None
    for result in ("User 0", "User 3"):
        assert any(result in one.text for one in written.history)


def test_the_native_form_leaves_everything_as_it_is() -> None:
    steps = [Step(Call("get_user", {"id": 7}), Reply("Ada"))]
    told = dialogue([{"role": "user", "content": "Who?"}], steps, "Ada.")
    tools = [Tool(name="get_user", description="")]
    assert NATIVE.write(told, tools) == (told, tools)
    assert NATIVE.write(told, tools).history is told


def test_a_format_that_loses_something_breaks_the_first_law_and_is_proven_unsolvable(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(text: str, tools: Any) -> Reading:
        reading = FORMATS["xml"].read(text, tools)
        return reading._replace(calls=tuple(ToolCall("", one.name, one.arguments.lower()) for one in reading.calls))

    gold, name = Gold(DEPOT), "scaffold.call_format"
    plan = from_json({"op": name, "version": 1, "formats": {"calls": "json"}})
    assert laws.on_setup(plan, gold.setup) == []
    monkeypatch.setitem(FORMATS, "json", FORMATS["xml"]._replace(read=forgetful))
    lens = lens_for(plan, gold.setup)
    broken = [one for task in DEPOT.tasks for one in anyio.run(laws.on_gold_calls, gold, task, plan, lens)]
    assert {one.law for one in broken} == {1}
    assert "reads as" in broken[0].what
    proofs = [anyio.run(gold.prove, task, plan) for task in DEPOT.tasks]
    assert "text reads back differently" in {proof.reason for proof in proofs if proof.status == "unsolvable"}
