"""Which tools are merged, and what the merged ones are called."""

from __future__ import annotations

from perturb.operator import SeededPick, Setup, lens_for
from perturb.operators.toolset.merge import Merge, Merged
from perturb.toolset import Toolset
from perturb.types import Call, Failure, Tool


class Desk(Toolset):
    """Many tools without a subject in common, and two whose subject is the name of a rest."""

    name = "desk"
    dumps_state = False
    tools = tuple(
        Tool(name=name, description=f"Tool {name}.")
        for name in ("ask", "bid", "cut", "dig", "eat", "fly", "get", "hug", "ink", "jot", "see_other", "tell_other")
    )


def test_every_chosen_tool_is_merged_into_one() -> None:
    for seed in range(5):
        plan = Merge.plan(Setup.of(Desk()), SeededPick(seed), 1.0)
        assert isinstance(plan, Merge)
        assert plan.places() == {tool.name for tool in Desk.tools}
        assert all(len(one.actions) <= 8 for one in plan.tools.values())


def test_no_merged_tool_is_numbered_while_there_are_words() -> None:
    class Plain(Desk):
        tools = Desk.tools[:10]

    plan = Merge.plan(Setup.of(Plain()), SeededPick(1), 1.0)
    assert isinstance(plan, Merge)
    assert len(plan.tools) == 2
    assert not any(character.isdigit() for name in plan.tools for character in name)


def test_an_action_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    merged = Merge(tools={"manage": Merged("action", {"ask": "ask", "bid": "bid"})})
    lens = lens_for(merged, Setup.of(Desk()))
    for arguments in ({"action": "cut"}, {}, {"action": ["ask"]}):
        read = lens.read_call(Call("manage", arguments))
        assert isinstance(read, Failure)
        assert read.message == "Invalid argument for manage: 'action' is not accepted. Give one of `ask`, `bid`."
