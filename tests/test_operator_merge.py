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


def merged(*tools: Tool, subject: str) -> tuple[Tool, dict[str, str]]:
    class Made(Desk):
        pass

    Made.tools = tools
    setup = Setup.of(Made())
    plan = Merge.plan(setup, SeededPick(1), 1.0)
    assert isinstance(plan, Merge)
    name = next(name for name in plan.tools if subject in name.lower())
    shown = lens_for(plan, setup).setup.by_name[name]
    return shown, plan.tools[name].actions


def test_an_action_is_called_by_its_own_name_even_where_that_was_a_tools() -> None:
    tools = [Tool(name=name, description=text) for name, text in (("ask", "Ask"), ("bid", "Bid after `ask`."), ("cut", "切"))]
    shown, actions = merged(*tools, subject="general")
    selector = next(iter(shown.parameters["properties"]))
    assert list(actions) == ["ask", "bid", "cut"]
    assert shown.description == (
        f"Does one of several things, chosen by `{selector}`:\n- `ask`: Ask.\n"
        f'- `bid`: Bid after `{shown.name}({selector}="ask")`.\n- `cut`: 切.'
    )


def test_descriptions_of_several_lines_stay_under_their_action() -> None:
    long = Tool(
        name="get_note",
        description="Get a note.\n\nReturns:\n    The note",
        parameters={"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
    )
    shown, _ = merged(long, Tool(name="delete_note", description="Delete"), subject="note")
    assert shown.description.endswith("- `get`: Get a note.\n\n  Returns:\n      The note\n  Needs `id`.\n- `delete`: Delete.")


def test_names_are_in_the_style_of_the_house_whatever_joins_their_words() -> None:
    shown, actions = merged(Tool(name="getStory"), Tool(name="listStories"), Tool(name="getStoryWithComments"), subject="stor")
    assert shown.name in ("manageStory", "storyOperations", "storyApi")
    assert actions == {"get": "getStory", "list": "listStories", "get_with_comments": "getStoryWithComments"}


def test_an_action_says_what_is_done() -> None:
    _, actions = merged(Tool(name="git_branch"), Tool(name="git_create_branch"), Tool(name="get_branch_by"), subject="branch")
    assert actions == {"git_branch": "git_branch", "git_create": "git_create_branch", "get_branch_by": "get_branch_by"}
