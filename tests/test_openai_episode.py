"""One proxied episode, request by request: what its model is shown, what its client gets back, and what comes of both."""

from __future__ import annotations

import itertools
import json
from typing import Any, ClassVar

import pytest

from perturb.boundary import Boundary
from perturb.operator import Handling, Lens, Operator, Phase, SeededPick, Setup, Stack, lens_for
from perturb.operators import select
from perturb.proxies.batch import Elsewhere
from perturb.proxies.openai_chat import Chat
from perturb.proxies.openai_episode import ProxiedEpisode
from perturb.proxies.openai_records import BadRequest
from perturb.proxies.openai_request import Request
from perturb.proxies.openai_responses import Responses
from perturb.proxies.openai_tools import RequestToolset, among_clients, is_strict
from perturb.toolset import Task, Toolset
from perturb.types import Answer, Axis, Call, Failure

CHAT, RESPONSES = Chat(), Responses()
SYSTEM = "You keep a library. Use `find_book` before `lend_book`."
FUNCTIONS = [
    {
        "name": "find_book",
        "description": "Find a book by its title.",
        "parameters": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    },
    {
        "name": "lend_book",
        "description": "Lend a book that `find_book` has found.",
        "parameters": {
            "type": "object",
            "properties": {"book_id": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["book_id", "days"],
        },
    },
]
PROMPT = "Lend me Dune for a week."


def opaque() -> dict[str, str]:
    """The names under `tools.opaque`."""
    return {one.stands_for[0]: one.name for one in lens_for(planned("tools.opaque"), setup()).setup.tools}


def toolset(prompt: str = PROMPT) -> Toolset:
    return RequestToolset("library", SYSTEM, FUNCTIONS, [Task(id="t", prompt=prompt)])


def setup(prompt: str = PROMPT) -> Setup:
    return Setup.of(toolset(prompt)).for_agent(takes_scaffold=False)


def planned(name: str, prompt: str = PROMPT, real: Setup | None = None) -> Operator:
    (operator,) = select([name])
    plan = operator.plan(real or setup(prompt), SeededPick(7, name), 1.0)
    assert isinstance(plan, Operator), plan
    return plan


class Talk:
    """A client and a model with a proxied episode between them; the model says what the test has it say."""

    def __init__(
        self, operator: Operator | None = None, *, prompt: str = PROMPT, real: Setup | None = None, **limits: Any
    ) -> None:
        self.setup = real or setup(prompt)
        self.boundary = Boundary(lens_for(operator, self.setup), Task(id="t", prompt=prompt), Elsewhere(), **limits)
        self.episode = ProxiedEpisode("e", self.boundary, self.setup)
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}]
        self.tools = [{"type": "function", "function": one} for one in FUNCTIONS]
        self.asked: list[dict[str, Any]] = []
        self.number = itertools.count(1)

    def body(self, **more: Any) -> dict[str, Any]:
        return {"model": "m", "messages": list(self.messages), "tools": self.tools, **more}

    def begin(self, **more: Any) -> Request:
        """The client asks; where the model is asked, `asked` has the request that it gets."""
        request = self.episode.begin(CHAT, self.body(**more))
        if request.handed is None:
            self.asked.append(self.episode.next_body(request))
        return request

    def says(self, request: Request, text: str | None = None, *calls: tuple[str, Any], ids: tuple[str, ...] = ()) -> Request:
        """The model answers; where the client is not to hear of it yet, `asked` has what the model is asked next."""
        number = next(self.number)
        made = [
            {
                "id": ids[place] if ids else f"call_{number}_{place}",
                "type": "function",
                "function": {"name": name, "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)},
            }
            for place, (name, arguments) in enumerate(calls)
        ]
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if made:
            message["tool_calls"] = made
        response = {
            "id": f"r{number}",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if made else "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
        }
        self.episode.take(request, response)
        if request.handed is None:
            self.asked.append(self.episode.next_body(request))
        else:
            told = CHAT.handed(response, request.handed.calls, request.handed.text, request.usage)
            self.messages.append({name: value for name, value in told["choices"][0]["message"].items() if value is not None})
        return request

    def made(self, request: Request) -> None:
        """The client gets a response of the proxy's own."""
        self.messages.append(self.episode.made(request)["choices"][0]["message"])

    @property
    def calls(self) -> list[tuple[str, str, Any]]:
        """What the client has last been told to call."""
        return [
            (one["id"], one["function"]["name"], json.loads(one["function"]["arguments"]))
            for one in self.messages[-1]["tool_calls"]
        ]

    def result(self, *texts: str) -> None:
        """The client sends results for the calls that it was last told to make."""
        for (id, _, _), text in zip(self.calls, texts, strict=True):
            self.messages.append({"role": "tool", "tool_call_id": id, "content": text})

    @property
    def told(self) -> list[dict[str, Any]]:
        """What the model was last asked with."""
        found: list[dict[str, Any]] = self.asked[-1]["messages"]
        return found


def test_a_model_sees_the_setup_perturbed_and_the_client_gets_its_own_calls() -> None:
    names = opaque()
    talk = Talk(planned("tools.opaque"))
    request = talk.begin()
    assert {one["function"]["name"] for one in talk.asked[0]["tools"]} == set(names.values())
    assert talk.told[0]["content"] == SYSTEM.replace("find_book", names["find_book"]).replace("lend_book", names["lend_book"])
    talk.says(request, None, (names["find_book"], {"title": "Dune"}))
    assert talk.calls == [("call_1_0", "find_book", {"title": "Dune"})]
    talk.result('{"book_id": "b1"}')
    talk.begin()
    call = talk.told[2]["tool_calls"][0]
    assert (call["id"], call["function"]["name"]) == ("call_1_0", names["find_book"])
    assert talk.told[3] == {"role": "tool", "tool_call_id": "call_1_0", "content": '{"book_id": "b1"}'}
    assert [step.call.name for step in talk.boundary.steps] == [names["find_book"]]
    assert [step.real for step in talk.boundary.steps] == [(Call("find_book", {"title": "Dune"}),)]


def test_a_call_in_a_retired_form_goes_back_to_the_model_and_never_to_the_client() -> None:
    names = opaque()
    talk = Talk(planned("tools.opaque"))
    request = talk.says(talk.begin(), None, ("find_book", {"title": "Dune"}))
    assert request.handed is None
    assert talk.told[-1] == {"role": "tool", "tool_call_id": "call_1_0", "content": "Unknown tool: find_book"}
    talk.says(request, None, (names["find_book"], {"title": "Dune"}))
    assert [name for _, name, _ in talk.calls] == ["find_book"]
    assert len(talk.messages) == 3
    talk.result("{}")
    talk.begin()
    # The model still knows of its mistake.
    assert [message["role"] for message in talk.told] == ["system", "user", "assistant", "tool", "assistant", "tool"]
    assert [step.stale for step in talk.boundary.steps] == [True, False]


def test_a_batch_with_a_call_that_the_proxy_answers_waits_for_the_results_of_the_others() -> None:
    names = opaque()
    talk = Talk(planned("tools.opaque"))
    first = (names["find_book"], {"title": "Dune"})
    talk.says(talk.begin(), None, first, ("lend_book", {"book_id": "b1", "days": 7}), (names["find_book"], {"title": "Ubik"}))
    assert [(name, arguments["title"]) for _, name, arguments in talk.calls] == [("find_book", "Dune"), ("find_book", "Ubik")]
    talk.result("one", "three")
    talk.begin()
    assert [message["content"] for message in talk.told[3:]] == ["one", "Unknown tool: lend_book", "three"]
    assert [message["tool_call_id"] for message in talk.told[3:]] == ["call_1_0", "call_1_1", "call_1_2"]
    assert [step.reply.text for step in talk.boundary.steps] == ["one", "Unknown tool: lend_book", "three"]
    assert {step.batch for step in talk.boundary.steps} == {1}


class Twice(Operator, frozen=True, kw_only=True):
    """Looks a book up before it lends it."""

    id: ClassVar[str] = "test.twice"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "toolset"

    def lens(self, setup: Setup) -> Lens:
        return TwiceLens(setup)


class TwiceLens(Lens):
    def handle(self, call: Call, memory: Any) -> Handling:
        found = yield Call("find_book", {"title": call.arguments.get("book_id", "")})
        assert found is not None
        if isinstance(found, Failure) or call.name != "lend_book":
            return found
        answer: Answer | None = yield call
        assert answer is not None
        return answer


def test_a_call_that_becomes_several_takes_the_client_several_turns_and_the_model_one() -> None:
    talk = Talk(Twice())
    lend = ("lend_book", {"book_id": "b1", "days": 7})
    talk.says(talk.begin(), "I will.", lend, ("find_book", {"title": "Ubik"}))
    assert [name for _, name, _ in talk.calls] == ["find_book", "find_book"]
    talk.result('{"id": 1}', '{"id": 2}')
    request = talk.begin()
    assert len(talk.asked) == 1  # nobody has asked the model
    talk.made(request)
    assert [(id, name) for id, name, _ in talk.calls] == [("call_1_0_2", "lend_book")]
    talk.result('{"lent": true}')
    assert talk.begin().handed is None
    assert [message["role"] for message in talk.told] == ["system", "user", "assistant", "tool", "tool"]
    assert [call["function"]["name"] for call in talk.told[2]["tool_calls"]] == ["lend_book", "find_book"]
    assert [message["content"] for message in talk.told[3:]] == ['{"lent": true}', '{"id": 2}']
    assert [[call.name for call in step.real] for step in talk.boundary.steps] == [["find_book", "lend_book"], ["find_book"]]


def test_a_request_that_comes_twice_does_nothing_twice() -> None:
    talk = Talk(Twice())
    talk.says(talk.begin(), None, ("lend_book", {"book_id": "b1", "days": 7}))
    talk.result("{}")
    for _ in range(2):
        request = talk.begin()
        assert request.handed is not None
        assert [one["id"] for one in request.handed.calls] == ["call_1_0_2"]
    talk.made(request)
    talk.result("{}")
    bodies = [talk.episode.next_body(talk.begin()) for _ in range(2)]
    assert bodies[0] == bodies[1]
    assert len(talk.boundary.steps) == 1
    assert [call.name for call in talk.boundary.real_calls] == ["find_book", "lend_book"]


def test_what_happened_between_model_and_proxy_stays_when_the_provider_fails_in_the_middle() -> None:
    talk = Talk(planned("tools.opaque"))
    talk.says(talk.begin(), None, ("find_book", {"title": "Dune"}))
    # The next response never came; the client asks again.
    talk.begin()
    assert talk.told == talk.asked[-2]["messages"]
    assert talk.told[-1]["content"] == "Unknown tool: find_book"
    assert len(talk.boundary.steps) == 1


@pytest.mark.parametrize("sent", [0, 1])
def test_results_that_are_missing_are_asked_for_as_a_provider_does(sent: int) -> None:
    talk = Talk()
    talk.says(talk.begin(), None, ("find_book", {"title": "Dune"}), ("find_book", {"title": "Ubik"}))
    calls = talk.messages[-1]["tool_calls"]
    talk.messages += [{"role": "tool", "tool_call_id": one["id"], "content": "{}"} for one in calls[:sent]]
    talk.messages.append({"role": "user", "content": "Go on."})
    with pytest.raises(BadRequest, match=f"the call 'call_1_{sent}' has no result"):
        talk.begin()


def test_ids_that_a_provider_gives_twice_are_told_apart() -> None:
    talk = Talk()
    for turn in range(2):
        talk.says(talk.begin(), None, ("find_book", {"title": f"{turn}"}), ids=("call_0",))
        talk.result(f"result {turn}")
    talk.begin()
    assert [id for id in (message.get("tool_call_id") for message in talk.messages) if id] == ["call_0", "call_0_2"]
    assert [message["content"] for message in talk.told if message["role"] == "tool"] == ["result 0", "result 1"]
    assert [message["tool_call_id"] for message in talk.told if message["role"] == "tool"] == ["call_0", "call_0"]


def test_a_conversation_that_began_elsewhere_is_shown_as_if_it_had_begun_here() -> None:
    names = opaque()
    talk = Talk(planned("tools.opaque"))
    earlier = {"id": "old", "type": "function", "function": {"name": "find_book", "arguments": '{"title": "Ubik"}'}}
    refused = {"role": "tool", "tool_call_id": "old", "content": "Error: use `find_book` with a full title"}
    talk.messages[2:] = [{"role": "assistant", "content": None, "tool_calls": [earlier]}, refused]
    talk.begin()
    call = talk.told[2]["tool_calls"][0]
    assert (call["id"], call["function"]["name"]) == ("old", names["find_book"])
    assert talk.told[3]["content"] == f"Error: use `{names['find_book']}` with a full title"
    assert not talk.boundary.steps


def test_a_client_that_drops_what_lies_behind_is_followed() -> None:
    talk = Talk(planned("tools.opaque"))
    for title in ("Dune", "Ubik"):
        talk.says(talk.begin(), None, (opaque()["find_book"], {"title": title}))
        talk.result(title)
    del talk.messages[2:4]
    talk.begin()
    assert [message["content"] for message in talk.told if message["role"] == "tool"] == ["Ubik"]


def test_what_a_client_alters_in_a_turn_reaches_the_model() -> None:
    """Reasoning that a client drops is dropped; what it adds is added."""
    talk = Talk(planned("tools.opaque"))
    talk.says(talk.begin(), "Let me see.", (opaque()["find_book"], {"title": "Dune"}))
    talk.messages[-1]["reasoning"] = "the client's own"
    talk.result("{}")
    talk.begin()
    assert talk.told[2]["reasoning"] == "the client's own"
    assert talk.told[2]["content"] == "Let me see."


def test_fields_that_nobody_knows_pass() -> None:
    talk = Talk(planned("tools.opaque"))
    talk.tools.append({"type": "web_search", "depth": 3})
    talk.tools[0]["function"] = {**FUNCTIONS[0], "x_vendor": 1}
    talk.messages[1]["name"] = "ann"
    talk.begin(seed=5, x_vendor={"a": 1}, tool_choice={"type": "function", "function": {"name": "lend_book"}})
    asked = talk.asked[0]
    assert (asked["seed"], asked["x_vendor"], asked["messages"][1]["name"]) == (5, {"a": 1}, "ann")
    assert asked["tools"][-1] == {"type": "web_search", "depth": 3}
    assert [one["function"]["x_vendor"] for one in asked["tools"] if "x_vendor" in one.get("function", {})] == [1]
    assert asked["tool_choice"] == {"type": "function", "function": {"name": opaque()["lend_book"]}}


def test_a_clean_episode_is_passed_on_to_the_letter() -> None:
    talk = Talk()
    talk.says(talk.begin(temperature=0.5), None, ("find_book", '{ "title":"Dune" }'))
    assert talk.messages[-1]["tool_calls"][0]["function"]["arguments"] == '{ "title":"Dune" }'
    talk.messages.append({"role": "tool", "tool_call_id": "call_1_0", "content": [{"type": "text", "text": '{"a":  1}'}]})
    talk.begin()
    assert talk.told == talk.messages
    assert talk.asked[-1]["tools"] == talk.tools
    assert not talk.boundary.exposed


@pytest.mark.parametrize(
    "text", ['{"id": 1, "näme": "é"}', '{"id": 1, "n": "\\u00e9"}', '{"id":1}', "[1,  2]", "plain é", "{}", "nul"]
)
def test_a_result_that_nothing_changes_keeps_its_spelling(text: str) -> None:
    talk = Talk(planned("tools.opaque"))
    talk.says(talk.begin(), None, (opaque()["find_book"], {"title": "Dune"}))
    talk.result(text)
    talk.begin()
    assert talk.told[-1]["content"] == text
    assert talk.boundary.steps[-1].reply.text == text


def test_tools_that_no_operator_can_work_with_pass_as_they_are() -> None:
    odd = {"name": "odd name!", "description": "", "parameters": {"type": "object", "properties": {}}}
    own = RequestToolset("library", SYSTEM, [*FUNCTIONS, odd], [Task(id="t", prompt=PROMPT)])
    assert list(own.apart) == ["odd name!"]
    real = Setup.of(own).for_agent(takes_scaffold=False)
    talk = Talk(planned("tools.opaque", real=real), real=real)
    talk.tools.append({"type": "function", "function": odd})
    talk.says(talk.begin(), None, ("odd name!", {"a": 1}))
    assert talk.asked[0]["tools"][-1] == {"type": "function", "function": odd}
    assert [name for _, name, _ in talk.calls] == ["odd name!"]


def test_a_name_that_nobody_knows_fails_with_the_client_as_it_would_clean() -> None:
    talk = Talk(planned("tools.opaque"))
    talk.says(talk.begin(), None, ("make_coffee", {}))
    assert [name for _, name, _ in talk.calls] == ["make_coffee"]


def test_what_the_user_says_over_several_turns_is_said_one_by_one() -> None:
    """The client says it at once, and hears of the last answer alone."""
    prompt = "My name is Ann Lee. I am a member. Please lend me Dune for a week."
    plan = planned("user.over_turns", prompt)
    said = lens_for(plan, setup(prompt)).show_turns((prompt,))
    assert len(said) > 1
    talk = Talk(plan, prompt=prompt)
    request = talk.begin()
    assert talk.told[1]["content"] == said[0]
    for place, more in enumerate(said[1:]):
        request = talk.says(request, f"Go on, {place}.")
        assert request.handed is None
        assert [message["content"] for message in talk.told[-2:]] == [f"Go on, {place}.", more]
    talk.says(request, None, ("find_book", {"title": "Dune"}))
    talk.result("{}")
    request = talk.begin()
    assert [message["content"] for message in talk.told if message["role"] == "user"] == list(said)
    talk.says(request, "Done.")
    assert talk.messages[-1] == {"role": "assistant", "content": "Done."}
    assert [one.message for one in talk.boundary.said] == list(said[1:])
    # The next request of the user's stands behind all of it.
    talk.messages.append({"role": "user", "content": "Thanks. And Ubik?"})
    talk.begin()
    assert [message["content"] for message in talk.told if message["role"] == "user"] == [*said, "Thanks. And Ubik?"]


def test_the_final_answer_is_read_back_and_shown_again_as_it_was() -> None:
    class Shouting(Lens):
        def show_answer(self, text: str) -> str:
            return text.upper()

        def read_answer(self, text: str) -> str:
            return text.lower()

    class Shout(Operator, frozen=True, kw_only=True):
        id: ClassVar[str] = "test.shout"
        axis: ClassVar[Axis] = "responses"
        phase: ClassVar[Phase] = "state"

        def lens(self, setup: Setup) -> Lens:
            return Shouting(setup)

    talk = Talk(Shout())
    talk.messages[1:1] = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day."}]
    talk.says(talk.begin(), "DUNE IS YOURS.")
    assert talk.messages[-1]["content"] == "dune is yours."
    assert talk.episode.answer == "DUNE IS YOURS."
    talk.messages.append({"role": "user", "content": "Thanks"})
    talk.begin()
    assert [message["content"] for message in talk.told if message["role"] == "assistant"] == ["GOOD DAY.", "DUNE IS YOURS."]


def test_a_setup_that_changes_within_an_episode_is_shown_from_then_on() -> None:
    plan = planned("toolset.live_migration")
    talk = Talk(plan)
    shown = []
    for _ in range(6):
        request = talk.begin()
        shown.append(talk.asked[-1]["tools"])
        find = next(one["function"] for one in talk.asked[-1]["tools"] if "Find a book" in one["function"]["description"])
        talk.says(request, None, (find["name"], {next(iter(find["parameters"]["properties"])): "Dune"}))
        assert [(name, arguments) for _, name, arguments in talk.calls] == [("find_book", {"title": "Dune"})]
        talk.result("{}")
    assert shown[0] == talk.tools != shown[-1]


def test_an_episode_ends_at_its_limit_of_calls() -> None:
    talk = Talk(max_calls=1)
    talk.says(talk.begin(), None, ("find_book", {"title": "Dune"}))
    talk.result("{}")
    request = talk.begin()
    with pytest.raises(BadRequest, match="has made its 1 calls") as raised:
        talk.says(request, None, ("find_book", {"title": "Ubik"}))
    assert raised.value.kind == "budget_exceeded"
    assert talk.boundary.over_budget


def test_tokens_of_turns_that_the_client_never_saw_are_in_its_account() -> None:
    talk = Talk(planned("tools.opaque"))
    request = talk.says(talk.begin(), None, ("find_book", {"title": "Dune"}))
    talk.says(request, "Sorry.")
    assert request.usage == {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}
    assert (talk.boundary.usage.input_tokens, talk.boundary.usage.turns) == (20, 2)


def test_arguments_that_are_no_json_go_back_to_the_model() -> None:
    talk = Talk()
    request = talk.says(talk.begin(), None, ("find_book", '{"title": '))
    assert request.handed is None
    assert talk.told[-1]["content"] == "Invalid arguments for find_book: expected a JSON object"
    assert talk.boundary.steps[-1].malformed == '{"title": '


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"n": 2}, "n is 2; perturb proxy carries one choice of each response"),
        ({"functions": [{}]}, "'functions' is an old form"),
        ({"messages": "hello"}, "'messages' must be a list"),
    ],
)
def test_what_the_proxy_cannot_carry_is_refused(body: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        CHAT.check({"model": "m", "messages": [], **body})


def test_a_strict_schema_stays_strict_where_it_can() -> None:
    closed = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
    assert is_strict(closed)
    assert not is_strict({**closed, "required": []})
    assert not is_strict({**closed, "properties": {"a": {"type": "object", "properties": {"b": {}}}}})


# Responses


def respond(talk: Talk, **body: Any) -> tuple[Request, dict[str, Any] | None]:
    tools = [{"type": "function", **one} for one in FUNCTIONS]
    request = talk.episode.begin(RESPONSES, {"model": "m", "instructions": SYSTEM, "tools": tools, **body})
    return request, talk.episode.next_body(request) if request.handed is None else None


def output(id: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "status": "completed", "output": list(items), "usage": {"input_tokens": 1, "output_tokens": 1}}


def call_item(id: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{id}", "call_id": id, "name": name, "arguments": json.dumps(arguments)}


def test_reasoning_items_stand_where_they_stood() -> None:
    names = opaque()
    talk = Talk(planned("tools.opaque"))
    request, asked = respond(talk, input=PROMPT)
    assert asked is not None
    assert asked["input"] == [{"role": "user", "content": PROMPT}]
    assert names["find_book"] in asked["instructions"]
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "xyz"}
    talk.episode.take(request, output("r1", thought, call_item("c1", names["find_book"], {"title": "Dune"})))
    assert request.handed is not None
    items = RESPONSES.handed(output("r1", thought), request.handed.calls, None, None)["output"]
    assert items == [thought, call_item("c1", "find_book", {"title": "Dune"})]
    result = {"type": "function_call_output", "call_id": "c1", "output": "found"}
    _, asked = respond(talk, input=[{"role": "user", "content": PROMPT}, *items, result])
    assert asked is not None
    assert asked["input"][1:] == [thought, call_item("c1", names["find_book"], {"title": "Dune"}), result]


def test_a_chain_of_stored_responses_goes_on_from_the_providers_own() -> None:
    """What the proxy has answered itself is no response of the provider's."""
    talk = Talk(Twice())
    request, _ = respond(talk, input=PROMPT)
    talk.episode.take(request, output("r1", call_item("c1", "lend_book", {"book_id": "b1", "days": 7})))
    result = {"type": "function_call_output", "call_id": "c1", "output": "{}"}
    request, asked = respond(talk, input=[result], previous_response_id="r1")
    assert asked is None
    made = talk.episode.made(request)
    assert [(one["call_id"], one["name"]) for one in made["output"]] == [("c1_2", "lend_book")]
    result = {"type": "function_call_output", "call_id": "c1_2", "output": "lent"}
    request, asked = respond(talk, input=[result], previous_response_id=made["id"])
    assert asked is not None
    assert asked["previous_response_id"] == "r1"
    assert asked["input"] == [{"type": "function_call_output", "call_id": "c1", "output": "lent"}]


def test_answers_between_model_and_proxy_go_with_a_stored_chain() -> None:
    talk = Talk(planned("tools.opaque"))
    request, _ = respond(talk, input=PROMPT)
    stale = call_item("c1", "find_book", {"title": "Dune"})
    talk.episode.take(request, output("r1", stale))
    asked = talk.episode.next_body(request)
    refused = {"type": "function_call_output", "call_id": "c1", "output": "Unknown tool: find_book"}
    assert asked["input"][1:] == [stale, refused]
    talk.episode.take(request, output("r2", call_item("c2", opaque()["find_book"], {"title": "Dune"})))
    result = {"type": "function_call_output", "call_id": "c2", "output": "found"}
    _, asked_now = respond(talk, input=[result], previous_response_id="r2")
    assert asked_now is not None
    assert (asked_now["previous_response_id"], asked_now["input"]) == ("r2", [result])


def test_operators_lie_over_one_another_as_in_any_episode() -> None:
    real = setup()
    operators = [select([name])[0] for name in ("tools.opaque", "arguments.opaque", "arguments.nest")]
    stack, _ = Stack.of(operators, real, lambda name: SeededPick(7, name), 1.0)
    lens = lens_for(stack, real)
    talk = Talk(stack)
    shown = lens.show_call(Call("lend_book", {"book_id": "b1", "days": 7}))
    talk.says(talk.begin(), None, (shown.name, shown.arguments))
    assert [(name, arguments) for _, name, arguments in talk.calls] == [("lend_book", {"book_id": "b1", "days": 7})]


def test_a_toolset_that_clients_carry_out_leaves_the_toolset_itself_as_it_was() -> None:
    own = toolset()
    own.dumps_state = True
    made = among_clients(own, "another system prompt")
    assert (made.dumps_state, own.dumps_state) == (False, True)
    assert (Setup.of(made).system, Setup.of(own).system) == ("another system prompt", SYSTEM)
