"""`perturb run`: the main job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.budget import Budget, read_budget
from perturb.cli.model_options import model_options, settings_of
from perturb.cli.options import (
    OUT,
    Configured,
    Finite,
    chosen_operators,
    command_line,
    gate_of,
    gate_options,
    json_option,
    operators_option,
    preset_option,
    store_option,
    task_option,
    toolset_option,
)
from perturb.cli.program_options import program_of, program_options

if TYPE_CHECKING:
    from perturb.cli.dry_run import Foreseen
    from perturb.cli.verdict import Judged
    from perturb.evaluation import Evaluation, Prepared, Request

EXAMPLES = """\b
Examples:
  perturb run                                                  the reference agent on the airline toolset
  perturb run --agent mine.py:agent --operators 'tools.*'      your own agent, renamed tools only
  perturb run --agent mine.py --preset vendor-swap             another vendor's API, all of it at once
  perturb run --agent mine.py --gate 'drop<=10%'               a gate: stops as soon as the answer is certain
  perturb run --agent mine.py --trials 3 --max-drop 0.1        the same question to a run that is made whole
  perturb run --agent mine.py --design factorial               which axes carry the drop, and which two interact
  perturb run --agent mine.py --design pairwise -o 'tools.*'   which two operators break what each alone does not
  perturb run --agent mine.py --find-worst --budget 200episodes    the worst operator, confirmed on fresh episodes
  perturb run --agent mine.py --budget 10min,5usd --dry-run    what it would take, and nothing else
  perturb run --agent-command 'node agent.js' --tasks tasks.jsonl    a program in any language, with tools of its own
"""
LEAST_CLEAN = 2
USUAL_DOSES = "0.25,0.5,0.75,1"
SUMMARY = "GITHUB_STEP_SUMMARY"


@click.command("run", cls=Configured, epilog=EXAMPLES, short_help="Run an agent clean and perturbed, in pairs.")
@click.option(
    "-a", "--agent", default="reader", show_default=True, metavar="NAME|FILE.py[:FUNCTION]|MODULE:FUNCTION",
    help="The agent: a short name (perturb list agents), or your own function.",
)  # fmt: skip
@program_options
@toolset_option
@operators_option
@preset_option
@task_option
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Only the first so many tasks.")
@click.option(
    "--filter", metavar="EXPR", default="",
    help="Only these pairs, as 'axis:tools and not task:refund*': fields task, operator, axis, kind; globs; and, or, not, ().",
)  # fmt: skip
@click.option("--only-failed", is_flag=True, help="Only the pairs that failed in the last run of the same request.")
@click.option(
    "--shard", metavar="I/N", default=None,
    help="Only the I-th of N parts of the tasks; runs of all in one store are one run for perturb report.",
)  # fmt: skip
@click.option("--trials", type=click.IntRange(min=1), default=1, show_default=True, help="Perturbed episodes for each pair.")
@click.option(
    "--clean-trials", type=click.IntRange(min=1), default=None, show_default="trials · √operators, 2 for a deterministic agent",
    help="Clean episodes for each task, which all operators share.",
)  # fmt: skip
@click.option("--seed", type=int, default=7, show_default=True, help="Where every choice of a perturbation comes from.")
@click.option(
    "--intensity", type=Finite(0.0, 1.0), default=1.0, show_default=True,
    help="From 0, nothing is changed, to 1, all that can be.",
)  # fmt: skip
@click.option(
    "--dose", is_flag=False, flag_value=USUAL_DOSES, default=None, metavar="[INTENSITIES]",
    help=f"Run each operator at several intensities ({USUAL_DOSES}, or your own), and say how success falls with them.",
)  # fmt: skip
@click.option(
    "--design", type=click.Choice(["factorial", "pairwise"]), default=None,
    help="Lay operators over one another, and say which axes (or the few operators that are named) and which two of them carry "
    "the drop (factorial), or which two break together what each alone does not (pairwise).",
)  # fmt: skip
@click.option(
    "--find-worst", is_flag=True,
    help="Spend --budget (300episodes by default) where operators look worst, then confirm the worst on fresh episodes.",
)  # fmt: skip
@click.option(
    "--plan-scope", type=click.Choice(["pair", "run"]), default="pair", show_default=True,
    help="Draw a perturbation for each task and trial, or one for the whole run.",
)  # fmt: skip
@click.option("--concurrency", type=click.IntRange(min=1), default=8, show_default=True, help="Episodes under way at once.")
@click.option(
    "--jobs", type=click.IntRange(min=1), default=None,
    help="Processes that share the proofs, and the episodes of reference agents; in long runs one for each processor.",
)  # fmt: skip
@click.option("--timeout", type=Finite(min=0, min_open=True), default=120.0, show_default=True, help="Seconds for one episode.")
@click.option("--max-calls", type=click.IntRange(min=1), default=100, show_default=True, help="Calls in one episode.")
@click.option(
    "--budget", type=Budget(), multiple=True, metavar="AMOUNT",
    help="What the run may take: 100episodes, 10min, 200ktokens, 5usd, or several with commas.",
)  # fmt: skip
@click.option(
    "--max-drop", type=Finite(0.0, 1.0), default=None, metavar="FRACTION",
    help="A gate on the whole run: exit 0 if all of the drop's interval is at or below it, 1 if above it, else 3.",
)  # fmt: skip
@gate_options
@click.option(
    "--no-early-stop", is_flag=True,
    help="Run all that --gate has planned, also after the answer is certain; the answer is the same.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(file_okay=False), default=OUT, show_default=True, help="The folder of runs and their reports."
)
@store_option
@model_options
@click.option("--markdown", type=click.Path(dir_okay=False), default=None, help="Write the report as Markdown here too.")
@click.option("--junit", type=click.Path(dir_okay=False), default=None, help="Write the report as JUnit XML here too.")
@click.option(
    "--fresh", is_flag=True,
    help="Run finished episodes again; a model is asked anew only with --cache refresh beside it.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be run, and run nothing.")
@json_option
@click.pass_context
def command(
    ctx: click.Context, /, as_json: bool, dry_run: bool, max_drop: float | None, jobs: int | None, **chosen: Any
) -> None:
    """Run an agent clean and perturbed, in pairs, and say how much success it loses.

    First every task is proven solvable under every perturbation; then the episodes run. The report goes to the terminal and
    to report.html, report.json and report.md in the folder of the run. The same command again goes on where the last one
    ended, and runs nothing twice.
    """
    import anyio

    from perturb.agent import EndOfRun
    from perturb.cli.dry_run import foresee, tell_plan
    from perturb.cli.progress import RunProgress
    from perturb.errors import ConfigurationError
    from perturb.evaluation import Evaluation, evaluate, prepare
    from perturb.workers import ProcessWorkers

    request = _request(ctx, chosen)
    if request.gate is not None and max_drop is not None:
        raise ConfigurationError("--max-drop and --gate are two ways to ask for a gate; leave one of them out")
    if request.only_failed and max_drop is not None:
        raise ConfigurationError("the drop of pairs that were chosen for having failed is no gate; leave --max-drop out")
    if request.doses and max_drop is not None:
        raise ConfigurationError("a drop that is a mean over intensities is no gate; leave --max-drop or --dose out")
    if request.crossed and max_drop is not None:
        raise ConfigurationError("--design says what carries a drop, and is no gate; leave --max-drop or --design out")
    if not dry_run:
        _can_write(chosen)

    async def job(progress: RunProgress) -> tuple[Prepared, Evaluation | Foreseen]:
        prepared = await prepare(request)
        if dry_run:
            try:
                return prepared, await foresee(prepared, progress)
            finally:
                await prepared.agent.aclose()
        return prepared, await evaluate(prepared, progress, ProcessWorkers.worth(prepared, jobs))

    with RunProgress() as progress:
        try:
            prepared, made = anyio.run(job, progress)
        except EndOfRun as end:
            raise end.__cause__ or end from None
    if not isinstance(made, Evaluation):
        tell_plan(prepared, made, as_json)
        return
    ctx.exit(_finish(made, request, max_drop, as_json, chosen))


def _request(ctx: click.Context, chosen: dict[str, Any]) -> Request:
    from perturb.choosing import read_shard
    from perturb.dosing import read_doses
    from perturb.evaluation import Request
    from perturb.planning import Design, Limits

    program = program_of(ctx)
    return Request(
        agent=chosen["agent"],
        toolset=chosen["toolset"] if chosen["tasks"] is None else chosen["tasks"],
        operators=chosen_operators(ctx),
        tasks=tuple(chosen["task"]),
        limit=chosen["limit"],
        design=Design(
            seed=chosen["seed"],
            intensity=chosen["intensity"],
            trials=chosen["trials"],
            clean_trials=chosen["clean_trials"] or _clean_trials(chosen, chosen_operators(ctx)),
            plan_scope=chosen["plan_scope"],
        ),
        limits=Limits(
            max_calls=chosen["max_calls"],
            timeout=chosen["timeout"],
            concurrency=chosen["concurrency"],
            **read_budget(chosen["budget"]),  # type: ignore[arg-type]
        ),
        folder=Path(chosen["out"]),
        store=Path(chosen["store"]) if chosen["store"] else None,
        fresh=chosen["fresh"],
        filter=chosen["filter"],
        only_failed=chosen["only_failed"],
        shard=None if chosen["shard"] is None else read_shard(chosen["shard"]),
        doses=() if chosen["dose"] is None else read_doses(chosen["dose"]),
        crossed=chosen["design"],
        find_worst=chosen["find_worst"],
        model=settings_of(ctx, chosen),
        program=program,
        gate=gate_of(ctx, early_stop=not chosen["no_early_stop"]),
        command=command_line(ctx, but=frozenset({"as_json", "dry_run", "fresh", "markdown", "junit", "jobs"})),
    )


def _clean_trials(chosen: dict[str, Any], patterns: tuple[str, ...]) -> int:
    """The clean trials of a task where nobody has said how many: so many that comparing all operators with them is the surest;
    at least two, for a noise floor, which is all that an agent needs that always does the same, and a design, whose stacks are
    not compared with clean one by one."""
    from perturb.choosing import Choice
    from perturb.loading import find_agent, load_toolset
    from perturb.operators import select
    from perturb.statistics import clean_trials

    same = chosen["agent_command"] is None and find_agent(chosen["agent"]).deterministic
    if chosen["design"] or chosen["find_worst"] or same:
        return LEAST_CLEAN
    operators = select(patterns)
    if chosen["filter"].strip():
        operators = Choice(chosen["filter"]).operators(load_toolset(chosen["toolset"]).tasks, operators)
    return max(LEAST_CLEAN, clean_trials(chosen["trials"], len(operators)))


def _finish(evaluation: Evaluation, request: Request, max_drop: float | None, as_json: bool, chosen: dict[str, Any]) -> int:
    """Write and print the report; the exit status."""
    from perturb.cli.console import output
    from perturb.cli.verdict import judge
    from perturb.rendering import print_report, render_json

    data = evaluation.data
    page = _write(evaluation, chosen)
    judged = judge(data, max_drop)
    if as_json:
        click.echo(render_json(data))
    else:
        print_report(data, output(), report_path=str(page))
    _remark(evaluation, request, judged, max_drop, as_json)
    if evaluation.ended.how == "interrupted":
        return 3
    return judged.status


def _write(evaluation: Evaluation, chosen: dict[str, Any]) -> Path:
    """Write every form of the report; the path of the page."""
    from perturb.rendering import render_html, render_json, render_junit, render_markdown

    data, folder = evaluation.data, evaluation.folder
    markdown = render_markdown(data)
    page = folder / "report.html"
    _write_text(page, render_html(data))
    _write_text(folder / "report.json", render_json(data, trajectories=True) + "\n")
    _write_text(folder / "report.md", markdown)
    if chosen["markdown"]:
        _write_text(Path(chosen["markdown"]), markdown)
    if chosen["junit"]:
        _write_text(Path(chosen["junit"]), render_junit(data))
    summary = os.environ.get(SUMMARY)
    if summary:
        try:
            with open(summary, "a", encoding="utf-8") as file:
                file.write(markdown + "\n")
        except OSError as error:
            click.echo(f"{SUMMARY} is {summary!r}, which cannot be written: {error.strerror}", err=True)
    return page


def _can_write(chosen: dict[str, Any]) -> None:
    """Find out before anything runs whether the files that are asked for can be written."""
    from perturb.errors import ConfigurationError

    for name in ("markdown", "junit"):
        if not chosen[name]:
            continue
        path = Path(chosen[name])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("a").close()
        except OSError as error:
            raise ConfigurationError(f"--{name} {path} cannot be written: {error.strerror}; name another file") from None


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _remark(evaluation: Evaluation, request: Request, judged: Judged, max_drop: float | None, as_json: bool) -> None:
    """What a reader must not miss beside the report, on standard error; beside JSON also what the report itself would say."""
    from perturb.evaluation import learned_path
    from perturb.rendering.wording import remarks

    ended, data = evaluation.ended, evaluation.data
    for fault in data["faults"][:5]:
        click.echo(f"fault of ours, {fault['operator'] or 'clean'}, task {fault['task']}: {fault['error']}", err=True)
        if fault["plan_file"]:
            click.echo(f"  {fault['reproduce']}", err=True)
    if len(data["faults"]) > 5:
        click.echo(f"  and {len(data['faults']) - 5} more in {evaluation.folder / 'report.json'}", err=True)
    for one in data["infrastructure"][:3]:
        click.echo(f"infrastructure, task {one['task']}: {one['error']}", err=True)
    for one in data["refused"][:3]:
        click.echo(f"setup refused, {one['operator'] or 'clean'}, task {one['task']}: {one['error']}", err=True)
    _remark_on_requests(data)
    for remark in remarks(data) if as_json else ():
        click.echo(remark, err=True)
    learned = learned_path(request)
    if data["not_proven_tasks"] and learned.is_file():
        click.echo(f'{learned} holds the gold calls of clean runs that passed; set "reviewed": true to use them', err=True)
    if data["failed_in"] and not ended.episodes and not ended.left:
        click.echo("nothing was run, since this agent has run these pairs before; --fresh runs them again", err=True)
    if ended.left and ended.how != "settled":
        why = "interrupted" if ended.how == "interrupted" else ended.why
        click.echo(f"{why}; {ended.left:,} episodes are left. The same command again goes on: {data['reproduce']}", err=True)
    if max_drop is not None or data["gate"] is not None or judged.verdict != "held":
        click.echo(f"{judged.verdict}: {judged.why}", err=True)


def _remark_on_requests(data: dict[str, Any]) -> None:
    """What a run knows of its requests to a model and of their price, and what it does not."""
    requests = (data["ended"] or {}).get("requests")
    if requests is None:
        return
    if requests["lost"]:
        click.echo(
            f"{requests['lost']:,} requests were in flight when an earlier run was killed; "
            "nobody knows whether they were paid for",
            err=True,
        )
    if data["usage"]["cost"] is None:
        click.echo("cost: unknown, since no price of this model is known; give one with --price IN,OUT", err=True)
