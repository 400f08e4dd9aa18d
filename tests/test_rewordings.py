"""Stored rewordings: the file, how toolsets find it, and the operators that use it."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from depot import DEPOT
from said import DOJO, EACH, NAMES

from perturb.authoring import from_folder, toolset
from perturb.errors import ToolsetError
from perturb.loading import load_toolset, rewordings_file
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, lens_for
from perturb.operators import by_id, from_json
from perturb.rewordings import Refused, Rewording, Stored, read, write
from perturb.survival import sense_changed

PROMPT = "Please order 2 copies of Dune."
OTHER = "I'd like 2 copies of Dune, please."
MODULE = dedent(
    f'''
    from perturb.authoring import toolset
    from perturb.toolset import Task
    from perturb.types import Call


    class Shop:
        def __init__(self):
            self.orders = []

        def order_book(self, title: str, copies: int) -> int:
            """Order copies of a book."""
            self.orders.append([title, copies])
            return copies


    TASK = Task(
        id="dune", prompt={PROMPT!r}, gold=(Call("order_book", {{"title": "Dune", "copies": 2}}),), check=lambda shop, *_: True
    )
    TOOLSET = toolset(Shop, name="shop", tasks=[TASK])
    '''
)


def stored(path: Path, *wordings: Rewording) -> None:
    write(path, Stored(rewordings=list(wordings)))


def one(new: str = OTHER, reviewed: bool = True, old: str = PROMPT) -> Rewording:
    return Rewording(what="task dune", old=old, new=new, by="by hand", reviewed=reviewed)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    file = tmp_path / "shop.py"
    file.write_text(MODULE)
    return file


def test_a_file_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rewordings.json"
    held = Stored(rewordings=[one()], refused=[Refused(what="task dune", old=PROMPT, new="Ö", by="m", why=("lacks it",))])
    write(path, held)
    assert read(path) == held
    assert "Ö" in path.read_text(encoding="utf-8"), "a person reads it"
    assert [entry.name for entry in path.parent.iterdir()] == ["rewordings.json"]


def test_no_file_holds_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "rewordings.json") == Stored()


@pytest.mark.parametrize("text", ["{", "[]", '{"rewordings": [{"what": "x"}]}', '{"rewording": []}'])
def test_a_bad_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rewordings.json"
    path.write_text(text)
    with pytest.raises(ToolsetError, match=r"rewordings\.json: .*correct it"):
        read(path)


def test_a_python_file_finds_its_rewordings_beside_it(module: Path) -> None:
    assert load_toolset(str(module)).rewordings == {}
    stored(module.with_name("shop.rewordings.json"), one())
    assert load_toolset(str(module)).rewordings == {PROMPT: (OTHER,)}
    stored(module.with_name("shop.rewordings.json"))
    assert load_toolset(str(module)).rewordings == {}, "the file as it is now"


def test_only_what_has_been_reviewed_and_is_of_a_text_of_its_own_counts(module: Path) -> None:
    stored(module.with_name("shop.rewordings.json"), one(reviewed=False), one(old="Buy 2 copies of Dune."))
    assert load_toolset(str(module)).rewordings == {}


def test_a_toolset_may_declare_its_own(module: Path) -> None:
    module.write_text(MODULE.replace("tasks=[TASK])", f"tasks=[TASK], rewordings={{{PROMPT!r}: [{OTHER!r}]}})"))
    stored(module.with_name("shop.rewordings.json"), one(), one("2 copies of Dune, please!"))
    assert load_toolset(str(module)).rewordings == {PROMPT: (OTHER, "2 copies of Dune, please!")}


def test_one_that_lacks_a_value_is_refused_as_the_toolset_is_loaded(module: Path) -> None:
    stored(module.with_name("shop.rewordings.json"), one("I'd like copies of Dune."))
    with pytest.raises(ToolsetError, match=r"lacks the number 2; .*: correct it, or take it out"):
        load_toolset(str(module))


def wait(seconds: int) -> int:
    """Wait."""
    return seconds


def test_rewordings_that_are_no_list_are_refused() -> None:
    with pytest.raises(ToolsetError, match="write a list of texts"):
        toolset(tools=[wait], name="x", tasks=[], rewordings={"a": "b"})


def test_a_folder_finds_its_own(tmp_path: Path) -> None:
    tool = {"name": "order_book", "description": "Order copies of a book.", "parameters": {"type": "object", "properties": {}}}
    (tmp_path / "tools.json").write_text(json.dumps([tool]))
    task = {"id": "dune", "prompt": PROMPT, "gold": [], "check": {"answer": ["x"]}}
    (tmp_path / "tasks.json").write_text(json.dumps([task]))
    (tmp_path / "environment.py").write_text("class Environment:\n    def call(self, name, arguments):\n        return 1\n")
    before = from_folder(tmp_path)
    stored(tmp_path / "rewordings.json", one(), one("Order copies of a book, now.", old="Order copies of a book."))
    after = from_folder(tmp_path)
    assert after.rewordings == load_toolset(str(tmp_path)).rewordings
    assert set(after.rewordings) == {PROMPT, "Order copies of a book."}
    assert before.digest() == after.digest(), "what is said is in the plan, and changes no episode without one"


def test_where_a_toolset_s_rewordings_go(module: Path, tmp_path: Path) -> None:
    assert rewordings_file(str(module)) == module.with_name("shop.rewordings.json")
    assert rewordings_file(str(tmp_path)) == tmp_path / "rewordings.json"
    airline = rewordings_file("airline")
    assert airline is not None
    assert airline.name in ("rewordings.json", "airline.rewordings.json")


def test_a_project_may_add_rewordings_of_a_shipped_toolset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    task = load_toolset("airline").task("late-last-week")
    before = len(load_toolset("airline").rewordings.get(task.prompt, ()))
    new = "On 6 May I landed in Edinburgh hours behind schedule. If I'm owed anything, issue it. Raffaello Caracciolo"
    stored(tmp_path / "toolsets" / "airline.rewordings.json", one(new, old=task.prompt))
    assert len(load_toolset("airline").rewordings[task.prompt]) == before + 1


@pytest.mark.parametrize("name", EACH)
def test_shipped_rewordings_keep_the_sense(name: str) -> None:
    loaded = load_toolset(name)
    for old, wordings in loaded.rewordings.items():
        for new in wordings:
            assert sense_changed(old, new) == [], new
    said = {task.prompt for task in loaded.tasks}
    assert len(said & loaded.rewordings.keys()) >= (20 if name == "airline" else 5)


def test_every_shipped_rewording_is_of_a_text_that_is_there() -> None:
    for names in (("airline",), DOJO if len(NAMES) > 1 else ()):
        if names:
            texts = {text for name in names for task in load_toolset(name).tasks for text in (task.prompt, *task.follow_ups)}
            path = rewordings_file(names[0])
            assert path is not None
            held = read(path if path.is_file() else Path(path.parent, "rewordings.json"))
            assert [entry.what for entry in held.rewordings if entry.old not in texts] == []


def test_a_user_says_the_stored_words_and_a_plan_holds_them() -> None:
    loaded = load_toolset("airline")
    setup = Setup.of(loaded)
    task = loaded.task("cancel-amsterdam")
    plan = by_id("user.paraphrase").plan(setup.for_task(task), SeededPick(1, "x"), 1.0)
    assert isinstance(plan, Operator)
    alone = from_json(json.loads(json.dumps(plan.to_json())))
    (said,) = lens_for(alone, setup).show_turns((task.prompt,))
    assert said in loaded.rewordings[task.prompt]
    assert lens_for(alone, setup).show_turns(("Something else.",)) == ("Something else.",)


def test_where_nothing_is_stored_it_is_not_declared() -> None:
    loaded = load_toolset("airline")
    task = next(task for task in loaded.tasks if task.prompt not in loaded.rewordings)
    planned = by_id("user.paraphrase").plan(Setup.of(loaded).for_task(task), SeededPick(1, "x"), 1.0)
    assert isinstance(planned, NotApplicable)
    assert planned.reason == "not_declared"


def test_a_stored_description_is_one_of_the_ways_to_reword_it() -> None:
    setup = Setup.of(DEPOT)
    (stored_text,) = DEPOT.rewordings["Count the parcels of each city."]
    seen = set()
    for seed in range(20):
        plan = by_id("descriptions.reword").plan(setup, SeededPick(seed, "x"), 1.0)
        assert isinstance(plan, Operator)
        lens = lens_for(from_json(plan.to_json()), setup)
        seen.add(lens.setup.by_name["count_by_city"].description)
        assert "count_by_city" in plan.places()
    assert stored_text in seen
    assert len(seen) > 2
