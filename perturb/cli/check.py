"""`perturb check`: prove a toolset solvable under every operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perturb.cli.options import (
    Configured,
    Finite,
    chosen_operators,
    json_option,
    operators_option,
    preset_option,
    runs_option,
    task_option,
    toolset_option,
)

if TYPE_CHECKING:
    from rich.console import Console

    from perturb.checking import CheckRequest
    from perturb.findings import Broken, Checked, Row

EXAMPLES = """\b
Examples:
  perturb check                                                   the airline toolset, every operator
  perturb check --toolset mine.py --operators 'results.*'         your own, some operators
  perturb check --preset api-v2 --laws                            a mixture, and the laws of operators
  perturb check -t agentdojo:banking --intensity 0.3 --intensity 1 --seeds 3 --stacks 200 --laws --jobs 2
"""
MOST_SHOWN = 20


@click.command("check", cls=Configured, epilog=EXAMPLES, short_help="Prove a toolset solvable under every operator.")
@toolset_option
@operators_option
@preset_option
@task_option
@click.option(
    "--intensity", type=Finite(0.0, 1.0), multiple=True, default=(1.0,), show_default=True,
    help="May be given several times.",
)  # fmt: skip
@click.option("--seed", type=int, default=7, show_default=True, help="The first seed.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="How many seeds, from --seed on.")
@click.option(
    "--stacks", type=click.IntRange(min=0), default=0, show_default=True,
    help="How many random stacks of two to five operators to prove too.",
)  # fmt: skip
@click.option("--laws", is_flag=True, help="Hold every plan to the laws of operators too.")
@click.option(
    "--jobs", type=click.IntRange(min=1), default=None,
    help="Processes that share the work; in long runs one for each processor.",
)  # fmt: skip
@runs_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    toolset: str,
    operators: tuple[str, ...],
    preset: tuple[str, ...],
    task: tuple[str, ...],
    intensity: tuple[float, ...],
    seed: int,
    seeds: int,
    stacks: int,
    laws: bool,
    jobs: int | None,
    out: str,
    as_json: bool,
) -> None:
    """Prove every task of a toolset solvable under every operator, by carrying its gold calls through; no agent is needed.

    A plan is drawn for each task, seed and intensity, the same that `perturb run` draws. It either does not apply, for a
    reason that is told, or it applies and is solvable, unsolvable, or not proven where a task has no gold calls. `plans`,
    `applicable` and `solvable` count plans, `tasks` counts the tasks with a plan that applies.

    Exit status 1 if anything is unsolvable or a law is broken, 3 if nothing could be proven.
    """
    from perturb.checking import CheckRequest, check
    from perturb.cli.console import output
    from perturb.cli.progress import RunProgress

    request = CheckRequest(
        toolset=toolset,
        operators=chosen_operators(ctx),
        tasks=tuple(task),
        intensities=tuple(dict.fromkeys(intensity)),
        seed=seed,
        seeds=seeds,
        stacks=stacks,
        laws=laws,
        folder=Path(out),
    )
    with RunProgress() as progress:
        checked = check(request, jobs=jobs, report=lambda done, pieces: progress.step("checking", done, pieces))
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(checked.to_json()), indent=2).decode())
    else:
        _print(checked, output(), request)
    if checked.done < checked.pieces:
        click.echo(f"interrupted; {checked.done} of {checked.pieces} pieces of the work are done, and told above", err=True)
        ctx.exit(3 if checked.holds else 1)
    if not checked.plans:
        click.echo(f"nothing was checked: no task of {toolset} has gold calls that pass its own check", err=True)
        ctx.exit(3)
    if checked.holds and checked.proven_nothing:
        click.echo(f"nothing was proven: no task of {toolset} that was checked has gold calls", err=True)
        ctx.exit(3)
    ctx.exit(0 if checked.holds else 1)


def _print(checked: Checked, console: Console, request: CheckRequest) -> None:
    from rich.table import Table
    from rich.text import Text

    from perturb.rendering.wording import count, duration

    words = [checked.toolset, count(checked.tasks, "task"), count(len({row.id for row in checked.operators}), "operator")]
    console.print(Text(" · ".join(words), style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    names = ["operator", "kind", "tasks", "plans", "applicable", "solvable", "unsolvable", "left out"]
    # A column of noughts, or one that a narrow screen has no room for, would break the reasons over several lines.
    if not any(row.unsolvable for row in checked.rows.values()):
        names.remove("unsolvable")
    for name, least in (("plans", 94), ("kind", 87)):
        if console.width < least:
            names.remove(name)
    for name in names:
        in_words = name in ("operator", "kind", "left out")
        table.add_column(name, justify="left" if in_words else "right", no_wrap=name == "operator")
    for row in checked.rows.values():
        cells: dict[str, str | Text] = {
            "operator": Text("random stacks" if row.id == "stack" else row.id),
            "kind": row.kind,
            "tasks": f"{len(row.tasks):,}",
            "plans": f"{row.plans:,}",
            "applicable": f"{row.applicable:,}",
            "solvable": f"{row.solvable:,}",
            "unsolvable": Text(f"{len(row.unsolvable):,}", style="bold red" if row.unsolvable else ""),
            "left out": _left_out(row),
        }
        table.add_row(*(cells[name] for name in names))
    console.print(table)
    for title, found in (
        ("unsolvable", [(row, one) for row in checked.rows.values() for one in row.unsolvable]),
        ("broken laws", [(row, one) for row in checked.rows.values() for one in row.violations]),
    ):
        if found:
            _print_broken(console, title, found, request)
    if request.laws and not any(row.violations for row in checked.rows.values()):
        console.print("no law is broken")
    console.print(
        f"floor: a silent agent passes {checked.floor.silent} of {count(checked.tasks, 'task')}, "
        f"one that only states the answer {checked.floor.answer_only}"
    )
    for words_for, ids in (
        ("vacuous, since a silent agent passes them", list(checked.floor.vacuous)),
        ("their own gold calls fail their own check, so they are left out", checked.gold_fails_clean),
        ("without gold calls, so nothing is proven", checked.not_proven_tasks),
    ):
        if ids:
            console.print(Text(f"{count(len(ids), 'task')}: {words_for}: {', '.join(ids)}"))
    solvable = sum(row.solvable for row in checked.rows.values())
    applicable = sum(row.applicable for row in checked.rows.values())
    console.print(f"{solvable:,} of {count(applicable, 'plan')} solvable · {duration(checked.seconds)}", style="bold")


def _left_out(row: Row) -> str:
    words = [f"{number:,} {reason.replace('_', ' ')}" for reason, number in sorted(row.not_applicable.items())]
    return ", ".join(words + ([f"{row.not_proven:,} not proven"] if row.not_proven else []))


def _print_broken(console: Console, title: str, found: list[tuple[Row, Broken]], request: CheckRequest) -> None:
    """Once for each operator and law, with the smallest example of it and its plan in a file."""
    from rich.text import Text

    from perturb.findings import findings
    from perturb.plan_files import PlanFile, write_plan_file
    from perturb.rendering.wording import count
    from perturb.types import digest

    console.print(f"{title}: {len(found):,}", style="bold red")
    told = findings((row.id, one) for row, one in found)
    files: set[Path] = set()
    for operator, times, tasks, smallest in told[:MOST_SHOWN]:
        words = f"{operator}: {smallest.what}"
        if times > 1:
            words += f", {times:,} times" + (f" in {count(len(tasks), 'task')}" if tasks else "") + ", the smallest"
        if smallest.task is not None:
            words += f" in task {smallest.task}" if times > 1 else f", task {smallest.task}"
        console.print(Text(f"  {words}: {smallest.example}"), soft_wrap=True)
        if isinstance(smallest.plan, dict):
            file = request.folder / "plans" / f"{digest(smallest.plan)}.json"
            if file not in files:
                files.add(file)
                record = PlanFile(plan=smallest.plan, toolset=request.toolset, task=smallest.task, seed=request.seed)
                write_plan_file(file, record)
                console.print(Text(f"    perturb show {file}", style="dim"), soft_wrap=True)
    if len(told) > MOST_SHOWN:
        console.print(f"  and {len(told) - MOST_SHOWN:,} more: --json tells them all")
