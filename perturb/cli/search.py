"""`perturb search`: the smallest perturbation that breaks an agent."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.budget import Budget, read_budget
from perturb.cli.model_options import model_options, settings_of
from perturb.cli.options import (
    Configured,
    Finite,
    chosen_operators,
    command_line,
    json_option,
    operators_option,
    preset_option,
    runs_option,
    store_option,
    task_option,
    toolset_option,
)
from perturb.cli.program_options import program_of, program_options

if TYPE_CHECKING:
    from perturb.evaluation import Request
    from perturb.search.telling import Told

EXAMPLES = """\b
Examples:
  perturb search --agent mine.py:agent                             anything that breaks it, within 200 episodes
  perturb search --agent mine.py --operators 'arguments.*' --task 12
  perturb search --agent chat:MODEL --budget 400,5usd              a model, and what it may cost
  perturb search --agent-command 'node agent.js' --toolset mine.py    a program that runs the tools of mine.py itself
  perturb replay perturb-plans/FOUND.json --agent mine.py:agent    what was found, again
"""
EPISODES = "200"
PLANS = "perturb-plans"


class SearchBudget(Budget):
    """A budget, of which a bare number is in episodes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = ",".join(f"{part.strip()}episodes" if part.strip().isdigit() else part for part in str(value).split(","))
        return super().convert(text, param, ctx)


@click.command("search", cls=Configured, epilog=EXAMPLES, short_help="Find the smallest perturbation that breaks an agent.")
@click.option(
    "-a", "--agent", default="reader", show_default=True, metavar="NAME|FILE.py[:FUNCTION]|MODULE:FUNCTION",
    help="The agent: a short name (perturb list agents), or your own function.",
)  # fmt: skip
@program_options
@toolset_option
@operators_option
@preset_option
@task_option
@click.option(
    "--budget", type=SearchBudget(), multiple=True, default=(EPISODES,), show_default=True, metavar="N|AMOUNT",
    help="What the search may take: a number of episodes, or as for perturb run: 10min, 200ktokens, 5usd, with commas.",
)  # fmt: skip
@click.option("--seed", type=int, default=7, show_default=True, help="Where every choice of the search comes from.")
@click.option("--concurrency", type=click.IntRange(min=1), default=4, show_default=True, help="Episodes under way at once.")
@click.option("--timeout", type=Finite(min=0, min_open=True), default=120.0, show_default=True, help="Seconds for one episode.")
@click.option("--max-calls", type=click.IntRange(min=1), default=100, show_default=True, help="Calls in one episode.")
@click.option(
    "--plans", type=click.Path(file_okay=False), default=PLANS, show_default=True, help="The folder for the plan that is found."
)
@runs_option
@store_option
@model_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, as_json: bool, plans: str, **chosen: Any) -> None:
    """Find the smallest perturbation that breaks an agent.

    Plans of rising size are tried, each proven solvable first. What fails is repeated, halved until nothing can be left out,
    and confirmed on fresh pairs of clean and perturbed episodes, so that bad luck is reported in at most 1 of 100 searches.
    What is found goes into a file that perturb replay and pytest run again. The same command goes on where the last one was
    stopped; no episode is run twice. With every operator ("*"), those that withhold or mislead are left out: name them to have
    them tried.

    Exit status: 0 nothing found, 1 a break was found, 2 the configuration is wrong, 3 stopped, or a suspicion that the budget
    did not suffice to confirm.
    """
    import anyio

    from perturb.agent import EndOfRun
    from perturb.cli.progress import RunProgress
    from perturb.evaluation import prepare
    from perturb.search import search
    from perturb.search.telling import tell

    request = _request(ctx, chosen)

    async def job(progress: RunProgress) -> Told:
        def report(phase: str, used: int, total: int | None, words: str) -> None:
            progress.step(phase, used, total or used, words)

        prepared = await prepare(request)
        return await tell(prepared, await search(prepared, report), Path(plans))

    with RunProgress() as progress:
        try:
            told = anyio.run(job, progress)
        except EndOfRun as end:
            raise end.__cause__ or end from None
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(told.to_json()), indent=2).decode())
    else:
        _print(told)
    _remark(told, request)
    ctx.exit(told.status)


def _request(ctx: click.Context, chosen: dict[str, Any]) -> Request:
    from perturb.errors import ConfigurationError
    from perturb.evaluation import Request
    from perturb.planning import Design, Limits

    program = program_of(ctx)
    if program is not None and program.tasks is not None:
        raise ConfigurationError(
            "a search proves each plan before it is tried, and nobody knows how the tasks of a file are solved; name with "
            "--toolset the toolset whose tools the program runs"
        )
    return Request(
        agent=chosen["agent"],
        toolset=chosen["toolset"],
        operators=chosen_operators(ctx),
        tasks=tuple(chosen["task"]),
        design=Design(seed=chosen["seed"]),
        limits=Limits(
            max_calls=chosen["max_calls"],
            timeout=chosen["timeout"],
            concurrency=chosen["concurrency"],
            **read_budget(chosen["budget"]),  # type: ignore[arg-type]
        ),
        folder=Path(chosen["out"]),
        store=Path(chosen["store"]) if chosen["store"] else None,
        model=settings_of(ctx, chosen),
        program=program,
        command=command_line(ctx, but=frozenset({"as_json"})),
    )


def _print(told: Told) -> None:
    from rich.text import Text

    from perturb.cli.console import output
    from perturb.cli.show import print_changes, summary_of
    from perturb.cli.trajectories import print_side_by_side
    from perturb.operator.parts import members
    from perturb.rendering.wording import count

    console = output()
    searched = told.searched
    took = f"{count(searched.episodes, 'episode')}, {count(searched.tried, 'plan')} tried"
    if searched.operator is None:
        console.print(Text(f"nothing found · {took}", style="bold"))
        return
    if not searched.found:
        console.print(Text("suspected, and not confirmed:", style="yellow"))
    console.print(Text(searched.sentence, style="bold"), soft_wrap=True)
    if searched.found:
        level = f"told from chance at a level of {searched.error:.3g}"
        for member in members(searched.operator):
            console.print(Text(f"{member.id}: {summary_of(type(member))}", style="dim"), soft_wrap=True)
        console.print(Text(f"{searched.operator.kind} · proven solvable · {level} · {took}", style="dim"), soft_wrap=True)
    console.print()
    console.print(Text("what the agent saw", style="bold"))
    print_changes(console, told.sections)
    if told.clean is not None and told.perturbed is not None:
        console.print()
        console.print(Text("what it did", style="bold"))
        print_side_by_side(console, told.clean, told.perturbed)
    if told.plan_file is not None:
        console.print()
        path = quote(str(told.plan_file))
        console.print(Text(f"plan  {path}\n      perturb replay {path}\n      pytest --perturb-replay {path}"), soft_wrap=True)


def _remark(told: Told, request: Request) -> None:
    """Why a search has ended without an answer, and what else must not be missed, on standard error."""
    searched = told.searched
    for fault in searched.faults[:3]:
        click.echo(f"fault of ours, left out: {fault[:600]}", err=True)
    if len(searched.faults) > 3:
        click.echo(f"  and {len(searched.faults) - 3} more; --json has them", err=True)
    if searched.not_proven:
        click.echo(
            f"{len(searched.not_proven)} tasks are left out, since they have no gold calls that pass their check: "
            f"{', '.join(searched.not_proven[:12])}",
            err=True,
        )
    reasons = {
        "exhausted": "every plan that these operators make for these tasks was tried",
        "nothing to lose": "the agent passes none of these tasks clean in half of its episodes, so it has nothing to lose",
    }
    if searched.found:
        if not searched.smallest:
            click.echo(
                "the budget did not suffice to make it as small as can be: give more, and run the same command", err=True
            )
        return
    click.echo(reasons.get(searched.ended, searched.why), err=True)
    if searched.ended in ("budget", "interrupted", "infrastructure"):
        more = " with a larger budget" if searched.ended == "budget" else ""
        click.echo(f"the same command{more} goes on, and runs no episode twice: {request.command}", err=True)
