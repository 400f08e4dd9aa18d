"""An OpenAPI document as a toolset: a running server called over a real socket, its world, and its tasks under operators."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml

pytest.importorskip("uvicorn", reason="the extra [serve] is not installed")

import shelter
from command_line import Here

from perturb import texts
from perturb.errors import ConfigurationError, ServerFailed, ToolsetError
from perturb.loading import load_toolset
from perturb.openapi.toolset import ApiToolset
from perturb.operator import NotApplicable, SeededPick
from perturb.operators import by_id
from perturb.replay import Gold
from perturb.toolset import Task
from perturb.types import Answer, Call, Failure, Result

pytestmark = pytest.mark.slow

PROGRAM = str(Path(shelter.__file__))
DOCUMENT = str(Path(shelter.__file__).with_name("shelter.yaml"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    file = tmp_path_factory.mktemp("shelter") / "animals.json"
    shelter.reset(file)
    with shelter.serving(file) as url:
        yield url, file


@pytest.fixture
def url(served: tuple[str, Path]) -> str:
    shelter.reset(served[1])
    return served[0]


def tasks_file(served: tuple[str, Path], folder: Path, **changes: Any) -> str:
    """A file with commands over the world of the server, and two tasks."""
    grown = [*shelter.ANIMALS[1:], {"number": 6, "name": "Tom", "kind": "cat", "age": 3}]
    content = {
        "reset": [sys.executable, PROGRAM, "reset", str(served[1])],
        "state": [sys.executable, PROGRAM, "state", str(served[1])],
        "server": f"{served[0]}/v1",
        "system": "You help in a shelter for animals.",
        "tasks": [
            {
                "id": "oldest",
                "prompt": "How old is the cat Felix?",
                "gold": [{"name": "listAnimals", "arguments": {"kind": ["cat"]}}],
                "answer": "Felix is 12 years old.",
                "check": {"answer": "12"},
            },
            {
                "id": "swap",
                "prompt": "Give Mimi away to Ada, and take in Tom, a cat as old as she is.",
                "gold": [
                    {"name": "listAnimals", "arguments": {"kind": ["cat"]}},
                    {"name": "takeIn", "arguments": {"name": "Tom", "kind": "cat", "age": 3}},
                    {"name": "giveAway", "arguments": {"animal_in_path": 1, "animal_in_query": "Ada"}},
                ],
                "answer": "Done.",
                "check": {"state": grown},
            },
        ],
    } | changes
    path = folder / "tasks.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def loaded(spec: str) -> ApiToolset:
    found = load_toolset(spec)
    assert isinstance(found, ApiToolset)
    return found


def call(toolset: ApiToolset, *calls: Call) -> list[Answer]:
    async def all_of_them() -> list[Answer]:
        environment = toolset.environment(Task(id="", prompt=""))
        try:
            return [await environment.call(one) for one in calls]
        finally:
            environment.close()

    return anyio.run(all_of_them)


def test_operations_are_tools_with_one_object_for_all_that_a_request_takes(url: str) -> None:
    toolset = loaded(f"openapi:--server {url}/v1 {DOCUMENT}")
    assert toolset.name == "shelter"
    tools = {tool.name: tool for tool in toolset.tools}
    assert list(tools) == [
        *("listAnimals", "takeIn", "getAnimal", "giveAway", "patch_animals_animal"),
        *("getPicture", "getStays", "addNote", "replaceReport"),
    ]
    assert {name for name, tool in tools.items() if tool.effect == "read"} == {
        *("listAnimals", "getAnimal", "getPicture", "getStays")
    }
    assert {name for name, tool in tools.items() if not tool.idempotent} == {"takeIn", "patch_animals_animal", "addNote"}
    assert tools["listAnimals"].parameters == {
        "type": "object",
        "properties": {
            "kind": {"type": "array", "items": {"type": "string", "enum": ["cat", "dog", "hen"]}},
            "age_max": {"type": "integer", "minimum": 0, "description": "No older than that, in years."},
            "X-Language": {"type": "string"},
        },
    }
    assert tools["replaceReport"].parameters == {
        "type": "object",
        "properties": {"body": {"type": "string", "description": "The new report."}},
        "required": ["body"],
    }
    assert tools["replaceReport"].returns == {"type": "integer"}
    assert tools["getPicture"].description == "GET /animals/{animal}/picture"
    assert tools["getPicture"].returns is None


def test_references_are_resolved_and_one_into_itself_is_left_open(url: str) -> None:
    tools = {tool.name: tool for tool in loaded(f"openapi:--server {url}/v1 {DOCUMENT}").tools}
    animal = {
        "name": {"type": "string"},
        "kind": {"type": "string", "enum": ["cat", "dog", "hen"]},
        "age": {"type": ["integer", "null"], "description": "In years."},
    }
    taken, given = tools["takeIn"].parameters, tools["getAnimal"].returns
    assert taken["properties"] == {**animal, "mother": {}}
    assert taken["required"] == ["name", "kind"]
    assert given is not None
    assert given["properties"] == {**animal, "number": {"type": "integer"}, "mother": {}}
    assert given["required"] == ["name", "kind", "number"]


def test_parameters_of_one_name_in_two_places_are_told_apart(url: str) -> None:
    tools = {tool.name: tool for tool in loaded(f"openapi:--server {url}/v1 {DOCUMENT}").tools}
    assert tools["giveAway"].parameters == {
        "type": "object",
        "properties": {
            "animal_in_path": {"type": "integer", "description": "The number of the animal."},
            "animal_in_query": {"type": "string", "description": "Its new owner."},
        },
        "required": ["animal_in_path"],
    }


def test_answers_are_data_with_the_very_text_that_was_sent(url: str) -> None:
    toolset = loaded(f"openapi:--server {url}/v1 {DOCUMENT}")
    young, one, picture, missing, unknown, refused = call(
        toolset,
        Call("listAnimals", {"kind": ["cat", "hen"], "age_max": 3}),
        Call("getAnimal", {"animal": 3}),
        Call("getPicture", {"animal": 3}),
        Call("getAnimal", {"animal": 99}),
        Call("getAnimals", {"animal": 3}),
        Call("listAnimals", {"X-Language": "none"}),
    )
    assert young == Result([shelter.ANIMALS[0], shelter.ANIMALS[2]], "json")
    assert isinstance(one, Result)
    assert one.data == shelter.ANIMALS[2]
    assert texts.result_text(one) == '{"number": 3, "name": "Agathe", "kind": "hen", "age": 1}'
    assert picture == Result("[image/png, 4 bytes]", "text")
    assert missing == Failure("not_found", '404 Not Found: {"detail":"There is no animal 99."}', tool="getAnimal")
    assert unknown == toolset.refusal("unknown_tool", tool="getAnimals")
    assert refused == Failure(
        "rate_limited", '429 Too Many Requests: {"detail":"Come back later."}', tool="listAnimals", retry_after=7
    )


def test_requests_are_written_in_the_styles_that_the_document_names(url: str) -> None:
    toolset = loaded(f"openapi:--allow-writes --server {url}/v1 {DOCUMENT}")
    stays, note, length = call(
        toolset,
        Call(
            "getStays",
            {"days": ["mon/day", "friday"], "where": {"house": "a b", "room": 2}, "sort": ["x", "y"], "visit": "v1"},
        ),
        Call("addNote", {"text": "Feed them & go", "tags": ["a", "b"]}),
        Call("replaceReport", {"body": "all is well"}),
    )
    assert stays == Result(
        {
            "path": "/v1/stays/;days=mon%2Fday;days=friday",
            "query": "where%5Bhouse%5D=a+b&where%5Broom%5D=2&sort=x%7Cy",
            "cookies": {"visit": "v1"},
        },
        "json",
    )
    assert note == Result("text=Feed+them+%26+go&tags=a&tags=b", "text")
    assert length == Result(11, "json")


def test_null_is_sent_within_a_body_and_left_out_elsewhere(url: str) -> None:
    toolset = loaded(f"openapi:--allow-writes --server {url}/v1 {DOCUMENT}")
    changed, every = call(
        toolset, Call("patch_animals_animal", {"animal": 1, "age": None}), Call("listAnimals", {"kind": None, "age_max": None})
    )
    assert isinstance(changed, Result)
    assert changed.data == {**shelter.ANIMALS[0], "age": None}
    assert isinstance(every, Result)
    assert len(every.data) == 5


def test_what_cannot_be_sent_is_refused_and_everything_else_is_for_the_server_to_judge(url: str) -> None:
    toolset = loaded(f"openapi:--allow-writes --server {url}/v1 {DOCUMENT}")
    open_path, no_place, wrong = call(
        toolset,
        Call("getAnimal", {}),
        Call("getAnimal", {"animal": 1, "colour": "red"}),
        Call("takeIn", {"name": "Ox", "kind": "ox"}),
    )
    assert open_path == toolset.refusal("invalid_argument", tool="getAnimal", field="animal")
    assert no_place == toolset.refusal("invalid_argument", tool="getAnimal", field="colour", value="red")
    assert isinstance(wrong, Failure)
    assert wrong.kind == "invalid_argument"
    assert wrong.message.endswith("""{"detail":"'kind' may not be 'ox'."}""")


def test_a_value_leads_to_no_other_path(url: str) -> None:
    toolset = loaded(f"openapi:--server {url}/v1 {DOCUMENT}")
    (up,) = call(toolset, Call("getAnimal", {"animal": "../animals"}))
    assert isinstance(up, Failure)
    assert up.kind == "not_found"


def test_the_document_may_be_read_from_the_server_itself(url: str, tmp_path: Path) -> None:
    told = yaml.safe_load(Path(DOCUMENT).read_text(encoding="utf-8"))
    assert "servers" not in told
    toolset = loaded(f"openapi:--server {url}/v1 {url}/openapi.yaml")
    assert [tool.name for tool in toolset.tools] == [tool.name for tool in loaded(f"openapi:--server {url} {DOCUMENT}").tools]
    told["servers"] = [
        {"url": "{scheme}://" + url.removeprefix("http://") + "/v1", "variables": {"scheme": {"default": "http"}}}
    ]
    (tmp_path / "shelter.json").write_text(json.dumps(told), encoding="utf-8")
    (one,) = call(loaded(f"openapi:{tmp_path / 'shelter.json'}"), Call("getAnimal", {"animal": 2}))
    assert isinstance(one, Result)


def test_headers_go_along_and_their_secrets_stand_in_no_file(
    url: str, served: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELTER_LANGUAGE", "none")
    toolset = loaded(
        f"openapi:--tasks {tasks_file(served, tmp_path, headers={'x-language': '${SHELTER_LANGUAGE}'})} {DOCUMENT}"
    )
    assert "X-Language" not in toolset.tools[0].parameters["properties"]
    (refused,) = call(toolset, Call("listAnimals"))
    assert isinstance(refused, Failure)
    monkeypatch.setenv("SHELTER_LANGUAGE", "any")
    assert loaded(f"openapi:--tasks {tmp_path / 'tasks.json'} {DOCUMENT}").digest() == toolset.digest()
    monkeypatch.delenv("SHELTER_LANGUAGE")
    with pytest.raises(ConfigurationError, match=r"the header x-language takes \$\{SHELTER_LANGUAGE\}, which is not set"):
        loaded(f"openapi:--tasks {tmp_path / 'tasks.json'} {DOCUMENT}")


def test_writes_need_a_reset_or_a_permission(url: str, served: tuple[str, Path], tmp_path: Path) -> None:
    toolset = loaded(f"openapi:--server {url}/v1 {DOCUMENT}")
    assert not toolset.exclusive
    with pytest.raises(ToolsetError, match=r"'takeIn' \(POST\) writes, and nothing takes back what it does"):
        call(toolset, Call("takeIn", {"name": "Tom", "kind": "cat"}))
    assert json.loads(served[1].read_text()) == shelter.ANIMALS
    with pytest.raises(ToolsetError, match="a gold call of task 'swap' of toolset 'shelter': 'takeIn'"):
        loaded(f"openapi:--tasks {tasks_file(served, tmp_path, reset=None)} {DOCUMENT}")
    allowed = loaded(f"openapi:--allow-writes --server {url}/v1 {DOCUMENT}")
    assert allowed.exclusive
    (made,) = call(allowed, Call("takeIn", {"name": "Tom", "kind": "cat"}))
    assert isinstance(made, Result)
    assert len(json.loads(served[1].read_text())) == 6


def test_each_episode_begins_in_the_world_that_the_reset_makes(url: str, served: tuple[str, Path], tmp_path: Path) -> None:
    toolset = loaded(f"openapi:--tasks {tasks_file(served, tmp_path)} {DOCUMENT}")
    for _ in range(2):
        (made,) = call(toolset, Call("takeIn", {"name": "Tom", "kind": "cat"}))
        assert isinstance(made, Result)
        assert made.data["number"] == 6
    environment, other = (toolset.environment(task) for task in toolset.tasks)
    assert environment.dump() == shelter.ANIMALS
    with pytest.raises(ToolsetError, match="two episodes of toolset 'shelter' would share one world"):
        other.dump()
    environment.close()
    assert other.dump() == shelter.ANIMALS
    other.close()


@pytest.mark.parametrize(
    "operator_id",
    [
        *("arguments.nest", "results.paginate", "toolset.merge"),
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (
                *("tools.opaque", "arguments.synonym", "results.rename_keys", "errors.style", "faults.transient"),
                *("toolset.search", "system.persona", "user.style"),
            )
        ),
    ],
)
def test_tasks_are_proven_clean_and_under_operators(operator_id: str, served: tuple[str, Path], tmp_path: Path) -> None:
    toolset = loaded(f"openapi:--tasks {tasks_file(served, tmp_path)} {DOCUMENT}")
    gold = Gold(toolset)
    met = 0
    for task in toolset.tasks:
        clean = anyio.run(gold.clean, task)
        assert clean is not None
        assert clean.passed
        plan = by_id(operator_id).plan(gold.setup.for_task(task), SeededPick(7, operator_id), 1.0)
        assert not isinstance(plan, NotApplicable), plan
        proof = anyio.run(gold.prove, task, plan)
        assert proof.status in ("solvable", "not_applicable"), proof
        met += proof.status == "solvable"
    assert met


@pytest.mark.slow
def test_a_run_measures_a_drop_over_a_server(
    served: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Here(capsys)
    monkeypatch.chdir(tmp_path)
    named = f"openapi:--tasks {tasks_file(served, tmp_path)} {DOCUMENT}"
    found = here("run", "--toolset", named, "--agent", "literal", "--operators", "tools.opaque", "--json").json
    assert found["toolset"] == named
    assert found["headline"]["clean"] == 1.0
    assert found["headline"]["drop"] == 0.5  # one check looks at nothing but the answer


def test_a_server_that_is_not_there_is_the_infrastructure_s_fault() -> None:
    toolset = loaded(f"openapi:--server http://127.0.0.1:9/v1 {DOCUMENT}")
    with pytest.raises(ServerFailed, match=r"GET http://127\.0\.0\.1:9/v1/animals: .*; start the server, or give --server URL"):
        call(toolset, Call("listAnimals"))
