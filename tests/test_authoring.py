"""Toolsets from a class, from functions and from a folder of JSON."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from pydantic import Field
from typing_extensions import TypedDict

from perturb import authoring, texts
from perturb.authoring import ToolError, from_file, from_folder, read, toolset, write
from perturb.errors import ConfigurationError, PerturbError, ToolsetError
from perturb.toolset import Environment, Task
from perturb.types import Call, Failure, Result, Tool


class Person(TypedDict):
    first_name: Annotated[str, Field(description="As in the passport.", json_schema_extra={"x-entity": "person"})]
    age: int


class Row(TypedDict):
    title: str
    price: Annotated[float, Field(json_schema_extra={"x-unit": "USD"})]


class Shop:
    def __init__(self) -> None:
        self.stock = {"lamp": 3}
        self._cache: set[str] = set()

    @read(ordered=False)
    def search(
        self,
        title: str,
        kind: Literal["new", "old"] = "new",
        limit: Annotated[int | None, Field(json_schema_extra={"x-unit": "items"})] = None,
    ) -> list[Row]:
        """Search the shelves.

        In every shop.

        Args:
            title: What to look for,
                in full.
            kind: Which shelf.
        """
        found: list[Row] = [{"title": title, "price": 2.5}]
        return found[:limit]

    @write(idempotent=True)
    def set_stock(self, item: str, number: int, people: list[Person]) -> dict[str, int]:
        """Set how many there are."""
        if number < 0:
            raise ToolError("precondition_failed", "No fewer than 0.", field="number", value=number, retry_after=2.0)
        self.stock[item] = number
        return self.stock

    def broken(self) -> None:
        raise KeyError("lost")

    async def slow(self, item: str) -> str:
        await asyncio.sleep(0)
        if item == "none":
            raise ToolError("not_found", "There is none.")
        return f"one {item}"


def always(subject: Any, answer: str, calls: Any) -> bool:
    return True


TASK = Task(id="1", prompt="Do.", check=always)


@pytest.fixture
def shop() -> authoring.AuthoredToolset:
    return toolset(Shop, name="shop", tasks=[TASK])


def tool(made: authoring.AuthoredToolset, name: str) -> Tool:
    return next(each for each in made.tools if each.name == name)


def call(made: authoring.AuthoredToolset, name: str, **arguments: Any) -> Any:
    return made.environment(TASK).call(Call(name, arguments))


# What a class becomes


def test_public_methods_are_tools_in_their_order(shop: authoring.AuthoredToolset) -> None:
    assert [each.name for each in shop.tools] == ["search", "set_stock", "broken", "slow"]
    assert [(each.effect, each.idempotent, each.ordered) for each in shop.tools] == [
        ("read", True, False),
        ("write", True, True),
        ("write", False, True),
        ("write", False, True),
    ]


def test_parameters_come_from_type_hints_and_docstring(shop: authoring.AuthoredToolset) -> None:
    search = tool(shop, "search")
    assert search.description == "Search the shelves. In every shop."
    assert search.parameters == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "title": {"type": "string", "description": "What to look for, in full."},
            "kind": {"type": "string", "enum": ["new", "old"], "default": "new", "description": "Which shelf."},
            "limit": {"type": "integer", "x-unit": "items"},
        },
        "required": ["title"],
    }


def test_nested_types_are_inlined_and_keep_what_they_declare(shop: authoring.AuthoredToolset) -> None:
    person = tool(shop, "set_stock").parameters["properties"]["people"]["items"]
    assert person["properties"]["first_name"] == {
        "type": "string",
        "description": "As in the passport.",
        "x-entity": "person",
    }
    assert person["required"] == ["first_name", "age"]


def test_the_return_annotation_is_the_output_schema(shop: authoring.AuthoredToolset) -> None:
    row = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "price": {"type": "number", "x-unit": "USD"}},
        "required": ["title", "price"],
    }
    assert tool(shop, "search").returns == {"type": "array", "items": row}
    assert tool(shop, "set_stock").returns == {"type": "object", "additionalProperties": {"type": "integer"}}


def test_a_tool_that_returns_text_is_shown_as_it_is(shop: authoring.AuthoredToolset) -> None:
    result = asyncio.run(call(shop, "slow", item="lamp"))
    assert texts.result_text(result) == "one lamp"


# Calls


def test_a_call_gives_a_result_and_changes_this_episode_alone(shop: authoring.AuthoredToolset) -> None:
    environment = shop.environment(TASK)
    assert isinstance(environment, Environment)
    answer = environment.call(Call("set_stock", {"item": "lamp", "number": 5, "people": []}))
    assert answer == Result({"lamp": 5})
    assert environment.dump() == {"stock": {"lamp": 5}}
    assert shop.environment(TASK).dump() == {"stock": {"lamp": 3}}


def test_a_result_does_not_change_with_the_state_it_came_from(shop: authoring.AuthoredToolset) -> None:
    environment = shop.environment(TASK)
    first: Any = environment.call(Call("set_stock", {"item": "lamp", "number": 5, "people": []}))
    environment.call(Call("set_stock", {"item": "lamp", "number": 9, "people": []}))
    assert first.data == {"lamp": 5}


@pytest.mark.parametrize(
    ("name", "arguments", "field", "value", "message"),
    [
        ("search", {}, "title", None, "Invalid arguments for search: 'title' is required"),
        ("search", {"title": "x", "colour": 1}, "colour", 1, "Invalid arguments for search: 'colour' is not an argument"),
        ("search", {"title": 3}, "title", 3, "'title' was 3; input should be a valid string"),
        ("search", {"title": "x", "kind": "odd"}, "kind", "odd", "'kind' was \"odd\"; input should be 'new' or 'old'"),
        ("search", {"title": "x", "limit": True}, "limit", True, "'limit' was true; input should be a valid integer"),
        ("search", {"title": "x", "limit": "3"}, "limit", "3", "'limit' was \"3\""),
        (
            "set_stock",
            {"item": "x", "number": 1, "people": [{"first_name": "Aino"}]},
            "people.0.age",
            None,
            "'people.0.age' is required",
        ),
        (
            "set_stock",
            {"item": "x", "number": 1, "people": [{"first_name": "Aino", "age": 1, "sex": "f"}]},
            "people.0.sex",
            "f",
            "'people.0.sex' is not an argument",
        ),
        ("search", [], None, [], "expected a JSON object"),
        ("search", {"title": object()}, None, None, "they are not JSON"),
        ("search", {"title": "\ud800"}, None, None, "they are not JSON"),
    ],
)
def test_bad_arguments_are_refused_as_a_server_would(
    shop: authoring.AuthoredToolset, name: str, arguments: Any, field: str | None, value: Any, message: str
) -> None:
    failure: Any = shop.environment(TASK).call(Call(name, arguments))
    assert (failure.kind, failure.tool, failure.field, failure.value) == ("invalid_argument", name, field, value)
    assert message in failure.message


def test_an_explicit_null_is_read_as_left_out(shop: authoring.AuthoredToolset) -> None:
    assert isinstance(call(shop, "search", title="x", limit=None), Result)


def test_a_tool_refuses_by_raising(shop: authoring.AuthoredToolset) -> None:
    assert call(shop, "set_stock", item="lamp", number=-1, people=[]) == Failure(
        kind="precondition_failed",
        message="No fewer than 0.",
        tool="set_stock",
        field="number",
        value=-1,
        retry_after=2.0,
    )
    assert asyncio.run(call(shop, "slow", item="none")).kind == "not_found"


def test_an_unexpected_exception_is_an_internal_failure(shop: authoring.AuthoredToolset) -> None:
    assert call(shop, "broken") == Failure(kind="internal", message="KeyError: 'lost'", tool="broken")


def test_an_unknown_tool_is_refused(shop: authoring.AuthoredToolset) -> None:
    assert call(shop, "serch", title="x") == Failure(kind="unknown_tool", message="Unknown tool: serch", tool="serch")


def test_failures_may_be_read_as_json() -> None:
    made = toolset(Shop, name="shop", tasks=[TASK], failures="json")
    for failure in (call(made, "search"), made.refusal("invalid_argument", tool="search", field="title")):
        error = json.loads(texts.failure_text(failure))["error"]
        assert (error["code"], error["field"]) == ("invalid_argument", "title")
    assert json.loads(texts.failure_text(call(made, "nope")))["error"]["code"] == "unknown_tool"


# State


def test_the_state_goes_into_a_dump_and_comes_back(shop: authoring.AuthoredToolset) -> None:
    environment = shop.environment(TASK)
    environment.call(Call("set_stock", {"item": "desk", "number": 1, "people": []}))
    state = environment.dump()
    other = shop.environment(TASK)
    other.load(state)
    assert other.dump() == {"stock": {"lamp": 3, "desk": 1}}
    other.call(Call("set_stock", {"item": "desk", "number": 7, "people": []}))
    assert state == environment.dump() == {"stock": {"lamp": 3, "desk": 1}}


def test_a_class_may_dump_and_load_its_own_state() -> None:
    class Set:
        def __init__(self) -> None:
            self.items = {"b", "a"}
            self.closed = False

        def add(self, item: str) -> None:
            self.items.add(item)

        def dump(self) -> list[str]:
            return sorted(self.items)

        def load(self, state: list[str]) -> None:
            self.items = set(state)

        def close(self) -> None:
            self.closed = True

    made = toolset(Set, name="set", tasks=[TASK])
    assert [each.name for each in made.tools] == ["add"]
    environment = made.environment(TASK)
    environment.call(Call("add", {"item": "c"}))
    other = made.environment(TASK)
    other.load(environment.dump())
    assert other.dump() == ["a", "b", "c"]
    environment.close()
    assert environment.subject.closed


def test_a_state_that_is_not_json_is_declared_so() -> None:
    class Odd:
        def __init__(self) -> None:
            self.items = {"a"}

        def look(self) -> int:
            return len(self.items)

    made = toolset(Odd, name="odd", tasks=[TASK])
    assert not made.dumps_state
    environment = made.environment(TASK)
    assert environment.call(Call("look")) == Result(1)
    with pytest.raises(NotImplementedError, match="give its class dump and load"):
        environment.dump()
    with pytest.raises(NotImplementedError):
        environment.load({})


def test_functions_share_the_state_of_an_episode() -> None:
    def add(item: str, state: dict[str, Any]) -> int:
        """Add an item.

        Args:
            item: What to add.
        """
        state["items"].append(item)
        return len(state["items"])

    def double(number: int) -> int:
        return 2 * number

    made = toolset(tools=[add, double], state={"items": []}, name="plain", tasks=[TASK])
    assert list(tool(made, "add").parameters["properties"]) == ["item"]
    environment = made.environment(TASK)
    assert environment.call(Call("add", {"item": "a"})) == Result(1)
    assert environment.call(Call("double", {"number": 4})) == Result(8)
    assert environment.dump() == {"items": ["a"]}
    assert environment.subject == {"items": ["a"]}
    environment.load({"items": ["x", "y"]})
    assert environment.call(Call("add", {"item": "z"})) == Result(3)
    assert made.environment(TASK).dump() == {"items": []}
    assert toolset(tools=[add], state=lambda: {"items": ["q"]}, name="f", tasks=[TASK]).environment(TASK).dump() == {
        "items": ["q"]
    }


def test_a_check_is_given_the_subject() -> None:
    seen: list[Any] = []

    def check(subject: Any, answer: str, calls: Any) -> bool:
        seen.append(subject)
        return subject.stock["lamp"] == 3 and answer == "yes"

    made = toolset(Shop, name="shop", tasks=[Task(id="1", prompt="Do.", check=check)])
    assert made.check(made.tasks[0], made.environment(made.tasks[0]), "yes", [])
    assert not made.check(made.tasks[0], made.environment(made.tasks[0]), "no", [])
    assert all(isinstance(subject, Shop) for subject in seen)


def test_the_digest_changes_with_whatever_an_episode_depends_on() -> None:
    def add(item: str) -> str:
        return item

    def made(**changes: Any) -> str:
        given: dict[str, Any] = {"name": "t", "tasks": [TASK], "tools": [add], "state": {"n": 1}}
        return toolset(**{**given, **changes}).digest()

    digests = [
        made(),
        made(state={"n": 2}),
        made(system="Be kind."),
        made(tasks=[msgspec.structs.replace(TASK, prompt="Do it.")]),
        made(entities={"person": ["Aino Virtanen"]}),
        made(failures="json"),
        made(tasks=[Task(id="1", prompt="Do.", check=re.escape)]),  # type: ignore[arg-type]
    ]
    assert len(set(digests)) == len(digests)
    assert made() == digests[0]


# What an author may get wrong


def untyped(item) -> None:  # type: ignore[no-untyped-def]
    ...


def open_ended(**items: str) -> None: ...


def misdescribed(item: str) -> None:
    """Look.

    Args:
        itm: What to look at.
    """


def unknown_type(item: Shop) -> None: ...


def good(item: str) -> None: ...


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"tools": [untyped]}, ["'item'", "'untyped'", "`item: str`"]),
        ({"tools": [open_ended]}, ["'open_ended'", "**items", "by its name"]),
        ({"tools": [misdescribed]}, ["'misdescribed'", "'itm'"]),
        ({"tools": [unknown_type]}, ["'unknown_type'", "no JSON Schema"]),
        ({"tools": [good, good]}, ["two tools called 'good'", "rename"]),
        ({}, ["either a class or tools=[functions]"]),
        ({"tools": [good], "environment_class": Shop}, ["either a class or tools=[functions]"]),
        ({"environment_class": Shop, "state": {}}, ["a class and a state"]),
        ({"environment_class": object}, ["'object'", "no public method"]),
        ({"tools": [good], "state": {"a": {1}}}, ["not JSON", "a function that makes it"]),
        ({"tools": [good], "state": lambda: 1 / 0}, ["cannot be made", "ZeroDivisionError"]),
        ({"tools": [good], "tasks": [Task(id="7", prompt="Do.")]}, ["task '7'", "no check"]),
        ({"tools": [good], "tasks": [TASK, TASK]}, ["two tasks with the id '1'"]),
        (
            {"tools": [good], "tasks": [Task(id="7", prompt="Do.", gold=(Call("god"),), check=always)]},
            ["task '7'", "'god'", "no tool of it"],
        ),
        ({"tools": [good], "entities": {"person": "Aino"}}, ["'person'", "'Aino'", "a list of names"]),
    ],
)
def test_what_an_author_gets_wrong_is_named_with_the_remedy(given: dict[str, Any], told: list[str]) -> None:
    with pytest.raises(ToolsetError) as caught:
        toolset(**{"name": "mine", "tasks": [TASK], **given})
    for words in told:
        assert words in str(caught.value)


def test_the_example_of_the_module_runs_and_fits_in_twenty_lines(tmp_path: Path) -> None:
    told = str(authoring.__doc__)
    example = told[told.index("from perturb") : told.index("Plain functions")]
    lines = example.splitlines()
    assert len([line for line in lines if line.strip()]) <= 20
    (tmp_path / "shop.py").write_text("\n".join(lines))
    made = from_file(tmp_path / "shop.py")
    environment = made.environment(made.tasks[0])
    assert not made.check(made.tasks[0], environment, "", [])
    for each in made.tasks[0].gold or ():
        assert isinstance(environment.call(each), Result)
    assert made.check(made.tasks[0], environment, "", [])


def test_pydantic_is_not_imported_before_a_function_is_read() -> None:
    code = "import sys, perturb.authoring; print({'pydantic', 'jsonschema', 'docstring_parser'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


# A folder of JSON

ENVIRONMENT = """
from perturb.authoring import ToolError

class Environment:
    def __init__(self):
        self.orders = {"A1": {"status": "open", "lines": [1, 2]}}

    def call(self, name, arguments):
        if name == "cancel":
            if arguments["order"] not in self.orders:
                raise ToolError("not_found", "There is no such order.", field="order")
            self.orders[arguments["order"]]["status"] = "cancelled"
        return self.orders

def check_cancelled(environment, answer, calls):
    return environment.orders["A1"]["status"] == "cancelled"
"""
FOLDER: dict[str, Any] = {
    "toolset.json": {"system": "Help.", "entities": {"person": ["Aino Virtanen"]}, "volatile": ["/at"], "failures": "json"},
    "tools.json": [
        {
            "name": "cancel",
            "description": "Cancel an order.",
            "parameters": {
                "type": "object",
                "properties": {
                    "order": {"type": "string"},
                    "why": {"enum": ["late", "other"]},
                    "to": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
                },
                "required": ["order"],
                "additionalProperties": False,
            },
        },
        {"name": "orders", "effect": "read", "parameters": {"type": "object"}, "returns": {"type": "object"}},
    ],
    "tasks.json": [
        {
            "id": "1",
            "prompt": "Cancel A1.",
            "gold": [{"name": "cancel", "arguments": {"order": "A1"}}],
            "answer": "A1 is cancelled.",
            "check": "check_cancelled",
        },
        {
            "id": "2",
            "prompt": "Cancel A1 and say its code.",
            "gold": [{"name": "cancel", "arguments": {"order": "A1"}}],
            "answer": "A1 is cancelled.",
            "check": {"state": {"orders": {"A1": {"status": "cancelled"}}}, "answer": ["a1"]},
        },
    ],
    "environment.py": ENVIRONMENT,
}


def folder(place: Path, **changes: Any) -> Path:
    """A folder with `changes` by the stem of a file: a value written as JSON, a text as it is, `None` for no file."""
    for name, value in FOLDER.items():
        value = changes.get(name.split(".")[0], value)
        if value is not None:
            (place / name).write_text(value if isinstance(value, str) else json.dumps(value))
    return place


def test_a_folder_of_json_is_a_toolset(tmp_path: Path) -> None:
    made = from_folder(folder(tmp_path))
    assert (made.name, made.system, made.volatile) == (tmp_path.name, "Help.", ("/at",))
    assert made.entities == {"person": ("Aino Virtanen",)}
    assert [(each.name, each.effect) for each in made.tools] == [("cancel", "write"), ("orders", "read")]
    for task in made.tasks:
        environment: Any = made.environment(task)
        assert not made.check(task, environment, task.answer, ())
        for each in task.gold or ():
            assert isinstance(environment.call(each), Result)
        assert made.check(task, environment, task.answer, ())
        assert environment.dump()["orders"]["A1"]["status"] == "cancelled"
    assert not made.check(made.tasks[1], environment, "It is done.", ())


def test_a_declared_check_takes_lists_whole(tmp_path: Path) -> None:
    def judged(lines: list[int]) -> bool:
        check = {"state": {"orders": {"A1": {"lines": lines}}}}
        made = from_folder(folder(tmp_path, tasks=[{"id": "1", "prompt": "Look.", "check": check}]))
        return made.check(made.tasks[0], made.environment(made.tasks[0]), "", ())

    assert judged([1, 2])
    assert not judged([1])
    assert not judged([2, 1])


def test_tasks_may_stand_one_a_line(tmp_path: Path) -> None:
    folder(tmp_path, tasks=None)
    (tmp_path / "tasks.jsonl").write_text("\n\n".join(json.dumps(each) for each in FOLDER["tasks.json"]) + "\n")
    assert [task.id for task in from_folder(tmp_path).tasks] == ["1", "2"]
    (tmp_path / "tasks.jsonl").write_text('{"id": "1"}\n{"id": \n')
    with pytest.raises(ToolsetError, match=r"tasks\.jsonl"):
        from_folder(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ({}, "order", None),
        ({"order": "A1", "because": "x"}, "because", "x"),
        ({"order": 3}, "order", 3),
        ({"order": "A1", "why": "bored"}, "why", "bored"),
        ({"order": "A1", "to": {}}, "to.city", None),
    ],
)
def test_json_schema_judges_the_arguments(tmp_path: Path, arguments: dict[str, Any], field: str, value: Any) -> None:
    made = from_folder(folder(tmp_path))
    environment: Any = made.environment(made.tasks[0])
    for _ in range(2):
        failure = environment.call(Call("cancel", arguments))
        assert (failure.kind, failure.field, failure.value) == ("invalid_argument", field, value)
        assert f"'{field}'" in failure.message
        assert failure.renderer == "json"
    assert environment.call(Call("cancel", {"order": "Z"})).kind == "not_found"
    assert environment.dump() == made.environment(made.tasks[0]).dump()


def one_task(**changes: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in {**FOLDER["tasks.json"][0], **changes}.items() if value is not ...}]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tools": '[{"name": "a",\n}]'}, ["tools.json, line 2"]),
        ({"tools": None}, ["tools.json", "write it"]),
        ({"tools": {"name": "a"}}, ["tools.json", "a list of tools"]),
        ({"tools": [{"name": "a", "paramters": {}}]}, ["tool 0", "'paramters'", "did you mean 'parameters'"]),
        ({"tools": [{"name": "a", "effect": "none"}]}, ["'a'", "effect"]),
        ({"tools": [{"name": "a", "parameters": {"type": "objet"}}], "tasks": []}, ["'a'", "objet"]),
        ({"tasks": '[{"id": "1",]'}, ["tasks.json, line 1"]),
        ({"tasks": one_task(check=...)}, ["task '1'", "check null", "name a function"]),
        ({"tasks": one_task(check={})}, ["task '1'", "name a function"]),
        ({"tasks": one_task(check={"state": {}})}, ["task '1'", "name a function"]),
        ({"tasks": one_task(check="check_canceled")}, ["'check_canceled'", "did you mean 'check_cancelled'"]),
        ({"tasks": one_task(check={"anwser": ["x"]})}, ["'anwser'", "did you mean 'answer'"]),
        ({"tasks": one_task(gold=[{"name": "cancle"}])}, ["task '1'", "'cancle'", "no tool of it"]),
        ({"tasks": one_task(gold=["cancel"])}, ["task '1'", "a gold call is written"]),
        ({"tasks": one_task(id=...)}, ["task 0", "id null"]),
        ({"tasks": one_task(promt="x")}, ["'promt'", "did you mean 'prompt'"]),
        ({"toolset": {"entities": ["Aino"]}}, ["toolset.json", "entities"]),
        ({"toolset": {"sistem": ""}}, ["toolset.json", "'sistem'", "did you mean 'system'"]),
        ({"environment": None}, ["environment.py", "write it"]),
        ({"environment": "class Environment: ...\n"}, ["environment.py", "call(name, arguments)"]),
        ({"environment": "x = (\n"}, ["environment.py, line 1"]),
        ({"environment": "import nothing_of_that_name\n"}, ["environment.py, line 1", "nothing_of_that_name"]),
    ],
)
def test_a_broken_folder_is_told_by_file_thing_and_remedy(tmp_path: Path, changes: dict[str, Any], told: list[str]) -> None:
    with pytest.raises(PerturbError) as caught:
        from_folder(folder(tmp_path, **changes))
    for words in told:
        assert words in str(caught.value)


# A Python file

FILE = """
from perturb.authoring import toolset
from perturb.toolset import Task
from .checks import solved

def look(item: str) -> str:
    return item

TOOLSET = toolset(tools=[look], name="file", tasks=[Task(id="1", prompt="Look.", check=solved)])
"""


def test_a_file_may_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def solved(state, answer, calls):\n    return answer == 'yes'\n")
    (tmp_path / "toolset.py").write_text(FILE)
    for made in (from_file(tmp_path / "toolset.py"), from_folder(tmp_path)):
        assert made.check(made.tasks[0], made.environment(made.tasks[0]), "yes", ())
    before = made.digest()
    (tmp_path / "checks.py").write_text("def solved(state, answer, calls):\n    return answer == 'no'\n")
    again = from_file(tmp_path / "toolset.py")
    assert again.check(again.tasks[0], again.environment(again.tasks[0]), "no", ())
    assert again.digest() != before


def broken_file(place: Path, text: str) -> Callable[[], Any]:
    (place / "mine.py").write_text(text)
    return lambda: from_file(place / "mine.py")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", ["mine.py", "TOOLSET"]),
        ("TOOLSET = 3\n", ["mine.py", "int", "no Toolset"]),
        ("def f(:\n", ["mine.py, line 1"]),
        ("\n1 / 0\n", ["mine.py, line 2", "ZeroDivisionError"]),
    ],
)
def test_a_broken_file_is_told_by_its_line(tmp_path: Path, text: str, told: list[str]) -> None:
    with pytest.raises((ToolsetError, ConfigurationError)) as caught:
        broken_file(tmp_path, text)()
    for words in told:
        assert words in str(caught.value)


@pytest.mark.parametrize("name", ["data.json", "data/flights.csv", "data/deep/flights.sqlite"])
def test_the_digest_of_a_folder_changes_with_the_data_that_its_environment_reads(tmp_path: Path, name: str) -> None:
    folder(tmp_path)
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    digests = []
    for text in ("1", "2"):
        file.write_text(text)
        digests.append(from_folder(tmp_path).digest())
    assert digests[0] != digests[1]


def test_the_digest_of_a_folder_stays_with_what_changes_no_episode(tmp_path: Path) -> None:
    before = from_folder(folder(tmp_path)).digest()
    for name in ("README.md", "data.sqlite-wal", "reports/episodes.sqlite", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert from_folder(tmp_path).digest() == before
