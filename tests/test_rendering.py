"""A run as data, and the reports made of it: what they must say, and what must not break them."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import synthetic_run
from rich.console import Console

from perturb.errors import ConfigurationError
from perturb.rendering import (
    align,
    first_difference,
    print_report,
    render_html,
    render_json,
    render_junit,
    render_markdown,
    report_data,
    wording,
)
from perturb.rendering.charts import scale_over
from perturb.rendering.comparison import LONG, Budget, compare, mark_differences
from perturb.rendering.html import MOST_FAILURES
from perturb.rendering.markdown import cell_code, code, escaped
from perturb.rendering.templates import template_folder
from perturb.statistics import EpisodeRow

HOSTILE = "</script><img src=x onerror=alert(1)> & \"quoted\" 'single' <b>|`x`|{{ 7 * 7 }}\x00\x1b[31m\ud800"
VOID = {"meta", "link", "br", "input", "line", "circle", "rect", "img"}


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return synthetic_run.data()


@pytest.fixture(scope="module")
def page(data: dict[str, Any]) -> str:
    return render_html(data)


class Page(HTMLParser):
    """Collects the tags and texts of a page, and fails where they are not properly nested."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.script = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.script += data
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def episode(
    task: str,
    operator: str | None = None,
    outcome: str = "passed",
    *,
    trial: int = 0,
    kind: Any = "equivalent",
    key: str | None = None,
    error: str | None = None,
) -> EpisodeRow:
    known: dict[str, Any] = {"task": task, "trial": trial, "outcome": outcome, "error": error}
    known["key"] = f"{operator}-{task}-{trial}" if key is None else key
    if operator is None:
        return EpisodeRow(arm="clean", **known)
    return EpisodeRow(arm="perturbed", operator=operator, axis="tools", kind=kind, **known)


def hostile_run() -> dict[str, Any]:
    rows = [episode(HOSTILE), episode(HOSTILE, trial=1), episode(HOSTILE, "own|<i>x</i>", "failed")]
    failure = synthetic_run.failure(HOSTILE, "own|<i>x</i>", "equivalent", "tools")
    step = synthetic_run.step(HOSTILE, {HOSTILE: HOSTILE}, HOSTILE * 20, error=True)
    failure |= {"perturbed": [step], "answer_perturbed": HOSTILE, "prompt_perturbed": HOSTILE, "error": HOSTILE}
    failure |= {"reproduce": f"perturb replay '{HOSTILE}'", "plan": {HOSTILE: HOSTILE}}
    return report_data(synthetic_run.header(agent=HOSTILE, toolset=HOSTILE, command=HOSTILE), rows, [failure])


# --- data -------------------------------------------------------------------------------------------------------------


def test_the_json_has_the_promised_keys_and_fractions(data: dict[str, Any]) -> None:
    got = json.loads(render_json(data))
    for key in ("run", "agent", "toolset", "seed", "headline", "operators", "outcomes", "reproduce"):
        assert key in got
    assert {"clean", "perturbed", "drop", "interval", "noise_floor"} <= got["headline"].keys()
    assert set(got["headline"]["noise_floor"]) == {"drop", "interval"}
    assert len({(row["id"], row["kind"]) for row in got["operators"]}) == len(got["operators"]) == len(synthetic_run.OPERATORS)
    for row in got["operators"]:
        rates = {"exposed", "clean", "perturbed", "drop", "interval", "p_adjusted"}
        assert rates | {"id", "axis", "kind", "pairs", "outcomes"} <= row.keys()
        assert -1 <= row["interval"][0] <= row["drop"] <= row["interval"][1] <= 1
        assert row["clean"] - row["perturbed"] == pytest.approx(row["drop"])
    assert got["tasks"] == 42
    assert got["headline"]["drop"] == pytest.approx(got["headline"]["clean"] - got["headline"]["perturbed"])
    assert got["outcomes"]["passed"] == sum(arm["passed"] for arm in got["outcomes_by_arm"].values())
    assert got["estimand"] == "population drop"


def test_the_json_holds_trajectories_only_where_they_are_asked_for(data: dict[str, Any]) -> None:
    lean, whole = json.loads(render_json(data)), json.loads(render_json(data, trajectories=True))
    assert "clean" not in lean["failures"][0]
    assert lean["failures"][0]["reproduce"] == whole["failures"][0]["reproduce"]
    assert whole["failures"][0]["clean"][0]["call"]["name"] == "find_customer"


def test_each_operator_has_its_turn_among_the_failures_worst_first(data: dict[str, Any]) -> None:
    with_failures = {failure["operator"] for failure in data["failures"]}
    first = [failure["operator"] for failure in data["failures"][: len(with_failures)]]
    assert first == [row["id"] for row in data["operators"] if row["id"] in with_failures]


def test_among_failures_of_one_operator_those_of_sound_tasks_come_first() -> None:
    rows = [episode("shaky"), episode("shaky", outcome="failed", trial=1), episode("sound"), episode("sound", trial=1)]
    rows += [episode(task, "tools.x", "failed") for task in ("shaky", "sound")]
    failures = [synthetic_run.failure(task, "tools.x", "equivalent", "tools") for task in ("shaky", "sound")]
    got = report_data(synthetic_run.header(), rows, failures)
    assert [failure["task"] for failure in got["failures"]] == ["sound", "shaky"]


def test_a_stream_of_episodes_is_read_once_and_added_up() -> None:
    rows, _ = synthetic_run.episodes(tasks=3)
    got = report_data(synthetic_run.header(), iter(rows), [])
    assert got["usage"]["episodes"] == len(rows)
    assert got["usage"]["cost"] is None
    assert got["headline"]["tasks"] == 3


def test_a_pair_that_was_never_run_is_no_episode() -> None:
    rows = [episode("a", trial=0), episode("a", "tools.x"), episode("a", "tools.y", "not_applicable", key="")]
    assert report_data(synthetic_run.header(), rows, [])["usage"]["episodes"] == 2


def test_why_episodes_ended_without_a_verdict_is_counted_the_commonest_first() -> None:
    boom, slow = "the agent raised ValueError: boom, mine.py line 3", "the agent was not done after 120 s"
    rows = [episode("a", outcome="agent_error", trial=trial, error=boom) for trial in range(2)]
    rows += [episode("b", "tools.x", "budget_exceeded", error=slow), episode("c", "tools.x", "agent_error", error=boom)]
    rows += [episode("d", "tools.x", "not_applicable", error="nothing_to_change"), episode("e", "tools.x", "failed")]
    got = report_data(synthetic_run.header(), rows, [])
    assert got["errors"] == [
        {"outcome": "agent_error", "error": boom, "clean": 2, "perturbed": 1},
        {"outcome": "budget_exceeded", "error": slow, "clean": 0, "perturbed": 1},
    ]
    text = " ".join(printed(got, 100).split())
    assert f"agent error: {boom} · 2 clean, 1 perturbed" in text
    assert escaped(boom) in render_markdown(got)
    assert boom in " ".join(Page(render_html(got)).text.split())


@pytest.mark.slow
def test_errors_that_are_all_different_take_no_more_room_than_a_few() -> None:
    rows = [episode("a", outcome="agent_error", trial=trial, error=f"no {trial}") for trial in range(5000)]
    got = report_data(synthetic_run.header(), rows, [])
    assert [one["error"] for one in got["errors"]][:2] == ["no 0", "no 1"]
    assert len(got["errors"]) <= 20


# --- trajectories -----------------------------------------------------------------------------------------------------


def step(name: str, real: str | None = "same", *, error: bool = False) -> dict[str, Any]:
    shown = {"name": name, "arguments": {"a": 1}}
    meant = None if real is None else {"name": name if real == "same" else real, "arguments": {"a": 1}}
    return {"call": shown, "reply": {"text": "text", "is_error": error}, "real": meant}


CLEAN = [step("find"), step("search"), step("book")]


@pytest.mark.parametrize(
    ("perturbed", "expected"),
    [
        (CLEAN, None),
        ([step("t1", "find"), step("t2", "search"), step("t3", "book")], None),
        ([step("find"), step("book"), step("book")], 1),
        ([step("find"), step("search", error=True), step("search"), step("book")], 1),
        ([step("find"), step("search")], 2),
        ([*CLEAN, step("book")], 3),
        ([], 0),
        ([step("find"), step("search"), step("next_page", None), step("book")], None),
        ([step("find"), step("search", None, error=True), step("search"), step("book")], 1),
        ([step("search_tools", None), step("find"), step("search"), step("cancel")], 3),
    ],
)
def test_the_first_difference_is_one_of_real_calls_and_errors(perturbed: list[dict[str, Any]], expected: int | None) -> None:
    assert first_difference(CLEAN, perturbed) == expected


def test_a_clean_step_without_a_real_call_stands_for_itself() -> None:
    clean = [{key: value for key, value in one.items() if key != "real"} for one in CLEAN]
    assert first_difference(clean, CLEAN) is None


def test_other_arguments_are_a_difference() -> None:
    other = step("search") | {"real": {"name": "search", "arguments": {"a": 2}}}
    assert first_difference(CLEAN, [CLEAN[0], other, CLEAN[2]]) == 1


def test_every_step_of_both_sides_is_in_the_alignment() -> None:
    perturbed = [step("search_tools", None), step("find"), step("cancel"), step("cancel"), step("x"), step("y")]
    rows, parted = align(CLEAN, perturbed)
    assert parted == 2
    assert [i for i, _ in rows if i is not None] == [0, 1, 2]
    assert [j for _, j in rows if j is not None] == list(range(6))
    assert align([], []) == ([], None)


def test_differences_are_marked_word_by_word() -> None:
    before, after = mark_differences('{"user_id": 4, "city": "Oslo"}', '{"userId": 4, "city": "Oslo"}')
    assert [text for text, changed in before if changed] == ["user_id"]
    assert [text for text, changed in after if changed] == ["userId"]
    assert "".join(text for text, _ in after) == '{"userId": 4, "city": "Oslo"}'


def test_after_they_have_parted_nothing_is_marked() -> None:
    failure = synthetic_run.failure("t", "results.paginate", "equivalent", "responses")
    failure["perturbed"][0] = synthetic_run.step("find_customer", {"name": "Ada Morel"}, "no such customer")
    rows = compare(failure, Budget(0))["rows"]
    marked = [any(changed for _, changed in row["perturbed"]["arguments"].segments) for row in rows]
    assert [row["parts"] for row in rows] == [True, False, False]
    assert marked == [True, False, False]
    assert rows[2]["clean"]["arguments"].segments != rows[2]["perturbed"]["arguments"].segments


def test_a_side_without_a_step_says_why_once() -> None:
    failure = synthetic_run.failure("t", "tools.x", "equivalent", "tools")
    failure |= {"clean": CLEAN, "perturbed": [step("search_tools", None), step("find")]}
    rows = compare(failure, Budget(0))["rows"]
    said = [row["missing"] for row in rows if None in (row["clean"], row["perturbed"])]
    assert said == ["only the perturbed setup has this step", "no further step", ""]


def test_texts_with_little_in_common_are_left_unmarked() -> None:
    assert mark_differences("a b c d e f", "1 2 3 4 5 6") == ([("a b c d e f", False)], [("1 2 3 4 5 6", False)])


# --- wording ----------------------------------------------------------------------------------------------------------


def test_numbers_are_written_alike_everywhere() -> None:
    assert [wording.points(x) for x in (0.187, -0.012, -0.0001, 0.0, None)] == ["18.7", "−1.2", "0.0", "0.0", "–"]
    assert wording.interval((-0.012, 0.235)) == "[−1.2, 23.5]"
    assert [wording.p_value(p) for p in (0.0, 0.012, 0.23, 1.0, None)] == ["p < 0.001", "p 0.012", "p 0.23", "p 1", "–"]
    written = ["0.4 s", "14 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]
    assert [wording.duration(seconds) for seconds in (0.42, 13.7, 59.7, 200, 7500)] == written
    assert [wording.count(1, "task"), wording.count(1204, "task")] == ["1 task", "1,204 tasks"]


@pytest.mark.parametrize("intervals", [[], [None], [(0.0, 0.0)], [(-1.0, 1.0)], [(-0.03, 0.12), None, (0.4, 0.93)]])
def test_a_scale_holds_zero_and_every_interval(intervals: list[Any]) -> None:
    scale = scale_over(intervals)
    ends = [end for interval in intervals if interval for end in interval]
    assert 0 in scale.ticks
    assert 2 <= len(scale.ticks) <= 9
    assert all(0 < scale.at(end) < 100 for end in [0, *ends])
    assert scale.at(5) == 100


# --- terminal ---------------------------------------------------------------------------------------------------------


def printed(data: dict[str, Any], width: int, *, encoding: str = "utf-8") -> str:
    buffer = io.BytesIO()
    file = io.TextIOWrapper(buffer, encoding=encoding)
    print_report(data, Console(file=file, width=width, color_system=None), report_path="reports/runs/a1b2c3/report.html")
    file.flush()
    return buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_the_terminal_report_fits_its_width(data: dict[str, Any], width: int) -> None:
    lines = printed(data, width).splitlines()
    commands = ("perturb replay", "report reports/", "again:")
    assert all(len(line) <= width for line in lines if not any(command in line for command in commands))
    assert all(line == line.rstrip() for line in lines)


def test_a_narrow_terminal_cuts_no_number(data: dict[str, Any]) -> None:
    text = printed(data, 60)
    head = data["headline"]
    for said in (
        f"noise floor {wording.points(head['noise_floor']['drop'])} {wording.interval(head['noise_floor']['interval'])}",
        f"states the answer {data['floor']['answer_only']}",
    ):
        assert said in " ".join(text.split())
    for row in data["operators"]:
        (line,) = (line for line in text.splitlines() if line.startswith(f"  {row['id']} ") and "task" not in line)
        assert line.endswith(" %")
    for row in data["axes"]:
        assert row["worst"] is None or re.search(rf"  {re.escape(row['worst'])}( \d+\.\d)?\n", text)


@pytest.mark.parametrize("width", [80, 120])
def test_the_first_screen_says_it_all(data: dict[str, Any], width: int) -> None:
    text = printed(data, width)
    head = data["headline"]
    top = "\n".join(text.splitlines()[:12])
    for said in (
        f"{head['clean'] * 100:.1f} %",
        f"{head['perturbed'] * 100:.1f} %",
        f"{wording.points(head['drop'])} points {wording.interval(head['interval'])}",
        f"noise floor {wording.points(head['noise_floor']['drop'])} {wording.interval(head['noise_floor']['interval'])}",
    ):
        assert said in top
    places = [text.index(f"\n  {row['id']} ") for row in data["operators"]]
    assert places == sorted(places)
    assert "shown apart" in text[places[-3] : places[-2]]
    assert data["failures"][0]["reproduce"] in text
    assert "738 of 741 pairs proven solvable" in text
    assert "reports/runs/a1b2c3/report.html" in text
    assert "not a model" in " ".join(text.split())


def test_the_terminal_report_of_a_real_model_calls_it_no_instrument() -> None:
    assert "reference" not in printed(synthetic_run.data(agent_is_reference=False), 100)


def test_a_terminal_without_unicode_gets_ascii(data: dict[str, Any]) -> None:
    text = printed(data, 100, encoding="ascii")
    assert "####" in text
    assert "[-" in text
    assert "?" not in text


def test_the_terminal_gets_no_commands_from_what_an_agent_or_a_tool_said() -> None:
    text = printed(hostile_run(), 100)
    assert "\x1b" not in text
    assert "\x00" not in text


def test_the_terminal_report_takes_hostile_strings_as_text() -> None:
    rows = [episode("[red]t[/nothing]")]
    failure = synthetic_run.failure("[red]t[/nothing]", "tools.x", "equivalent", "tools")
    text = printed(report_data(synthetic_run.header(), rows, [failure]), 100)
    assert "[red]t[/nothing]" in text
    assert "no drop to report" in text


# --- Markdown ---------------------------------------------------------------------------------------------------------


def tables(markdown: str) -> list[list[list[str]]]:
    """Each table as rows of cells, split as GitHub does: at each bar that no backslash precedes."""
    found: list[list[list[str]]] = []
    inside = False
    for line in markdown.splitlines():
        if line.startswith("|"):
            if not inside:
                found.append([])
            found[-1].append(re.split(r"(?<!\\)\|", line.strip())[1:-1])
        inside = line.startswith("|")
    return found


@pytest.mark.parametrize("hostile", [False, True])
def test_markdown_tables_are_well_formed(data: dict[str, Any], hostile: bool) -> None:
    markdown = render_markdown(hostile_run() if hostile else data)
    found = tables(markdown)
    assert len(found) == 4
    for table in found:
        assert {len(row) for row in table} == {len(table[0])}
        assert all(re.fullmatch(r" :?-+:? ", cell) for cell in table[1])
        assert len(table) > 2
    assert "\n\n\n" not in markdown


def test_markdown_holds_the_numbers_and_the_way_to_reproduce(data: dict[str, Any]) -> None:
    markdown = render_markdown(data)
    assert f"**{wording.points(data['headline']['drop'])} points**" in markdown
    assert f"`{data['failures'][0]['reproduce']}`" in markdown
    assert "not a model" in markdown
    assert "<img" not in render_markdown(hostile_run()).replace("`", "")[:400]


def test_markdown_takes_any_text_as_text() -> None:
    assert escaped("a|b *c* <i>\nd") == "a\\|b \\*c\\* &lt;i\\> d"
    assert code("x `y` z") == "``x `y` z``"
    assert code("`y`") == "`` `y` ``"
    assert cell_code("a|b") == "`a\\|b`"
    assert code("a|b") == "`a|b`"


# --- JUnit ------------------------------------------------------------------------------------------------------------


def test_junit_has_a_case_for_each_operator_and_task(data: dict[str, Any]) -> None:
    root = ElementTree.fromstring(render_junit(data).encode())
    suites = {suite.get("name", "").split(" / ")[1]: suite for suite in root}
    assert len(suites) == 1 + len(data["operators"])
    opaque = suites["tools.opaque (equivalent)"]
    row = next(row for row in data["operators"] if row["id"] == "tools.opaque")
    assert len(opaque.findall("testcase")) == 42
    assert int(opaque.get("failures", "")) == row["outcomes"]["failed"] == len(opaque.findall("testcase/failure"))
    properties = {p.get("name"): p.get("value") for p in opaque.iter("property")}
    assert float(properties["drop"] or "") == row["drop"]
    assert float(properties["drop_low"] or "") == row["interval"][0]
    failure = opaque.find("testcase/failure")
    assert failure is not None
    assert (failure.text or "").startswith("perturb replay ")
    merge = suites["toolset.merge (equivalent)"]
    assert (merge.get("errors"), merge.get("skipped")) == ("1", "1")
    for name in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(name, "")) == sum(int(suite.get(name, "")) for suite in root)
    assert (
        float({p.get("name"): p.get("value") for p in suites["headline"].iter("property")}["drop"] or "")
        == (data["headline"]["drop"])
    )


def test_junit_skips_what_did_not_apply() -> None:
    rows = [episode("a"), episode("a", "tools.x"), episode("b", "tools.x", "not_applicable", kind=None)]
    root = ElementTree.fromstring(render_junit(report_data(synthetic_run.header(), rows, [])).encode())
    (suite,) = [suite for suite in root if "tools.x" in suite.get("name", "")]
    skipped = suite.find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "not_applicable"
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")


def test_junit_is_valid_xml_whatever_a_name_holds() -> None:
    root = ElementTree.fromstring(render_junit(hostile_run()).encode())
    case = root.findall("testsuite")[1].find("testcase")
    assert case is not None
    assert "<img src=x onerror=alert(1)>" in case.get("name", "")


# --- HTML -------------------------------------------------------------------------------------------------------------


def test_the_page_is_well_formed_and_loads_nothing(page: str) -> None:
    parsed = Page(page)
    for tag, attributes in parsed.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:,", "#")), (tag, name, value)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert len(parsed.all("script")) == 1
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_begins_with_clean_and_perturbed_side_by_side(page: str, data: dict[str, Any]) -> None:
    text = " ".join(Page(page).text.split())
    head = data["headline"]
    order = [
        "Clean " + wording.points(head["clean"]),
        "Perturbed " + wording.points(head["perturbed"]),
        "Drop " + wording.points(head["drop"]),
        wording.interval(head["interval"]),
        "noise floor " + wording.points(head["noise_floor"]["drop"]) + " " + wording.interval(head["noise_floor"]["interval"]),
        "What hurts",
        "Axis by axis",
        "How the episodes ended",
        "Failed episodes",
        "How to read this",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "It is not a model" in text


def test_each_operator_and_axis_has_its_drop_on_a_labelled_chart_worst_first(page: str, data: dict[str, Any]) -> None:
    labels = [attributes.get("aria-label") or "" for attributes in Page(page).all("svg") if attributes.get("role") == "img"]
    for row in data["operators"]:
        assert f"{row['id']}: drop {wording.points(row['drop'])} points, interval {wording.interval(row['interval'])}" in labels
    shown = [label.split(":")[0] for label in labels if label.split(":")[0] in synthetic_run.OPERATORS]
    assert shown == [row["id"] for row in data["operators"]]
    assert {row["axis"] for row in data["axes"]} <= {label.split(":")[0] for label in labels}
    scale = scale_over([row["interval"] for row in data["operators"]] + [data["headline"]["noise_floor"]["interval"]])
    assert f'cx="{scale.at(data["operators"][0]["drop"])}%"' in page


def test_table_headers_have_a_scope(page: str) -> None:
    assert all(attributes.get("scope") for attributes in Page(page).all("th"))


def test_failures_show_both_trajectories_and_where_they_part(page: str, data: dict[str, Any]) -> None:
    blocks = page.split('<details class="failure')[1:]
    assert len(blocks) == MOST_FAILURES < len(data["failures"])
    for block, failure in zip(blocks, data["failures"], strict=False):
        assert failure["operator"] in block
        assert failure["reproduce"] in block
        assert block.count("here they part") == (failure["first_difference"] is not None)
    opaque = blocks[0]
    before, after = opaque.split("here they part")
    assert "<mark>tool_04</mark>" in before
    assert "Unknown tool: search_flights" in after
    assert "never reached the environment" in after
    entities = next(block for block in blocks if "environment.entities" in block[:200])
    assert "same calls, another answer" in entities
    assert "<mark>Inge</mark>" in entities


def test_hostile_strings_stay_text() -> None:
    html = render_html(hostile_run())
    parsed = Page(html)
    assert not parsed.all("img")
    assert not parsed.all("i") or all("onerror" not in attributes for attributes in parsed.all("i"))
    assert len(parsed.all("script")) == 1
    assert "<img src=x onerror=alert(1)>" in parsed.text
    assert "{{ 7 * 7 }}" in parsed.text
    assert "onerror" not in parsed.script
    html.encode()


def test_thousands_of_long_failures_leave_the_page_light(data: dict[str, Any]) -> None:
    failure = data["failures"][0] | {"perturbed": [synthetic_run.step("search", {"q": "x" * 9000}, "row " * 30_000)] * 300}
    page = render_html(data | {"failures": [failure] * 3000})
    assert len(page) < 6_000_000
    assert "of 2,000 others the line that replays each stands below; 940 more are left out" in page
    assert f"perturb report {data['run']} --json" in page
    arms = {"clean": {}, "perturbed": {"failed": 90, "agent_error": 4, "passed": 9}}
    some = data | {"failures": [failure], "outcomes_by_arm": arms}
    assert "93 more are left out" in render_html(some)
    assert "93 more are left out" in render_markdown(some)
    assert "further steps left out" in page


def test_a_long_text_is_cut_and_whole_on_demand() -> None:
    text = "word " * 1000
    failure = synthetic_run.failure("t", "tools.x", "equivalent", "tools") | {"answer_perturbed": text}
    shown = compare(failure, Budget(100_000))["answer"][1]
    assert len(shown.segments[0][0]) < 500
    assert shown.whole == text
    assert compare(failure, Budget(10))["answer"][1].whole is None
    longer = compare(failure | {"answer_perturbed": "x" * (LONG + 5)}, Budget(100_000))["answer"][1]
    assert longer.whole is not None
    assert (len(longer.whole), longer.length) == (LONG, LONG + 5)


@pytest.mark.parametrize("clean_trials", [0, 1])
def test_reports_of_little_data_say_so(clean_trials: int) -> None:
    rows = [episode("a", trial=trial) for trial in range(clean_trials)]
    rows += [episode("a", "tools.x", "not_applicable", kind=None)]
    if clean_trials:
        rows += [episode("a", "tools.y", "failed", kind="fault")]
    got = report_data(synthetic_run.header(floor=None), rows, [])
    page, markdown, text = render_html(got), render_markdown(got), " ".join(printed(got, 80).split())
    Page(page)
    ElementTree.fromstring(render_junit(got).encode())
    for report in (page, markdown, text):
        assert ("no drop to report" in report) == (clean_trials == 0)
    if clean_trials:
        assert "it needs two clean trials" in page
        assert "no noise floor: one clean trial" in text


def test_what_no_reader_may_miss_is_said(data: dict[str, Any]) -> None:
    assert wording.remarks(data) == []
    told = data | {
        "ended": {"how": "budget", "left": 1200, "why": "the budget of 5 US dollars is spent"},
        "gold_fails_clean": ["user_task_7"],
        "not_proven_tasks": [f"t{i}" for i in range(14)],
        "outcomes": data["outcomes"] | {"tester_fault": 2},
    }
    text = " ".join(Page(render_html(told)).text.split())
    for said in (
        "The run is not whole: the budget of 5 US dollars is spent; 1,200 episodes left.",
        "Kept out, since their own gold calls fail their own check: 1 task (user_task_7).",
        "t11 and 2 more)",
        "Faults of Perturb or the toolset ended 2 episodes; no rate holds them.",
    ):
        assert said in text
        assert escaped(said) in render_markdown(told)


def test_an_agent_that_never_passes_clean_is_said_to_have_nothing_to_lose() -> None:
    rows = [episode(task, outcome="failed", trial=trial) for task in "abcd" for trial in range(2)]
    rows += [episode(task, "tools.x", "failed") for task in "abcd"]
    got = report_data(synthetic_run.header(), rows, [])
    said = "The agent passes no task clean, so it has nothing to lose: a drop of 0 says nothing of its robustness."
    assert said in wording.remarks(got)
    assert said in " ".join(printed(got, 80).split())
    assert said in " ".join(Page(render_html(got)).text.split())
    assert escaped(said) in render_markdown(got)


def test_a_stored_report_in_the_terminal_says_what_no_reader_may_miss(data: dict[str, Any]) -> None:
    told = data | {"ended": {"how": "interrupted", "left": 3, "why": ""}, "gold_fails_clean": ["t01"]}
    text = " ".join(printed(told, 100).split())
    for remark in wording.remarks(told):
        assert remark in text


def test_a_failure_in_the_terminal_says_how_it_ended_where_it_did_not_merely_fail(data: dict[str, Any]) -> None:
    first = data["failures"][0]
    told = data | {"failures": [first | {"outcome": "agent_error", "first_difference": None}]}
    assert f"{first['operator']}, task {first['task']} · agent error · clean 2 of 2" in printed(told, 110)
    assert "· failed ·" not in printed(data, 110)


def test_a_null_operator_shows_a_drop_of_zero_everywhere() -> None:
    rows = [episode(task, trial=trial) for task in "abcd" for trial in range(2)]
    rows += [episode(task, "tools.x") for task in "abcd"]
    got = report_data(synthetic_run.header(intensity=0.0), rows, [])
    assert got["headline"]["drop"] == 0.0
    assert re.search(r"\bdrop +0\.0 points", printed(got, 100))
    assert "**0.0 points**" in render_markdown(got)
    assert "drop 0.0 points" in render_html(got)
    assert "Failed episodes" not in render_html(got)


def test_a_report_of_ones_own_is_found_by_path(tmp_path: Path, data: dict[str, Any]) -> None:
    (tmp_path / "report.html.j2").write_text("<p>{{ data.agent }} lost {{ headline.drop | points }}</p>")
    own = render_html(data | {"agent": "<mine>"}, report=str(tmp_path))
    assert own == f"<p>&lt;mine&gt; lost {wording.points(data['headline']['drop'])}</p>"
    with pytest.raises(ConfigurationError, match="did you mean 'standard'"):
        template_folder("standart")
