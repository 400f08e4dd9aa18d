"""`perturb replay`: one task clean and under one plan, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.model_options import model_options, settings_of
from perturb.cli.options import Configured, Finite, json_option
from perturb.cli.program_options import program_of, program_options

if TYPE_CHECKING:
    from perturb.replaying import Replayed

EXAMPLES = """\b
Examples:
  perturb replay reports/runs/24eada/plans/tools.opaque-12-0.json          as the run had it
  perturb replay PLAN.json --agent mine.py:agent --trials 5                another agent, five times
  perturb replay PLAN.json --agent-command 'node agent.js' --tasks tasks.jsonl     a program, as perturb run starts it
  perturb replay PLAN.json --gold                                          the gold calls alone, without an agent
"""


@click.command("replay", cls=Configured, epilog=EXAMPLES, short_help="Run one task clean and under one plan, side by side.")
@click.argument("plan", metavar="PLAN.json", type=click.Path(dir_okay=False))
@click.option("-a", "--agent", default=None, metavar="AGENT", help="In place of the agent that the file names.")
@program_options
@click.option("-t", "--toolset", default=None, metavar="TOOLSET", help="In place of the toolset that the file names.")
@click.option("--task", default=None, metavar="ID", help="In place of the task that the file names.")
@click.option("--trials", type=click.IntRange(min=1), default=1, show_default=True, help="Episodes of each arm.")
@click.option("--timeout", type=Finite(min=0, min_open=True), default=120.0, show_default=True)
@click.option("--max-calls", type=click.IntRange(min=1), default=100, show_default=True)
@model_options
@click.option("--gold", is_flag=True, help="Carry the gold calls through, and run no agent.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, plan: str, as_json: bool, gold: bool, **chosen: Any) -> None:
    """Run one task clean and under the plan in a file, and show both trajectories with the first step where they part.

    A run writes such a file for each of its failures. A bare plan ({"op": …}) takes --toolset and --task beside it.

    Exit status 1 if more clean episodes pass than perturbed ones; with --gold, if the task is not solvable.
    """
    import anyio

    from perturb.agent import EndOfRun
    from perturb.errors import ConfigurationError
    from perturb.models.settings import read_settings
    from perturb.plan_files import read_plan_file
    from perturb.planning import Limits
    from perturb.replaying import Replay, replay

    record = read_plan_file(Path(plan))
    program = program_of(ctx, toolset_named=record.toolset is not None)
    if program is not None and gold:
        raise ConfigurationError("--gold runs no agent, and --agent-command names one; leave one of them out")
    given = {
        name: chosen[name] if _on_line(ctx, name) or getattr(record, name) is None else getattr(record, name)
        for name in ("agent", "toolset", "task")
    }
    for name in ("toolset", "task"):
        if given[name] is None and not (name == "toolset" and program is not None):
            raise ConfigurationError(f"{plan} holds a bare plan, which names no {name}; give one with --{name}")
    wanted = Replay(
        plan=record.plan,
        agent=None if gold else program.command if program is not None else given["agent"] or "reader",
        toolset=given["toolset"] if program is None or program.tasks is None else str(program.tasks),
        task=given["task"],
        trial=record.trial,
        seed=record.seed,
        trials=chosen["trials"],
        limits=Limits(timeout=chosen["timeout"], max_calls=chosen["max_calls"]),
        model=None if gold else settings_of(ctx, chosen) or (read_settings(record.model) if record.model else None),
        program=program,
    )
    try:
        replayed = anyio.run(replay, wanted)
    except EndOfRun as end:
        raise end.__cause__ or end from None
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(replayed.to_json()), indent=2).decode())
    else:
        _print(replayed)
    ctx.exit(replayed.status)


def _on_line(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _print(replayed: Replayed) -> None:
    from rich.text import Text

    from perturb.cli.console import output
    from perturb.cli.trajectories import print_side_by_side

    console = output()
    told = replayed.request
    operator = told.plan["op"] if told.plan else "no operator"
    who = f"agent {told.agent}" if told.agent else "the gold calls"
    console.print(Text(f"{told.toolset} · task {told.task} · {operator} · {who}", style="bold"))
    console.print(Text(f"proof: {replayed.proof.status} {replayed.proof.reason} {replayed.proof.detail}".rstrip(), style="dim"))
    print_side_by_side(console, replayed.clean[0], replayed.perturbed[0])
    if told.trials > 1:
        console.print(
            f"clean {replayed.passed('clean')} of {told.trials}, perturbed {replayed.passed('perturbed')} of {told.trials}"
        )
