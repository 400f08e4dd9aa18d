"""The operators on the system prompt: its markup, order, role, persona, and its absence."""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest
from depot import DEPOT
from said import toolsets

from perturb.boundary import Boundary
from perturb.operator import NotApplicable, Operator, SeededPick, Setup, lens_for
from perturb.operators import by_id
from perturb.operators.system.markups import written
from perturb.operators.system.outline import MARKUPS, Code, Listing, Markup, Paragraph, Section, prose
from perturb.operators.system.persona import NAMES, VOICES
from perturb.operators.system.readings import markup_of, read
from perturb.toolset import Toolset

MARKDOWN = """\
You look up **users** with `get_user`.

# Rules

- Never guess an id.
- *Always* answer in one sentence:
  1. the name
  2. the city

Be kind.

## Refunds

Ask first.

```json
{"id": 7}
```"""


class Prompted(Toolset):
    name = "prompted"
    dumps_state = False

    def __init__(self, system: str, people: tuple[str, ...] = ()) -> None:
        self.system = system
        self.entities = {"person": people} if people else {}


def planned(operator: str, system: str, seed: int = 1, intensity: float = 1.0) -> tuple[Any, Setup]:
    setup = Setup.of(Prompted(system))
    return by_id(operator).plan(setup, SeededPick(seed, operator), intensity), setup


def shown(operator: str, system: str, seed: int = 1, intensity: float = 1.0) -> str:
    plan, setup = planned(operator, system, seed, intensity)
    return system if isinstance(plan, NotApplicable) else lens_for(plan, setup).setup.system


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


# Markup.


def test_a_prompt_is_read_as_its_blocks() -> None:
    assert markup_of(MARKDOWN) == "markdown"
    assert read(MARKDOWN, "markdown") == (
        Paragraph("You look up **users** with `get_user`."),
        Section(
            "Rules",
            (
                Listing(
                    "",
                    0,
                    (
                        (Paragraph("Never guess an id."),),
                        (
                            Paragraph("*Always* answer in one sentence:"),
                            Listing("", 1, ((Paragraph("the name"),), (Paragraph("the city"),))),
                        ),
                    ),
                ),
                Paragraph("Be kind."),
                Section("Refunds", (Paragraph("Ask first."), Code('{"id": 7}', "json"))),
            ),
        ),
    )


@pytest.mark.parametrize("markup", MARKUPS)
def test_every_markup_reads_back_to_the_same_blocks(markup: Markup) -> None:
    for system in [MARKDOWN, DEPOT.system, *(toolset.system for toolset in toolsets())]:
        outline = read(system, markup_of(system))
        text = written(outline, markup)
        if text is None:
            assert markup == "plain", "plain text has no fences and two levels of headings"
            assert system == MARKDOWN
            continue
        assert read(text, markup) == outline
        held = words(text.replace("\\n", " ").replace("_", " ").lower())
        assert [one for one in words(prose(outline).replace("_", " ").lower()) if one not in held] == []


XML = """\
<instructions>
You work <em>here</em>.

<list title="The desk's rules">
<item number="3">Be <strong>kind</strong>.</item>
<item number="4">Ask `get_user`.</item>
</list>

<refunds>
None.
</refunds>
</instructions>"""
JSON = """\
{
  "instructions": [
    "You work *here*.",
    {
      "The desk's rules": [
        "3. Be **kind**.",
        "4. Ask `get_user`."
      ]
    },
    {
      "section": "Refunds",
      "content": "None."
    }
  ]
}"""
PLAIN = """\
You work _here_.

The desk's rules:

3. Be *kind*.
4. Ask `get_user`.

Refunds
=======

None."""
MARKED = """\
You work *here*.

**The desk's rules:**

3. Be **kind**.
4. Ask `get_user`.

# Refunds

None."""


@pytest.mark.parametrize(("markup", "expected"), [("xml", XML), ("json", JSON), ("plain", PLAIN), ("markdown", MARKED)])
def test_what_the_markups_look_like(markup: Markup, expected: str) -> None:
    outline = (
        Paragraph("You work *here*."),
        Listing("The desk's rules", 3, ((Paragraph("Be **kind**."),), (Paragraph("Ask `get_user`."),))),
        Section("Refunds", (Paragraph("None."),)),
    )
    assert written(outline, markup) == expected
    assert read(expected, markup) == outline


def test_markup_of_others_is_read_too() -> None:
    xml = (
        "<role>\n  You look up users.\n</role>\n\n<rules>\n  <rule>Be kind.</rule>\n  <rule>Ask first.</rule>\n</rules>\nGo on."
    )
    assert markup_of(xml) == "xml"
    assert read(xml, "xml") == (
        Section("Role", (Paragraph("You look up users."),)),
        Listing("Rules", 0, ((Paragraph("Be kind."),), (Paragraph("Ask first."),))),
        Paragraph("Go on."),
    )
    told = '{"role": "You look up users.", "max_tries": 3, "rules": ["Be kind.", "Ask first."]}'
    assert markup_of(told) == "json"
    assert read(told, "json") == (
        Section("role", (Paragraph("You look up users."),)),
        Section("Max tries", (Paragraph("3"),)),
        Listing("rules", 0, ((Paragraph("Be kind."),), (Paragraph("Ask first."),))),
    )


@pytest.mark.parametrize(
    "text", ["Use <item> tags </item> within lines.", "See {x} and [y].", "A < B and **C", "1. is a number"]
)
def test_signs_within_prose_are_prose(text: str) -> None:
    seen = {shown("system.markup", text, seed) for seed in range(12)}
    assert all(set(words(text)) <= set(words(one)) for one in seen)


def test_every_other_markup_comes_up_and_the_plan_names_it() -> None:
    found = set()
    for seed in range(20):
        plan, setup = planned("system.markup", DEPOT.system, seed)
        found.add(plan.markups["system"])
        assert markup_of(lens_for(plan, setup).setup.system) in (plan.markups["system"], "markdown")
    assert found == {"xml", "json", "plain"}


# Order.


def test_only_parts_that_refer_to_nothing_move() -> None:
    system = "You look up users.\n\nBe kind.\n\nAsk first.\n\nThis holds for all of them.\n\nAnswer in one sentence."
    for seed in range(30):
        said = shown("system.reorder", system, seed)
        assert said.startswith("You look up users.")
        assert "Ask first.\n\nThis holds for all of them." in said
        assert sorted(words(said)) == sorted(words(system))


@pytest.mark.parametrize(
    "system",
    [
        "You look up users.",
        "You look up users.\n\nDo these steps in the given order:\n- Ask.\n- Look.",
        "You look up users.\n\n1. Ask.\n2. Look.",
        "You look up users.\n\n- Ask.\n- Then look.",
        "You look up users.\n\nSee the rule above.\n\nThe same holds below.",
    ],
)
def test_what_tells_an_order_stays(system: str) -> None:
    plan, _ = planned("system.reorder", system)
    assert isinstance(plan, NotApplicable)


def test_sections_and_their_points_move_within_their_bounds() -> None:
    system = next(one.system for one in toolsets() if one.name == "airline")
    before = read(system, "markdown")
    seen = set()
    for seed in range(10):
        said = shown("system.reorder", system, seed)
        after = read(said, "markdown")
        assert after[0] == before[0]
        assert sorted(one.title for one in after[1:]) == sorted(one.title for one in before[1:])  # type: ignore[union-attr]
        for section in before[1:]:
            now = next(one for one in after[1:] if one.title == section.title)  # type: ignore[union-attr]
            assert sorted(prose(now).split("\n")) == sorted(prose(section).split("\n"))
        seen.add(said)
    assert len(seen) == 10


# Role.


def test_the_roles_that_a_prompt_may_come_in() -> None:
    setup = Setup.of(DEPOT)
    seen = {}
    for seed in range(8):
        plan = by_id("system.role").plan(setup, SeededPick(seed, "x"), 1.0)
        assert isinstance(plan, Operator)
        boundary = Boundary(lens_for(plan, setup), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0]))
        assert boundary.exposed
        seen[tuple(one["role"] for one in boundary.messages)] = boundary.messages
    assert set(seen) == {("developer", "user"), ("user",)}
    assert seen["developer", "user"][0]["content"] == DEPOT.system
    assert seen[("user",)][0]["content"] == f"{DEPOT.system}\n\n{DEPOT.tasks[0].prompt}"


def test_a_system_prompt_in_the_first_message_comes_once() -> None:
    setup = Setup.of(DEPOT)
    plan = by_id("system.role")(roles={"system": "user"})
    assert lens_for(plan, setup).show_turns(("One.", "Two.")) == (f"{DEPOT.system}\n\nOne.", "Two.")


# Persona.


@pytest.mark.parametrize("seed", range(6))
def test_a_persona_leaves_every_rule_to_the_letter(seed: int) -> None:
    for toolset in toolsets():
        setup = Setup.of(toolset)
        plan = by_id("system.persona").plan(setup, SeededPick(seed, "x"), 1.0)
        assert isinstance(plan, Operator)
        said = lens_for(plan, setup).setup.system
        opening, _, rest = said.partition("\n\n")
        assert rest == toolset.system
        assert any(f"You are {name}." in opening for name in NAMES)
        assert any(voice in opening for voice in VOICES.values())


def test_a_persona_takes_the_name_that_is_there() -> None:
    said = shown("system.persona", "You are Aria, the desk of Norvik. Aria never guesses.", intensity=1.0)
    assert "Aria" not in said
    assert re.search(r"You are (\w+), the desk of Norvik\. \1 never guesses\.", said)


def test_a_customer_is_no_persona() -> None:
    setup = Setup.of(Prompted("The user is called Emma, an employee.", people=("Emma Johnson",)))
    plan = by_id("system.persona").plan(setup, SeededPick(1, "x"), 1.0)
    assert isinstance(plan, Operator)
    assert "called Emma, an employee" in lens_for(plan, setup).setup.system


def test_voices_ask_for_nothing() -> None:
    for voice in VOICES.values():
        assert re.match(r"You sound ", voice)
        assert not re.search(r"(?i)\b(?:must|always|only|use|answer|reply|ask|sentence|word|list)\b", voice)


def test_a_persona_comes_within_a_document() -> None:
    said = shown("system.persona", '{"rules": ["Be kind.", "Ask first."]}')
    assert markup_of(said) == "json"
    assert "You sound" in said


# Absence.


def test_parts_go_one_by_one_and_in_the_end_all() -> None:
    system = DEPOT.system
    left = [shown("system.drop", system, 3, dose) for dose in (0.0, 0.3, 0.6, 1.0)]
    assert left[0] == system
    assert left[3] == ""
    assert len(words(left[0])) > len(words(left[1])) > len(words(left[2])) > 0


def test_there_is_nothing_to_say_without_a_system_prompt() -> None:
    for operator in ("markup", "reorder", "role", "persona", "drop", "preamble"):
        plan, _ = planned(f"system.{operator}", "  \n")
        assert isinstance(plan, NotApplicable), operator


def test_an_agent_without_a_system_prompt_has_no_system_message() -> None:
    setup = Setup.of(DEPOT)
    plan = by_id("system.drop").plan(setup, SeededPick(3, "x"), 1.0)
    assert isinstance(plan, Operator)

    async def opening() -> list[dict[str, str]]:
        return Boundary(lens_for(plan, setup), DEPOT.tasks[0], DEPOT.environment(DEPOT.tasks[0])).messages

    assert [one["role"] for one in anyio.run(opening)] == ["user"]
