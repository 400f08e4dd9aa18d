"""The reference agents: each passes what it has learnt, falls where it should, and knows nothing of how setups are changed."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from perturb.agent import Agent, AgentContext
from perturb.authoring import ToolError, read, toolset
from perturb.boundary import Boundary
from perturb.errors import ConfigurationError
from perturb.loading import find_agent, load_toolset
from perturb.operator import NotApplicable, Operator, SeededPick, Stack, lens_for
from perturb.operators import TABLE, by_id
from perturb.reference.documents import read as read_text
from perturb.reference.evidence import Study
from perturb.reference.matching import Matching
from perturb.reference.notices import next_page, revised, says_try_again
from perturb.reference.places import document, joined, locate
from perturb.reference.recall import Recall
from perturb.reference.spans import Alignment
from perturb.reference.values import conform
from perturb.reference.world import Unknown, World
from perturb.replay import Gold
from perturb.toolset import Task, Toolset
from perturb.types import Call, Reply, Tool, Transcript

ROOT = Path(__file__).resolve().parents[1]
READING = ("literal", "reader", "adaptive", "planner")


class Library:
    """A lending desk: members borrow books; a book that is out names the next copy."""

    def __init__(self) -> None:
        self.members = {"m-301": {"name": "Ada Berg", "email": "ada.berg@post.example"}}
        self.members["m-302"] = {"name": "Otto Lind", "email": "otto.lind@post.example"}
        self.books = {f"b-{100 + n}": {"title": f"Volume {n}", "pages": 210 + 7 * n, "out": n == 3} for n in range(1, 10)}
        self.loans: list[dict[str, Any]] = []
        self.mails: list[dict[str, str]] = []

    @read
    def find_member(self, name: str) -> list[dict[str, str]]:
        """Find the members of the library with a name.

        Args:
            name: First and last name of the person.
        """
        return [{"id": key} | row for key, row in self.members.items() if row["name"] == name]

    @read
    def list_books(self) -> list[dict[str, Any]]:
        """List every book on the shelves with its title and its number of pages."""
        return [{"book_id": key, "title": row["title"], "pages": row["pages"]} for key, row in self.books.items()]

    def lend_book(self, member_id: str, book_id: str, weeks: int, reminder: bool) -> dict[str, Any]:
        """Lend a book to a member.

        Args:
            member_id: The number of the member who borrows.
            book_id: The code of the book.
            weeks: For how many weeks.
            reminder: Whether to remind the member a day before.
        """
        if self.books[book_id]["out"]:
            raise ToolError("conflict", f"{book_id} is out. Another copy of it is b-107.", field="book_id", value=book_id)
        self.loans.append({"member": member_id, "book": book_id, "weeks": weeks, "reminder": reminder})
        return {"loan": f"loan-{len(self.loans):03}", "book_id": book_id}

    def send_mail(self, address: str, text: str) -> dict[str, str]:
        """Send a mail to an address.

        Args:
            address: The address that it goes to.
            text: What it says.
        """
        self.mails.append({"address": address, "text": text})
        return {"sent_to": address}


def _loan(member: str, book: str, weeks: int, reminder: bool) -> Any:
    wanted = {"member": member, "book": book, "weeks": weeks, "reminder": reminder}
    return lambda desk, answer, calls: desk.loans == [wanted] and "loan-001" in answer


def _mailed(desk: Library, answer: str, calls: Sequence[Call]) -> bool:
    return [(mail["address"], "Otto Lind" in mail["text"]) for mail in desk.mails] == [("otto.lind@post.example", True)]


TASKS = (
    Task(
        id="lend",
        prompt="Lend Volume 8 to Ada Berg for 3 weeks, with a reminder. Which loan is it?",
        gold=(
            Call("find_member", {"name": "Ada Berg"}),
            Call("list_books", {}),
            Call("lend_book", {"member_id": "m-301", "book_id": "b-108", "weeks": 3, "reminder": True}),
        ),
        answer="It is loan-001.",
        check=_loan("m-301", "b-108", 3, True),
    ),
    Task(
        id="out",
        prompt="Otto Lind wants b-103 for 2 weeks and no reminder; another copy will do. Say which loan it became.",
        gold=(
            Call("find_member", {"name": "Otto Lind"}),
            Call("lend_book", {"member_id": "m-302", "book_id": "b-103", "weeks": 2, "reminder": False}),
            Call("lend_book", {"member_id": "m-302", "book_id": "b-107", "weeks": 2, "reminder": False}),
        ),
        answer="b-103 is out; b-107 went out as loan-001.",
        check=_loan("m-302", "b-107", 2, False),
    ),
    Task(
        id="mail",
        prompt="Write to Otto Lind that the desk is shut on Friday.",
        gold=(
            Call("find_member", {"name": "Otto Lind"}),
            Call("send_mail", {"address": "otto.lind@post.example", "text": "Dear Otto Lind, the desk is shut on Friday."}),
        ),
        answer="Done.",
        check=_mailed,
    ),
    Task(
        id="pages",
        prompt="How many pages does Volume 9 have?",
        gold=(Call("list_books", {}),),
        answer="It has 273 pages.",
        check=lambda desk, answer, calls: "273" in answer,
    ),
)
LIBRARY = toolset(Library, name="library", tasks=TASKS, entities={"person": ("Ada Berg", "Otto Lind")}, failures="json")


class Bench:
    """A toolset with its clean transcripts and agents that have learnt from them."""

    def __init__(self, toolset: Toolset) -> None:
        self.toolset = toolset
        self.gold = Gold(toolset)
        self.context = AgentContext(transcripts=asyncio.run(self.gold.transcripts()), seed=5)
        self._agents: dict[str, Agent] = {}

    def agent(self, name: str) -> Agent:
        if name not in self._agents:
            found = find_agent(name)
            context = msgspec.structs.replace(self.context, option=found.option)
            self._agents[name] = found.make(context).function
        return self._agents[name]

    def plan(self, operator: type[Operator], task: Task, seed: int = 0) -> Operator | None:
        """A plan at full intensity under which the task is solvable; `None` where there is none."""
        plan = operator.plan(self.gold.setup, SeededPick(seed, operator.id, task.id), 1.0)
        if isinstance(plan, NotApplicable):
            return None
        return plan if asyncio.run(self.gold.prove(task, plan)).status == "solvable" else None

    def run(self, name: str, task: Task, plan: Operator | None = None, trial: int = 0) -> tuple[bool, Boundary]:
        boundary = Boundary(lens_for(plan, self.gold.setup), task, self.toolset.environment(task))
        boundary.origin = task.id, None if plan is None else plan.to_json(), trial
        answer = asyncio.run(self.agent(name)(boundary))  # type: ignore[arg-type]
        final = boundary.final_environment(lambda: self.toolset.environment(task))
        passed = self.toolset.check(task, final, boundary.read_answer(answer or ""), boundary.real_calls)
        return passed, boundary

    def passed(self, name: str, operator: str) -> list[str]:
        """The ids of the tasks that meet an operator and pass under it."""
        planned = [(task, self.plan(by_id(operator), task)) for task in self.toolset.tasks]
        runs = [(task.id, *self.run(name, task, plan)) for task, plan in planned if plan is not None]
        return [task for task, passed, boundary in runs if passed and boundary.exposed]


@pytest.fixture(scope="module")
def library() -> Bench:
    return Bench(LIBRARY)


@pytest.fixture(scope="module")
def airline() -> Bench:
    return Bench(load_toolset("airline"))


OPERATORS = [operator.id for operator in TABLE]
ASKS_FOR_MORE = {"results.paginate", "results.by_reference", "toolset.search", "toolset.live_migration"}
"""The operators under which more has to be asked for: pages, what a link points to, tools, new names after an error."""
PROSE_ALONE = ("arguments.constant",)
"""What only prose tells: these agents take values from prompts, schemas and results, and none from a description."""
SAYS_ALL = [
    one.id
    for one in TABLE
    if one.promises in ("equivalent", "distraction")
    and not one.conditional
    and one.axis != "scaffold"  # they run their own loops
    and one.id not in (*ASKS_FOR_MORE, *PROSE_ALONE)
]
"""The operators under which whatever is needed stands there at once: nothing withheld, no error, nothing to be asked for."""
ALL = ["lend", "out", "mail", "pages"]


@pytest.mark.parametrize("name", READING)
def test_every_learnt_task_passes_clean(library: Bench, airline: Bench, name: str) -> None:
    for bench in (library, airline):
        failed = [task.id for task in bench.toolset.tasks if not bench.run(name, task)[0]]
        assert failed == []


@pytest.mark.parametrize("operator", SAYS_ALL)
def test_reader_reads_any_setup_that_says_all(library: Bench, operator: str) -> None:
    met = [task.id for task in library.toolset.tasks if library.plan(by_id(operator), task) is not None]
    assert library.passed("reader", operator) == met


@pytest.mark.parametrize("operator", OPERATORS)
def test_adaptive_passes_at_least_what_reader_passes(library: Bench, operator: str) -> None:
    assert set(library.passed("reader", operator)) <= set(library.passed("adaptive", operator))


@pytest.mark.parametrize("operator", [one for one in OPERATORS if by_id(one).retires_calls and one not in PROSE_ALONE])
def test_literal_falls_where_call_forms_are_retired(library: Bench, operator: str) -> None:
    met = [task.id for task in library.toolset.tasks if library.plan(by_id(operator), task) is not None]
    able = library.passed("reader", operator) if operator in SAYS_ALL else met
    assert len(library.passed("literal", operator)) < len(able) or not met


def test_only_who_tries_again_passes_under_faults(library: Bench) -> None:
    assert library.passed("reader", "faults.transient") == []
    assert library.passed("adaptive", "faults.transient") == ALL
    assert library.passed("planner", "faults.transient") == ALL


def test_only_who_follows_the_cursor_finds_the_last_rows(library: Bench) -> None:
    assert "pages" not in library.passed("reader", "results.paginate")
    assert {"lend", "pages"} <= set(library.passed("adaptive", "results.paginate"))


@pytest.mark.skipif("errors.style" not in OPERATORS, reason="the operator is not in the table")
def test_reader_knows_errors_only_as_it_learnt_them(library: Bench) -> None:
    assert library.passed("reader", "errors.style") == []
    assert library.passed("adaptive", "errors.style") == ["out"]


@pytest.mark.skipif("environment.entities" not in OPERATORS, reason="the operator is not in the table")
def test_planner_falls_where_a_later_value_changes(library: Bench) -> None:
    """The address of the mail comes from a result; the names in the other tasks come from the prompt."""
    assert "mail" in library.passed("adaptive", "environment.entities")
    assert "mail" not in library.passed("planner", "environment.entities")
    assert "lend" in library.passed("planner", "environment.entities")


def test_adaptive_reads_stacks_of_operators(library: Bench) -> None:
    chosen = [by_id(one) for one in ("arguments.nest", "toolset.merge", "results.paginate", "faults.transient")]
    for seed in range(5):
        for task in library.toolset.tasks:
            stack, _ = Stack.of(chosen, library.gold.setup, lambda one, seed=seed: SeededPick(seed, one), 1.0)  # type: ignore[misc]
            assert library.run("adaptive", task, stack)[0], (seed, task.id, stack)


def test_literal_recites(library: Bench) -> None:
    plan = library.plan(by_id("toolset.merge"), TASKS[0])
    _, boundary = library.run("literal", TASKS[0], plan)
    assert [step.call for step in boundary.steps] == list(TASKS[0].gold or ())


def test_a_call_whose_value_was_not_shown_is_not_made(library: Bench) -> None:
    plan = library.plan(by_id("faults.transient"), TASKS[2])
    _, boundary = library.run("reader", TASKS[2], plan)
    assert [step.call.name for step in boundary.steps] == ["find_member"]


def test_floors(library: Bench) -> None:
    silent = [library.run("silent", task) for task in TASKS]
    told = [library.run("answer-only", task) for task in TASKS]
    assert [passed for passed, _ in silent] == [False] * 4
    assert [passed for passed, _ in told] == [False, False, False, True]
    assert all(boundary.steps == [] for _, boundary in (*silent, *told))


@pytest.mark.parametrize("name", [*READING, "answer-only", "flaky:0"])
def test_nothing_learnt_is_no_error(name: str) -> None:
    found = find_agent(name)
    agent = found.make(AgentContext(option=found.option)).function
    boundary = Boundary(lens_for(None, Gold(LIBRARY).setup), TASKS[0], LIBRARY.environment(TASKS[0]))
    assert asyncio.run(agent(boundary)) == ""  # type: ignore[arg-type]
    assert boundary.steps == []


def test_flaky_fails_as_often_as_it_says_and_the_same_way_again(library: Bench) -> None:
    first = [library.run("flaky:0.3", TASKS[3], trial=trial)[0] for trial in range(400)]
    assert 0.22 < 1 - sum(first) / 400 < 0.38
    assert [library.run("flaky:0.3", TASKS[3], trial=trial)[0] for trial in reversed(range(100))] == first[99::-1]
    assert all(library.run("flaky:0", task)[0] for task in TASKS)
    assert not any(library.run("flaky:1", task)[0] for task in TASKS)


def test_flaky_fails_clean_and_under_each_plan_on_its_own(library: Bench) -> None:
    plans = [None, library.plan(by_id("tools.opaque"), TASKS[3], 1), library.plan(by_id("descriptions.drop"), TASKS[3], 1)]
    assert all(plan is not None for plan in plans[1:])
    failed = [[not library.run("flaky:0.5", TASKS[3], plan, trial)[1].steps for trial in range(100)] for plan in plans]
    for one, other in combinations(failed, 2):
        assert 25 < sum(a == b for a, b in zip(one, other, strict=True)) < 75


@pytest.mark.parametrize("option", ["often", "1.5", "nan"])
def test_flaky_refuses_what_is_no_probability(option: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        find_agent(f"flaky:{option}").make(AgentContext(option=option))


def test_a_prompt_with_other_people_is_found_by_its_rare_words() -> None:
    prompts = ("Move the trip of Ada Berg to Oslo.", "Move the trip of Otto Lind to Rome.", "What does Ada Berg owe?")
    recall = Recall([Transcript("", prompt, (), (), str(place)) for place, prompt in enumerate(prompts)])
    found = recall.find("Move the trip of Otto Lind to Oslo.")
    assert found is not None
    assert found.prompt.startswith("Move")
    renamed = recall.find("What does Kim Larsen owe?")
    assert renamed is not None
    assert renamed.answer == "2"
    assert recall.find("zzz") is None


ROWS = [{"id": "r-1", "city": "Oslo", "seats": 4}, {"id": "r-2", "city": "Rome", "seats": 11}]
NOTATIONS = {
    "json": '[{"id":"r-1","city":"Oslo","seats":4},{"id":"r-2","city":"Rome","seats":11}]',
    "yaml": "- id: r-1\n  city: Oslo\n  seats: 4\n- id: r-2\n  city: Rome\n  seats: 11\n",
    "csv": "id,city,seats\r\nr-1,Oslo,4\r\nr-2,Rome,11\r\n",
    "table": "| id | city | seats |\n| --- | --- | --- |\n| r-1 | Oslo | 4 |\n| r-2 | Rome | 11 |\n",
    "xml": "<rows><row><id>r-1</id><city>Oslo</city><seats>4</seats></row>"
    "<row><id>r-2</id><city>Rome</city><seats>11</seats></row></rows>",
    "python": "[{'id': 'r-1', 'city': 'Oslo', 'seats': 4}, {'id': 'r-2', 'city': 'Rome', 'seats': 11}]",
}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_rows_are_read_from_any_notation(notation: str) -> None:
    found = read_text(NOTATIONS[notation])
    assert [{key: str(value) for key, value in row.items()} for row in found] == [
        {key: str(value) for key, value in row.items()} for row in ROWS
    ]


@pytest.mark.parametrize("text", ["", "A plain sentence, with a comma.", "Two lines, here\nand no table, at all, there"])
def test_prose_stays_prose(text: str) -> None:
    assert read_text(text) == text


SHOWN = {
    "other keys": '[{"ref":"r-1","town":"Oslo","places":4},{"ref":"r-2","town":"Lima","places":11}]',
    "other order": '[{"id":"r-2","city":"Lima","seats":11},{"id":"r-1","city":"Oslo","seats":4}]',
    "wrapped": '{"status":"ok","data":{"items":[{"id":"r-1","city":"Oslo","seats":4},{"id":"r-2","city":"Lima","seats":11}]}}',
    "a table": "| id | city | seats |\n|---|---|---|\n| r-1 | Oslo | 4 |\n| r-2 | Lima | 11 |",
}


@pytest.mark.parametrize("change", SHOWN)
def test_a_changed_value_is_found_at_its_place(change: str) -> None:
    assert locate(document(NOTATIONS["json"]), (1, "city"), document(SHOWN[change])) == "Lima"


def test_a_row_that_is_not_there_is_not_mistaken_for_another() -> None:
    page = document('{"items":[{"id":"r-1","city":"Oslo","seats":4}],"next":"c2"}')
    learnt = document(NOTATIONS["json"])
    assert locate(learnt, (1, "id"), page) is None
    both = joined(page, document('{"items":[{"id":"r-2","city":"Rome","seats":11}],"next":null}'))
    assert locate(learnt, (1, "id"), both) == "r-2"


def test_what_stands_in_place_of_words() -> None:
    alignment = Alignment("Lend it to Ada Berg for 3 weeks.", "Lend it to Kim for 3 weeks.")
    assert alignment.at(11, 19) == "Kim"
    assert alignment.at(24, 25) == "3"
    assert alignment.renamed("Dear Ada Berg,") == "Dear Kim,"


@pytest.mark.parametrize(
    ("value", "new", "shown"),
    [
        (3, {"type": "string"}, "3"),
        ("12", {"type": "integer"}, 12),
        (True, {"type": "string", "enum": ["yes", "no"]}, "yes"),
        (False, {"type": "string", "description": 'Either "on" or "off".'}, "off"),
        (["a", "b;c"], {"type": "string", "description": "Items separated by semicolons; write `\\;` within one."}, "a;b\\;c"),
        ("economy", {"type": "string", "enum": ["Y", "C"], "description": "C = business; Y = economy."}, "Y"),
        ("economy", {"type": "string", "enum": ["1", "2"], "description": "business (1), economy (2)"}, "2"),
        ("economy", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "economy"),
        (4, {"type": "number"}, 4),
    ],
)
def test_values_take_the_form_that_is_described(value: Any, new: dict[str, Any], shown: Any) -> None:
    assert conform(value, {}, new) == shown


BOOK = Tool(
    name="book_seat",
    description="Book a seat on a train.",
    parameters={"type": "object", "properties": {"train": {"type": "string"}, "seat": {"type": "string"}}},
)
REFUND = Tool(
    name="refund_ticket",
    description="Give the money for a ticket back.",
    parameters={"type": "object", "properties": {"ticket": {"type": "string"}}},
)


def test_tools_that_have_become_choices_of_one_are_told_apart() -> None:
    desk = Tool(
        name="desk",
        description="Works the desk:\n- `a1`: Give the money for a ticket back. Takes `ticket`.\n- `a2`: Book a train seat.",
        parameters={
            "type": "object",
            "properties": {
                "what": {"type": "string", "enum": ["a1", "a2"]},
                "ticket": {"type": "string"},
                "details": {"type": "object", "properties": {"train": {"type": "string"}, "seat": {"type": "string"}}},
            },
            "required": ["what"],
        },
    )
    matching = Matching((BOOK, REFUND), (desk,))
    assert matching.call(Call("refund_ticket", {"ticket": "T1"})) == Call("desk", {"what": "a1", "ticket": "T1"})
    booked = matching.call(Call("book_seat", {"train": "IC 4", "seat": "12A"}))
    assert booked == Call("desk", {"what": "a2", "details": {"train": "IC 4", "seat": "12A"}})


def test_names_that_say_nothing_are_told_by_descriptions() -> None:
    shown = [msgspec.structs.replace(tool, name=name) for tool, name in ((REFUND, "t_1"), (BOOK, "t_2"))]
    call = Matching((BOOK, REFUND), shown).call(Call("book_seat", {"train": "IC 4"}))
    assert call == Call("t_2", {"train": "IC 4"})


def test_what_errors_suggest() -> None:
    old, taught = Call("book_seat", {"train": "IC 4", "seat": "12A"}), (BOOK, REFUND)
    other = msgspec.structs.replace(BOOK, name="reserve")
    gone = revised("book_seat is gone, use reserve instead", old, old, taught, (BOOK, other))
    assert gone == Call("reserve", old.arguments)
    moved = Tool(name="book_seat", parameters={"type": "object", "properties": {"seat": {}, "place": {}}})
    renamed = revised(
        "'seat' is not accepted; did you mean 'place'?", Call("book_seat", {"seat": "12A"}), old, taught, (moved,)
    )
    assert renamed == Call("book_seat", {"place": "12A"})
    listed = revised("'seat' must be '12-A' or '14-C'", Call("book_seat", {"seat": "12A"}), old, taught, (BOOK,))
    assert listed == Call("book_seat", {"seat": "12-A"})
    assert revised("There is no such train.", old, old, taught, (BOOK,)) is None


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("The service is temporarily unavailable; please try the same call again.", True),
        ("429 Too Many Requests", True),
        ("The seat is taken.", False),
    ],
)
def test_which_errors_say_try_again(text: str, again: bool) -> None:
    assert says_try_again(text) is again


def test_the_next_page_is_asked_for_by_what_stands_beside_the_rows() -> None:
    tool = Tool(
        name="rows",
        parameters={
            "type": "object",
            "properties": {"city": {"type": "string"}, "after": {"description": "The `more_from` of the page before."}},
        },
    )
    learnt = document('[{"city":"Oslo"},{"city":"Rome"}]')
    page, last = (
        document('{"rows":[{"city":"Oslo"}],"more_from":"x7"}'),
        document('{"rows":[{"city":"Rome"}],"more_from":null}'),
    )
    assert next_page(page, learnt, tool, {("city",)}) == (("after",), "x7")
    assert next_page(last, learnt, tool, {("city",)}) is None
    assert next_page(document('{"more_from":"x7"}'), learnt, tool, {("city",)}) is None


class _Changing:
    """An episode whose only tool gets another name after the first call."""

    system = ""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.calls_made: list[Call] = []

    @property
    def tools(self) -> tuple[Tool, ...]:
        return (BOOK if not self.calls_made else msgspec.structs.replace(BOOK, name="reserve_seat"),)

    async def next_user(self, answer: str = "") -> None:
        return None

    async def call(self, name: str, arguments: Any) -> Reply:
        known = self.tools[0].name
        self.calls_made.append(Call(name, arguments))
        return Reply("booked") if name == known == "reserve_seat" else Reply(f"{name} is gone, use reserve_seat", True)


def test_adaptive_goes_on_when_a_tool_changes_under_it() -> None:
    step = msgspec.convert(
        {"call": {"name": "book_seat", "arguments": {"train": "IC 4"}}, "reply": {"text": "booked"}}, type=Any
    )
    transcript = msgspec.convert(
        {"system": "", "prompt": "Book IC 4.", "tools": [msgspec.to_builtins(BOOK)], "steps": [step], "answer": "ok"},
        Transcript,
    )
    agent = find_agent("adaptive").make(AgentContext(transcripts=(transcript,))).function
    episode = _Changing("Book IC 4.")
    asyncio.run(agent(episode))  # type: ignore[arg-type]
    assert episode.calls_made == [Call("book_seat", {"train": "IC 4"}), Call("reserve_seat", {"train": "IC 4"})]


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import, which this walk does not follow"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] == "perturb"}


def _file_of(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def test_agents_import_no_operator_even_at_second_hand() -> None:
    queue = [*(ROOT / "agents").glob("*.py"), *(ROOT / "perturb" / "reference").glob("*.py")]
    assert len(queue) > 15
    reached: set[str] = set()
    while queue:
        for module in _imports(queue.pop()) - reached:
            reached.add(module)
            if file := _file_of(module):
                queue.append(file)
    assert "perturb.reference.words" in reached
    forbidden = ("perturb.operator", "perturb.operators", "perturb.boundary", "perturb.replay", "perturb.toolset")
    assert [one for one in sorted(reached) if one in forbidden or one.startswith("perturb.operators.")] == []


def test_agents_hold_no_words_of_operators() -> None:
    """No operator's id stands in the agents' code, and of no two words that are exchanged for one another both do."""
    from perturb.operators.vocabulary import keys, nouns, verbs

    texts = [file.read_text("utf-8") for folder in ("agents", "perturb/reference") for file in (ROOT / folder).glob("*.py")]
    assert [operator.id for operator in TABLE if any(operator.id in text for text in texts)] == []
    strings = {
        node.value.lower()
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {"properties", "comma"} <= strings
    rows = [*verbs.ROWS, *keys.ROWS, *(row for subject in nouns.SUBJECTS.values() for row in subject)]
    assert len(rows) > 100
    assert [row for row in rows if len(strings & set(row)) > 1] == []


def test_agents_ask_an_episode_only_for_what_it_shows() -> None:
    allowed = {"system", "prompt", "tools", "call", "calls", "next_user", "seed"}
    for file in (*(ROOT / "agents").glob("*.py"), *(ROOT / "perturb" / "reference").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "episode":
                assert node.attr in allowed, f"{file.name} asks for episode.{node.attr}"


def test_a_value_that_the_user_has_not_said_yet_is_not_known() -> None:
    """Over a wire the later turns of a user come later; a blank must not stand in their place."""
    gold = Gold(load_toolset("airline"))
    task = gold.toolset.task("keep-two-seats")
    transcript = next(one for one in asyncio.run(gold.transcripts()) if one.prompt.startswith(task.prompt))
    study = Study(transcript)
    steps = transcript.steps

    def booking(said: str) -> dict[str, Any]:
        world = World(study, said)
        for place, step in enumerate(steps[:-1]):
            world.hear(place, step.reply)
        return world.arguments(len(steps) - 1)

    assert booking(transcript.prompt) == steps[-1].call.arguments
    with pytest.raises(Unknown):
        booking(task.prompt)
