"""`perturb show`: what a perturbation does, before and after."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.options import Configured, Finite, json_option, toolset_option

if TYPE_CHECKING:
    from rich.console import Console

    from perturb.demonstration import Section
    from perturb.operator import NotApplicable, Operator
    from perturb.replay import Gold
    from perturb.toolset import Task

EXAMPLES = """\b
Examples:
  perturb show tools.synonym
  perturb show vendor-swap --task cancel-insured
  perturb show results.paginate --toolset agentdojo:banking --tool get_most_recent_transactions
  perturb show reports/runs/24eada/plans/tools.opaque-12-0.json --markdown
"""


@click.command("show", cls=Configured, epilog=EXAMPLES, short_help="Show a perturbation before and after, as a diff.")
@click.argument("what", metavar="OPERATOR|PRESET|PLAN.json")
@toolset_option
@click.option("--tool", default=None, metavar="NAME", help="The tool to show, by the toolset's own name.")
@click.option("--task", default=None, metavar="ID", help="The task to take the gold call from.")
@click.option("--intensity", type=Finite(0.0, 1.0), default=1.0, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, what: str, tool: str | None, markdown: bool, as_json: bool, **chosen: Any) -> None:
    """Show what an agent saw before and what it sees now under an operator, a preset, or the plan in a file.

    The prompts, a tool, a call with its result, and an error that was provoked, as a diff. The call is one of the gold calls;
    of a tool that none of them uses, one is made up from its schema. Lines with - are the toolset's own, lines with + are
    what the agent is shown in their place.
    """
    import anyio

    from perturb.demonstration import demonstrate
    from perturb.errors import ConfigurationError, nearest
    from perturb.loading import load_toolset
    from perturb.operator import Operator, Stack
    from perturb.plan_files import PlanFile, read_plan_file
    from perturb.replay import Gold

    record = read_plan_file(Path(what)) if what.endswith(".json") else PlanFile(plan=None)
    named = ctx.get_parameter_source("toolset") is click.core.ParameterSource.COMMANDLINE
    spec = chosen["toolset"] if named or record.toolset is None else record.toolset
    toolset = load_toolset(spec)
    names = [one.name for one in toolset.tools]
    if tool is not None and tool not in names:
        raise ConfigurationError(f"toolset {spec!r} has no tool {tool!r}; {nearest(tool, names)}")
    task_id = chosen["task"] or record.task
    tasks = [toolset.task(task_id)] if task_id else list(toolset.tasks)
    gold = Gold(toolset)
    named_as, drawn = _drawn(gold, what, record.plan, tasks, chosen)
    if not isinstance(drawn, Operator):
        raise ConfigurationError(f"{what} does not apply to {spec}: {_reason(drawn)}")
    sections = anyio.run(demonstrate, gold, drawn, tasks, tool)
    told = {
        "operator": named_as.id,
        "axis": "mixed" if named_as is Stack else named_as.axis,
        "kind": drawn.kind,
        "toolset": spec,
        "plan": drawn.to_json(),
    }
    if as_json:
        import msgspec

        told["sections"] = msgspec.to_builtins(sections)
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    elif markdown:
        _print_markdown(told, named_as, sections)
    else:
        _print(told, named_as, sections)


def _drawn(
    gold: Gold, what: str, plan: Any, tasks: list[Task], chosen: dict[str, Any]
) -> tuple[type[Operator], Operator | NotApplicable]:
    """What is to be shown, as it is named, and the plan of it."""
    from perturb.operators import by_id, from_json
    from perturb.planning import Design, draw

    if what.endswith(".json"):
        operator = from_json(plan)
        return type(operator), operator
    design = Design(seed=chosen["seed"], intensity=chosen["intensity"])
    if not tasks:
        from perturb.toolset import Task

        tasks = [Task(id="", prompt="")]
    from perturb.operators.presets import PRESETS

    mixtures = PRESETS[what].mixtures if what in PRESETS else (what,)
    if len(mixtures) > 1:
        from perturb.errors import ConfigurationError

        raise ConfigurationError(f"preset {what!r} has several mixtures; name one of {', '.join(mixtures)}")
    named = by_id(mixtures[0])
    return named, draw(named, gold.setup, tasks[0], 0, design)


def _reason(drawn: NotApplicable) -> str:
    from perturb.operator import REASONS

    return f"{REASONS[drawn.reason]}{' (' + drawn.detail + ')' if drawn.detail else ''}"


def summary_of(operator: type[Operator]) -> str:
    """What an operator does, in a sentence."""
    return " ".join((operator.__doc__ or "").strip().partition("\n\n")[0].split())


def diff(section: Section) -> Iterator[str]:
    """The lines of a section: those that went with `-`, those that came with `+`, three of the others around them."""
    lines = difflib.unified_diff(section.before.splitlines(), section.after.splitlines(), lineterm="", n=3)
    for number, line in enumerate(lines):
        if number >= 2:  # the names of two files come first, and there are none
            yield "  …" if line.startswith("@@") else f"{line[0]} {line[1:]}"


def _unchanged(sections: list[Section]) -> list[str]:
    return [one.title for one in sections if one.before == one.after]


def print_changes(console: Console, sections: Sequence[Section]) -> None:
    """Print each section that differs as a diff."""
    from rich.text import Text

    for section in sections:
        if section.before == section.after:
            continue
        console.print()
        console.print(Text(section.title, style="bold"))
        for line in list(diff(section))[1:]:
            style = {"-": "red", "+": "green"}.get(line[0], "dim")
            console.print(Text(line, style=style), soft_wrap=True)


def _print(told: dict[str, Any], operator: type[Operator], sections: list[Section]) -> None:
    from rich.text import Text

    from perturb.cli.console import output

    console = output()
    console.print(Text(f"{told['operator']} · {told['axis']} · {told['kind']} · on {told['toolset']}", style="bold"))
    console.print(Text(summary_of(operator), style="dim"))
    print_changes(console, sections)
    unchanged = _unchanged(sections)
    if unchanged:
        console.print()
        console.print(Text(f"unchanged: {', '.join(unchanged)}", style="dim"))


def _print_markdown(told: dict[str, Any], operator: type[Operator], sections: list[Section]) -> None:
    click.echo(f"### `{told['operator']}` on `{told['toolset']}`\n\n{summary_of(operator)}")
    for section in sections:
        if section.before != section.after:
            body = "\n".join(list(diff(section))[1:])
            fence = "`" * max(3, 1 + max((len(run) for run in body.split() if set(run) == {"`"}), default=0))
            click.echo(f"\n**{section.title}**\n\n{fence}diff\n{body}\n{fence}")
    unchanged = _unchanged(sections)
    if unchanged:
        click.echo(f"\nUnchanged: {', '.join(unchanged)}.")
