"""Whatever is renamed is renamed in what users say and in the system prompt too, in whatever words these come.

Over the 82 prompts of airline and the 97 of AgentDojo, as they are and with mentions of tools and arguments put into them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import msgspec
import pytest
from examples import seeds
from said import EACH

from perturb import laws
from perturb.loading import load_toolset
from perturb.mentions import looks_like_identifier, mentioned
from perturb.operator import SeededPick, Setup, Stack, StackLens, lens_for
from perturb.operators import by_id
from perturb.toolset import Toolset

RENAMING = (
    *("tools.synonym", "tools.vendor_style", "tools.prefix", "tools.opaque", "tools.case_style", "tools.abbreviate"),
    *("arguments.synonym", "arguments.case_style", "arguments.recode_enum", "environment.entities", "toolset.merge"),
)
SAYING = (
    *("user.paraphrase", "user.reorder", "user.over_turns", "user.style", "user.typos", "user.irrelevant_context"),
    *("system.markup", "system.reorder", "system.role", "system.persona", "system.preamble"),
)


def mentioning(toolset: Toolset) -> Toolset:
    """The same toolset, whose prompts tell of tools and arguments: in code marks, quotes, and bare."""
    made = copy.copy(toolset)
    made.__dict__.pop("_setup", None)
    tools = toolset.tools
    said = []
    for place, task in enumerate(toolset.tasks):
        tool, other = tools[place % len(tools)], tools[(place + 1) % len(tools)]
        argument = next(iter(tool.parameters["properties"]), None)
        takes = f" It takes the argument '{argument}'." if argument else ""
        prompt = f"{task.prompt} The tool `{tool.name}` is at hand.{takes} I know {other.name}() too. I'm Ada Byron."
        said.append(msgspec.structs.replace(task, prompt=prompt))
    made.tasks = tuple(said)
    made.system = f"{toolset.system}\n\nNever call `{tools[0].name}` twice.\n\nAsk **{tools[1].name}** first."
    return made


def stacks(setup: Setup) -> Iterator[tuple[int, StackLens]]:
    """Random stacks of one to three operators that rename and two to four over what is said."""
    for seed in seeds(25):
        pick = SeededPick(seed, "coherent")
        renaming = pick.order("renaming", RENAMING)[: pick.integer("how many", 1, 3)]
        saying = pick.order("saying", SAYING)[: pick.integer("how many more", 2, 4)]
        order = pick.order("all", [*renaming, *saying])
        stack, _ = Stack.of([by_id(one) for one in order], setup, lambda one, seed=seed: SeededPick(seed, one), 1.0)
        yield seed, lens_for(stack, setup)


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_prompts_as_they_are(name: str) -> None:
    setup = Setup.of(load_toolset(name))
    for seed, lens in stacks(setup):
        turns = [text for turns in lens.setup.conversations for text in turns]
        assert [str(one) for one in laws.coherent(lens, turns)] == [], seed


@pytest.mark.parametrize("name", EACH)
@pytest.mark.slow
def test_prompts_with_mentions(name: str) -> None:
    setup = Setup.of(mentioning(load_toolset(name)))
    renamed = 0
    for seed, lens in stacks(setup):
        now = {place: tool.name for tool in lens.setup.tools if len(tool.stands_for) == 1 for place in tool.stands_for}
        conversations = zip(setup.conversations, lens.setup.conversations, strict=True)
        told = [("\n".join(before), "\n".join(after)) for before, after in conversations]
        told.append((setup.system, "\n".join([lens.setup.system, *lens.setup.conversations[0]])))
        assert [str(one) for one in laws.coherent(lens, [after for _, after in told])] == [], seed
        for before, after in told:
            for old in mentioned(setup.by_name, before):
                new = now.get(old)
                if new is None or not looks_like_identifier(new):
                    continue
                assert mentioned([new], after), (seed, old, new, after)
                if new != old:
                    renamed += 1
                    assert not mentioned([old], after) or old in now.values()
    assert renamed > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_people_bear_their_new_names_in_every_wording(name: str) -> None:
    setup = Setup.of(load_toolset(name))
    for seed in seeds(6):
        for other in SAYING:
            operators = [by_id("environment.entities"), by_id(other)]
            stack, left_out = Stack.of(operators, setup, lambda one, seed=seed: SeededPick(seed, one), 1.0)
            if left_out:
                continue
            lens = lens_for(stack, setup)
            gone = {one.name for one in lens.retired if one.namespace == "entity"}
            assert gone
            for turns in (*lens.setup.conversations, (lens.setup.system,)):
                found = {word for text in turns for word in gone if f" {word}" in f" {text}"}
                assert {word for word in found if any(word in one.split() for one in " ".join(turns).splitlines())} == set()
