"""`perturb compare`: two runs as a difference of drops."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perturb.cli.options import Configured, json_option, named_run, runs_option, store_option

if TYPE_CHECKING:
    from perturb.comparing import Compared
    from perturb.store import Store

EXAMPLES = """\b
Examples:
  perturb compare 24e 9b0                          two runs, by the beginnings of their names
  perturb compare literal reader                   two agents, or models, by the latest run of each
  perturb compare agents/mine.py agents/mine.py    one agent: the run before its latest, and the latest
  perturb compare 24e 9b0 --with other.sqlite      the second of them from another store
"""
MOST = 12


@click.command("compare", cls=Configured, epilog=EXAMPLES, short_help="Two runs as a difference of drops.")
@click.argument("first")
@click.argument("second")
@click.option("--with", "other", type=click.Path(dir_okay=False), default=None, help="The store of the second run, if another.")
@runs_option
@store_option
@json_option
def command(first: str, second: str, other: str | None, out: str, store: str | None, as_json: bool) -> None:
    """Compare two stored runs over the tasks and operators that both have. Each is named by the beginning of its name, or by
    its agent, which means that agent's latest run; one agent named twice means its last two runs, the older first.

    Says which of them loses less, by the difference of their drops with its interval, what each retains, which pairs flipped
    which way, and what is not alike in the two. No episode is run.
    """
    import msgspec

    from perturb.comparing import compare_runs
    from perturb.errors import ConfigurationError
    from perturb.store import Store

    paths = [Path(store or Path(out) / "episodes.sqlite")]
    paths.append(Path(other) if other else paths[0])
    for path in paths:
        if not path.is_file():
            raise ConfigurationError(f"there is no store {path}, so no run; `perturb run` makes one, --store names another")
    with Store(paths[0]) as mine, Store(paths[1]) as theirs:
        twice = first == second and paths[0] == paths[1]
        got = compare_runs((mine, _named(mine, first, before=twice)), (theirs, _named(theirs, second)))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(got), indent=2).decode())
        return
    _tell(got)


def _named(opened: Store, name: str, before: bool = False) -> str:
    """The run of a name: of that agent the latest, or the one `before` it; else the one run whose name begins so."""
    from perturb.errors import ConfigurationError

    of_agent: list[str] = [run for run, _, header in opened.runs() if header["header"]["agent"] == name]
    if not of_agent:
        return named_run(opened, name)
    if before and len(of_agent) == 1:
        raise ConfigurationError(
            f"{name!r} has one run in {opened.path}, {of_agent[0]}, and there is nothing to compare it with; "
            "run the agent's next version, or name another agent or run"
        )
    return of_agent[before]


def _tell(got: Compared) -> None:
    from perturb.rendering.wording import MINUS, count, interval, kept_ends, p_value, percent, points

    a, b = got.runs
    width = max(len(side.agent) for side in got.runs)
    click.echo(f"{count(got.tasks, 'task')}, {count(len(got.operators), 'operator')}, {count(got.pairs, 'pair')} of both runs")
    for side in got.runs:
        ends = {"low": side.retention_interval[0], "high": side.retention_interval[1]}
        kept = "" if side.retention is None else f"   retained {percent(side.retention)} {kept_ends(ends)}"
        click.echo(
            f"  {side.run}  {side.agent:<{width}}  clean {percent(side.clean):>7}  perturbed {percent(side.perturbed):>7}  "
            f"drop {points(side.drop):>5} {interval(side.interval)}{kept}"
        )
    told = f"{points(got.difference)} points {interval(got.interval)}, {p_value(got.p_value)}"
    click.echo(f"difference of drops, {a.run} {MINUS} {b.run}: {told}")
    click.echo(f"  {_said(got)}")
    for row in got.operators[:MOST]:
        drops = f"{points(row.drops[0])} against {points(row.drops[1])}"
        click.echo(
            f"  {row.operator:<28} {drops:<20} {points(row.difference):>6} {interval(row.interval)}  {p_value(row.p_adjusted)}"
        )
    if len(got.operators) > MOST:
        click.echo(f"  and {len(got.operators) - MOST} more operators with --json")
    for better, side in enumerate(got.runs):
        flips = [flip for flip in got.flips if flip.better == better]
        if flips:
            click.echo(f"{count(len(flips), 'pair')} that only {side.run} ({side.agent}) mostly passes:")
        for flip in flips[:MOST]:
            passed = f"{flip.passed[0]} against {flip.passed[1]}"
            click.echo(f"  task {flip.task}, {flip.operator or 'clean'}: {passed}")
        if len(flips) > MOST:
            click.echo(f"  and {len(flips) - MOST} more with --json")
    if got.same_plans < got.pairs:
        click.echo(f"caution: only {got.same_plans:,} of {count(got.pairs, 'pair')} had the same perturbation", err=True)
    for caution in got.cautions:
        click.echo(f"caution: {caution}", err=True)


def _said(got: Compared) -> str:
    a, b = got.runs
    if got.interval[0] > 0:
        return f"{a.run} loses more than {b.run}"
    if got.interval[1] < 0:
        return f"{a.run} loses less than {b.run}"
    return "neither can be told to lose more than the other"
