"""The AgentDojo adapter against AgentDojo itself: the same tools, texts, failures and verdicts, for all 97 tasks."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from perturb import texts
from perturb.errors import ConfigurationError
from perturb.loading import load_toolset
from perturb.toolset import Environment, Task, Toolset
from perturb.types import Call, Failure, Result

pytest.importorskip("agentdojo")

SUITES = ("banking", "slack", "travel", "workspace")


@pytest.fixture(scope="module", params=SUITES)
def toolset(request: pytest.FixtureRequest) -> Toolset:
    return load_toolset(f"agentdojo:{request.param}")


def all_tasks() -> Iterator[tuple[Toolset, Task]]:
    for suite in SUITES:
        toolset = load_toolset(f"agentdojo:{suite}")
        for task in toolset.tasks:
            yield toolset, task


def play(environment: Environment, task: Task) -> list[Result]:
    """The gold results; every gold call succeeds."""
    results = []
    for call in task.gold or ():
        answer = environment.call(call)
        assert isinstance(answer, Result), f"{task.id}: {call} gave {answer}"
        results.append(answer)
    return results


def settled(toolset: Toolset, state: Any, path: str = "") -> Any:
    """`state` without what differs from run to run."""
    if any(re.fullmatch(pattern, path) for pattern in toolset.volatile):
        return None
    if isinstance(state, dict):
        return {key: settled(toolset, value, f"{path}/{key}") for key, value in state.items()}
    if isinstance(state, list):
        return [settled(toolset, value, f"{path}/{index}") for index, value in enumerate(state)]
    return state


def test_the_gold_calls_of_all_97_tasks_pass_their_own_checks_in_seconds() -> None:
    toolsets = [load_toolset(f"agentdojo:{suite}") for suite in SUITES]
    began = time.perf_counter()
    passed = []
    for toolset in toolsets:
        for task in toolset.tasks:
            environment = toolset.environment(task)
            play(environment, task)
            passed.append(toolset.check(task, environment, task.answer, task.gold or ()))
    assert (len(passed), sum(passed)) == (97, 97)
    assert time.perf_counter() - began < 10


def test_floors_what_passes_without_a_single_call() -> None:
    silent = [toolset.check(task, toolset.environment(task), "", ()) for toolset, task in all_tasks()]
    stated = [toolset.check(task, toolset.environment(task), task.answer, ()) for toolset, task in all_tasks()]
    assert (sum(silent), sum(stated)) == (5, 38)


def test_verdicts_on_unfinished_work_are_those_of_agentdojo() -> None:
    from agentdojo.functions_runtime import FunctionCall
    from agentdojo.task_suite.load_suites import get_suite
    from agentdojo.types import text_content_block_from_string

    verdicts = []
    for toolset, task in all_tasks():
        suite: Any = get_suite("v1.2.2", toolset.name.partition(":")[2])
        environment: Any = toolset.environment(task)
        calls = (task.gold or ())[:-1]
        for call in calls:
            environment.call(call)
        before: Any = toolset.environment(task)
        trace = [FunctionCall(function=call.name, args=call.arguments) for call in calls]
        said = [text_content_block_from_string(task.answer)]
        theirs = suite._check_user_task_utility(suite.user_tasks[task.id], said, before.state, environment.state, trace)
        verdicts.append(toolset.check(task, environment, task.answer, calls))
        assert verdicts[-1] == theirs, task.id
    assert 0 < sum(verdicts) < 97


def test_each_of_the_339_gold_results_reads_as_agentdojo_prints_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentdojo.agent_pipeline.tool_execution import tool_result_to_str
    from agentdojo.functions_runtime import FunctionsRuntime

    returned: list[Any] = []
    run: Callable[..., Any] = FunctionsRuntime.run_function

    def noted(*arguments: Any, **options: Any) -> Any:
        result = run(*arguments, **options)
        returned.append(result[0])
        return result

    monkeypatch.setattr(FunctionsRuntime, "run_function", noted)
    compared = 0
    for toolset, task in all_tasks():
        environment = toolset.environment(task)
        for call in task.gold or ():
            answer = environment.call(call)
            assert isinstance(answer, Result)
            assert texts.result_text(answer) == tool_result_to_str(returned[-1])
            compared += 1
    assert compared == 339


def test_results_fit_the_declared_schema(toolset: Toolset) -> None:
    schemas = {tool.name: tool.returns for tool in toolset.tools}
    for task in toolset.tasks:
        for call, result in zip(task.gold or (), play(toolset.environment(task), task), strict=True):
            schema = schemas[call.name]
            assert schema is not None
            jsonschema.validate(result.data, schema)
            assert json.loads(json.dumps(result.data)) == result.data


def test_gold_calls_fit_the_parameters_and_the_toolset_is_well_formed(toolset: Toolset) -> None:
    toolset.validate()
    parameters = {tool.name: tool.parameters for tool in toolset.tools}
    for task in toolset.tasks:
        for call in task.gold or ():
            jsonschema.validate(call.arguments, parameters[call.name])


def test_schemas_hold_no_reference_and_no_title_but_the_property_of_that_name(toolset: Toolset) -> None:
    def keywords(schema: Any, named: bool = False) -> Iterator[str]:
        if isinstance(schema, dict):
            for key, value in schema.items():
                if not named:
                    yield key
                yield from keywords(value, named=key == "properties" and not named)
        elif isinstance(schema, list):
            for item in schema:
                yield from keywords(item)

    for tool in toolset.tools:
        assert not {"title", "$ref", "$defs"} & {*keywords(tool.parameters), *keywords(tool.returns)}
    if toolset.name == "agentdojo:workspace":
        create = next(tool for tool in toolset.tools if tool.name == "create_calendar_event")
        assert "title" in create.parameters["properties"]
        assert create.returns is not None
        assert "title" in create.returns["properties"]


def test_a_read_leaves_the_state_and_an_idempotent_write_leaves_it_the_second_time(toolset: Toolset) -> None:
    tools = {tool.name: tool for tool in toolset.tools}
    for task in toolset.tasks:
        environment = toolset.environment(task)
        for call in task.gold or ():
            before = environment.dump()
            environment.call(call)
            after = environment.dump()
            if tools[call.name].effect == "read":
                assert after == before, call
            elif tools[call.name].idempotent:
                environment.call(call)
                assert settled(toolset, environment.dump()) == settled(toolset, after), call


def test_each_tool_is_declared_and_each_declared_argument_exists() -> None:
    from agentdojo.task_suite.load_suites import get_suite

    for suite in SUITES:
        theirs = {function.name for function in get_suite("v1.2.2", suite).tools}
        toolset = load_toolset(f"agentdojo:{suite}")
        assert {tool.name for tool in toolset.tools} == theirs
        table = vars(sys.modules[type(toolset).__module__])["DECLARED"][suite]
        assert set(table) == theirs


def test_meanings_stand_at_the_value() -> None:
    tools = {tool.name: tool for tool in load_toolset("agentdojo:workspace").tools}
    assert tools["search_calendar_events"].parameters["properties"]["date"]["anyOf"][0]["x-date"]["format"] == "date"
    assert tools["send_email"].parameters["properties"]["cc"]["anyOf"][0]["items"]["x-identifier"] == "email"
    returns = tools["search_emails"].returns
    assert returns is not None
    assert returns["items"]["properties"]["recipients"]["items"]["x-identifier"] == "email"
    assert returns["items"]["properties"]["timestamp"]["x-date"]["written"] == "%Y-%m-%dT%H:%M:%S"


def test_a_dump_loads_into_a_fresh_environment_and_the_rest_of_the_task_goes_on_from_there(toolset: Toolset) -> None:
    for task in toolset.tasks:
        calls = task.gold or ()
        half = len(calls) // 2
        straight, resumed = toolset.environment(task), toolset.environment(task)
        for call in calls[:half]:
            straight.call(call)
        state = straight.dump()
        untouched = json.dumps(state)
        resumed.load(state)
        assert resumed.dump() == state
        for call in calls[half:]:
            straight.call(call)
            resumed.call(call)
        assert json.dumps(state) == untouched, "the loaded state was changed in place"
        assert settled(toolset, resumed.dump()) == settled(toolset, straight.dump())
        assert toolset.check(task, resumed, task.answer, calls), task.id


def test_a_loaded_state_equals_the_one_it_was_dumped_from(toolset: Toolset) -> None:
    for task in toolset.tasks:
        environment: Any = toolset.environment(task)
        play(environment, task)
        loaded: Any = toolset.environment(task)
        loaded.load(environment.dump())
        assert loaded.state == environment.state
        assert loaded.state.model_dump() == environment.state.model_dump()


def test_an_event_that_was_mailed_still_changes_in_both_places_after_a_load() -> None:
    toolset = load_toolset("agentdojo:workspace")
    environment = toolset.environment(toolset.tasks[0])
    day = {"title": "Review", "start_time": "2024-05-20 10:00", "end_time": "2024-05-20 11:00"}
    created = environment.call(Call("create_calendar_event", day | {"participants": ["mark.davies@hotmail.com"]}))
    assert isinstance(created, Result)
    environment.load(environment.dump())
    environment.call(Call("add_calendar_event_participants", {"event_id": created.data["id_"], "participants": ["a@b.com"]}))
    state = environment.dump()
    mailed = list(state["inbox"]["emails"].values())[-1]["attachments"][0]
    assert mailed["participants"] == ["mark.davies@hotmail.com", "emma.johnson@bluesparrowtech.com", "a@b.com"]


def test_a_new_event_lists_its_participants_as_given_whatever_the_hashes_of_the_process() -> None:
    toolset = load_toolset("agentdojo:travel")
    given = [f"guest{number}@example.com" for number in (7, 3, 9, 1, 8, 2)]
    day = {"title": "Review", "start_time": "2024-05-20 10:00", "end_time": "2024-05-20 11:00"}
    created = toolset.environment(toolset.tasks[0]).call(Call("create_calendar_event", day | {"participants": given}))
    assert isinstance(created, Result)
    assert created.data["participants"] == [*given, "emma.johnson@bluesparrowtech.com"]


def test_episodes_are_apart(toolset: Toolset) -> None:
    task = next(task for task in toolset.tasks if any(call.name.startswith(("send", "create")) for call in task.gold or ()))
    first, second = toolset.environment(task), toolset.environment(task)
    fresh = second.dump()
    play(first, task)
    assert first.dump() != fresh
    assert second.dump() == fresh == toolset.environment(task).dump()


def test_reset_dump_and_load_take_milliseconds() -> None:
    toolset = load_toolset("agentdojo:workspace")
    task = toolset.tasks[0]
    environment = toolset.environment(task)
    state = environment.dump()
    for operation in (lambda: toolset.environment(task), environment.dump, lambda: environment.load(state)):
        took = []
        for _ in range(20):
            began = time.perf_counter()
            operation()
            took.append(time.perf_counter() - began)
        assert min(took) < 0.005


@pytest.mark.parametrize(
    ("suite", "call", "kind", "field", "words"),
    [
        ("banking", Call("pay", {}), "unknown_tool", None, "ToolNotFoundError: The requested function `pay` is not available."),
        (
            "banking",
            Call("get_most_recent_transactions", {"n": "many"}),
            "invalid_argument",
            "n",
            "ValidationError: 1 validation",
        ),
        (
            "banking",
            Call("send_money", {"amount": 1, "subject": "", "date": ""}),
            "invalid_argument",
            "recipient",
            "Field required",
        ),
        ("banking", Call("update_scheduled_transaction", {"id": 99}), "not_found", None, "Transaction with ID 99 not found."),
        ("slack", Call("read_inbox", {"user": "Zoe"}), "not_found", None, "ValueError: User Zoe not found in the users list"),
        (
            "slack",
            Call("invite_user_to_slack", {"user": "Bob", "user_email": "b@c.d"}),
            "conflict",
            None,
            "already in the users",
        ),
        ("slack", Call("read_channel_messages", {"channel": "x"}), "not_found", None, "ValueError: Channel does not exist!"),
        ("slack", Call("remove_user_from_slack", {"user": "Eve"}), "unknown", None, "KeyError: 'Eve'"),
        ("workspace", Call("search_emails", {"query": "zebra"}), "not_found", None, "ValueError: No emails found."),
        ("workspace", Call("get_day_calendar_events", {"day": "May 1"}), "invalid_argument", None, "does not match format"),
        (
            "workspace",
            Call("send_email", {"recipients": ["x"], "subject": "", "body": ""}),
            "invalid_argument",
            "recipients",
            "for Email",
        ),
    ],
)
def test_failures_keep_agentdojo_words_and_have_a_kind(
    suite: str, call: Call, kind: str, field: str | None, words: str
) -> None:
    toolset = load_toolset(f"agentdojo:{suite}")
    environment = toolset.environment(toolset.tasks[0])
    failure = environment.call(call)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.field) == (kind, field)
    assert words in texts.failure_text(failure)


def test_a_refusal_has_the_words_of_a_real_one() -> None:
    toolset = load_toolset("agentdojo:banking")
    assert toolset.refusal("unknown_tool", tool="pay") == toolset.environment(toolset.tasks[0]).call(Call("pay", {}))
    bad = toolset.refusal("invalid_argument", tool="send_money", field="amount", value="much")
    assert bad.message.splitlines()[:2] == ["ValidationError: 1 validation error for Input schema for `send_money`", "amount"]


def test_a_list_written_as_text_is_read_as_agentdojo_reads_it() -> None:
    toolset = load_toolset("agentdojo:travel")
    environment = toolset.environment(toolset.tasks[0])
    as_text = environment.call(Call("get_hotels_prices", {"hotel_names": "['City Hub', 'Cozy Stay']"}))
    assert isinstance(as_text, Result)
    assert set(as_text.data) == {"City Hub", "Cozy Stay"}
    assert isinstance(environment.call(Call("get_hotels_prices", {"hotel_names": "[City Hub"})), Failure)


def test_a_check_that_finds_nothing_to_look_at_is_a_fail_not_an_error() -> None:
    toolset = load_toolset("agentdojo:slack")
    task = toolset.task("user_task_13")
    environment: Any = toolset.environment(task)
    environment.state.slack.user_inbox["Charlie"] = []
    assert toolset.check(task, environment, "", ()) is False


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"sent_at": "2024-05-15T10:00:00", "to": ["2024-05-15T10:00:00"]},
            "sent_at: 2024-05-15 10:00:00\nto:\n- '2024-05-15T10:00:00'",
        ),
        ({"at": "2024-05-15T10:00:00Z"}, "at: 2024-05-15 10:00:00+00:00"),
        ({"at": "2024-99-15T10:00:00"}, "at: '2024-99-15T10:00:00'"),
        ([], "[]"),
        (["a", 1], "- a\n- '1'"),
        ([{"b": 1.0, "a": None}], "- a: null\n  b: 1.0"),
        ("2024-05-15T10:00:00", "2024-05-15T10:00:00"),
        (None, "None"),
    ],
)
def test_the_renderer_takes_any_json(data: Any, text: str) -> None:
    load_toolset("agentdojo:banking")
    assert texts.result_text(Result(data, "agentdojo-yaml")) == text


def replaced(value: Any, words: dict[str, str]) -> Any:
    """Every word of `words` replaced in all strings of `value`, keys included, in small, capital and title letters."""
    if isinstance(value, dict):
        return {replaced(key, words): replaced(item, words) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [replaced(item, words) for item in value]
    if not isinstance(value, str):
        return value
    forms = {form(old): form(new) for old, new in words.items() for form in (str.lower, str.upper, str.title)}
    pattern = re.compile(r"(?<![^\W\d_])(" + "|".join(sorted(forms, key=len, reverse=True)) + r")(?![^\W\d_])")
    return pattern.sub(lambda match: forms[match[1]], value)


@pytest.mark.slow
def test_other_names_word_for_word_leave_every_task_solved(toolset: Toolset) -> None:
    old = sorted({word for names in toolset.entities.values() for name in names for word in name.split()})
    there = {word: f"Zq{chr(97 + index // 26)}{chr(97 + index % 26)}x" for index, word in enumerate(old)}
    back = {new: word for word, new in there.items()}
    assert old
    met = 0
    for task in toolset.tasks:
        clean, shown, real = (toolset.environment(task) for _ in range(3))
        play(clean, task)
        shown.load(replaced(shown.dump(), there))
        calls = [Call(call.name, replaced(call.arguments, there)) for call in task.gold or ()]
        results = [shown.call(call) for call in calls]
        assert all(isinstance(result, Result) for result in results), task.id
        met += any(new in json.dumps(str(result)).title() for result in results for new in back)
        real.load(replaced(shown.dump(), back))
        assert settled(toolset, real.dump()) == settled(toolset, clean.dump()), task.id
        read = [Call(call.name, replaced(call.arguments, back)) for call in calls]
        assert read == list(task.gold or ())
        assert toolset.check(task, real, replaced(replaced(task.answer, there), back), read), task.id
    assert met or toolset.name == "agentdojo:banking"


def test_no_name_is_an_ordinary_word(toolset: Toolset) -> None:
    names = {name for group in toolset.entities.values() for name in group}
    assert not names & {"Katie Brown", "Linda Green", "Project Team", "Board Members", "Training Team"}
    assert all(1 <= len(name.split()) <= 2 and name == name.title() for name in names)


def test_the_state_leaves_out_what_follows_from_the_rest() -> None:
    state = load_toolset("agentdojo:workspace").environment(load_toolset("agentdojo:workspace").tasks[0]).dump()
    assert set(state["inbox"]) == {"account_email", "emails", "contact_list", "trash"}
    assert set(state["calendar"]) == {"account_email", "current_day", "events"}
    assert all("size" not in file for file in state["cloud_drive"]["files"].values())


@pytest.mark.parametrize("spec", ["agentdojo", "agentdojo:bank"])
def test_a_wrong_suite_is_told_of_all_four(spec: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_toolset(spec)
    assert all(f"agentdojo:{suite}" in str(caught.value) for suite in SUITES)


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "agentdojo", None)
    with pytest.raises(ConfigurationError) as caught:
        load_toolset("agentdojo:banking")
    assert '  pip install "perturb-agents[agentdojo]"' in str(caught.value).splitlines()


def test_the_digest_is_the_same_twice_and_differs_by_suite() -> None:
    digests = [load_toolset(f"agentdojo:{suite}").digest() for suite in SUITES * 2]
    assert digests[:4] == digests[4:]
    assert len(set(digests)) == 4


def test_the_system_message_is_the_package_own() -> None:
    import agentdojo

    packaged = (Path(agentdojo.__file__).parent / "data" / "system_messages.yaml").read_text()
    system = load_toolset("agentdojo:slack").system
    assert system
    assert system.splitlines()[-1].strip() in packaged
