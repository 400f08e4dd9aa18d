"""`perturb plan`: how many episodes a question needs, and what they cost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.model_options import Price
from perturb.cli.options import (
    Configured,
    Finite,
    chosen_operators,
    json_option,
    named_run,
    operators_option,
    preset_option,
    runs_option,
    store_option,
    toolset_option,
)

if TYPE_CHECKING:
    from perturb.foreseeing import PerEpisode, Pilot, Way
    from perturb.statistics import Spread

EXAMPLES = """\b
Examples:
  perturb plan --detect 10%                                   on the airline toolset, under every operator
  perturb plan --detect 5% -o 'tools.*' --price 0.3,1.2       and what that costs, at so many dollars for a million tokens
  perturb plan --detect 10% --pilot 24e                       from the spread and the tokens of an earlier run
"""
NO_COST = "cost: unknown; give a price with --price IN,OUT, or an earlier run that knows its own with --pilot RUN"


class Points(click.ParamType[float]):
    """A drop, as `10%` or `0.1`."""

    name = "drop"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(%?)\s*", str(value))
        drop = -1.0 if match is None else float(match[1]) / (100.0 if match[2] else 1.0)
        if not 0.001 <= drop < 1.0:
            self.fail(f"{value!r} is no drop to detect; write 10% or 0.1, at least 0.1% and below 100%", param, ctx)
        return drop


@click.command("plan", cls=Configured, epilog=EXAMPLES, short_help="How many episodes a question needs, and what they cost.")
@click.option("--detect", type=Points(), required=True, metavar="DROP", help="The drop to detect, as 10% or 0.1.")
@toolset_option
@operators_option
@preset_option
@click.option("--limit", type=click.IntRange(min=1), default=None, help="Only the first so many tasks.")
@click.option(
    "--power", type=Finite(0.5, 0.99), default=0.8, show_default=True, help="The probability with which it is to be detected."
)
@click.option("--price", type=Price(), default=None, help="US dollars for a million tokens, in and out.")
@click.option("--pilot", metavar="RUN", default=None, help="An earlier run: its spread, its size, and what its episodes took.")
@runs_option
@store_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    detect: float,
    toolset: str,
    limit: int | None,
    power: float,
    price: str | None,
    pilot: str | None,
    out: str,
    store: str | None,
    as_json: bool,
    **_chosen: Any,
) -> None:
    """Say with how many tasks and trials a drop is detected, what a gate takes, and what that costs. Nothing is run.

    Without a pilot the spread is that of a typical suite, and the tokens of an episode are those of the gold solutions.
    """
    import msgspec

    from perturb.foreseeing import ways

    earlier = _pilot(Path(store or Path(out) / "episodes.sqlite"), pilot)
    if earlier is not None:
        tasks, operators, episode = earlier.tasks, earlier.operators, earlier.episode
        spreads: dict[str, Spread | None] = {"headline": earlier.headline, "operator": earlier.operator}
    else:
        tasks, operators, episode = _suite(ctx, toolset, limit)
        spreads = {"headline": None, "operator": None}
    paid = None if price is None else tuple(float(part) for part in price.split(","))
    found = ways(detect, tasks, operators, spreads, power)
    costs = [None if episode is None else episode.of(way.episodes, paid) for way in found]  # type: ignore[arg-type]
    told = {
        "detect": detect,
        "power": power,
        "tasks": tasks,
        "operators": operators,
        "pilot": None if earlier is None else earlier.run,
        "tokens": None if episode is None else {"input": episode.input, "output": episode.output, "source": episode.source},
        "ways": [msgspec.to_builtins(way) | {"cost": cost} for way, cost in zip(found, costs, strict=True)],
    }
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    _tell(told, found, costs, earlier, episode)


def _pilot(path: Path, run: str | None) -> Pilot | None:
    if run is None:
        return None
    from perturb.errors import ConfigurationError
    from perturb.foreseeing import read_pilot
    from perturb.store import Store

    if not path.is_file():
        raise ConfigurationError(f"there is no store {path}, so no run {run!r}; --store names another")
    with Store(path) as opened:
        return read_pilot(opened, named_run(opened, run))


def _suite(ctx: click.Context, toolset: str, limit: int | None) -> tuple[int, int, PerEpisode | None]:
    """The tasks of a toolset, the operators that count towards the headline, and the tokens of an episode."""
    import anyio

    from perturb.foreseeing import tokens_of
    from perturb.loading import load_toolset
    from perturb.operators import select
    from perturb.replay import Gold
    from perturb.types import HEADLINE_KINDS

    loaded = load_toolset(toolset)
    counted = [one for one in select(chosen_operators(ctx)) if one.promises in HEADLINE_KINDS]
    transcripts = anyio.run(Gold(loaded).transcripts)
    return len(loaded.tasks[:limit]), max(1, len(counted)), tokens_of(transcripts)


def _tell(
    told: dict[str, Any],
    found: list[Way],
    costs: list[float | None],
    earlier: Pilot | None,
    episode: PerEpisode | None,
) -> None:
    from perturb.rendering.wording import count, points

    spread = "of a typical suite" if earlier is None else f"of run {earlier.run}"
    click.echo(
        f"to detect a drop of {points(told['detect'])} points with probability {told['power']:g}, at 5 %, "
        f"by the spread {spread}: {count(told['tasks'], 'task')}, {count(told['operators'], 'operator')}"
    )
    rows = [("", "tasks", "trials", "clean", "episodes", "cost")]
    for way, cost in zip(found, costs, strict=True):
        if way.pairs is not None:
            told_as = ("a gate, at most", "any", "–", "–")
        else:
            question = "the headline" if way.question == "headline" else f"each of {told['operators']} operators"
            told_as = (question, f"{way.tasks:,}", f"{way.trials:,}", f"{way.clean_trials:,}")
            if not way.enough:
                told_as = (f"{question}, with more tasks", *told_as[1:])
        rows.append((*told_as, f"{way.episodes:,}", "" if cost is None else f"${cost:,.2f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for name, *numbers in rows:
        right = (f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:], strict=True))
        click.echo("  " + "  ".join([f"{name:<{widths[0]}}", *right]).rstrip())
    lacking = {"headline", "operator"} - {way.question for way in found if way.enough}
    if "headline" in lacking or ("operator" in lacking and told["operators"] > 1):
        click.echo("more trials of these tasks alone would not do: what differs from task to task is averaged by more tasks")
    if episode is not None:
        click.echo(f"tokens of an episode: about {episode.input:,.0f} in, {episode.output:,.0f} out, by the {episode.source}")
    if None in costs:
        click.echo(NO_COST)
