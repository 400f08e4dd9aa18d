"""`perturb exposure`: which perturbations matter for a recorded agent, before anything is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.options import Configured, Finite, json_option, operators_option, runs_option, store_option

if TYPE_CHECKING:
    from perturb.exposure import Measured
    from perturb.recorded_sources import Named
    from perturb.toolset import Toolset

EXAMPLES = """\b
Examples:
  perturb exposure gpt-4o-airline.json --tools airline_tools.json
  perturb exposure gpt-4o --toolset airline -o 'tools.*'           an import, and a toolset that declares more
  perturb exposure runs.eval --json                                the tools as the recording tells them
"""


@click.command("exposure", cls=Configured, epilog=EXAMPLES, short_help="Which perturbations a recorded agent would meet.")
@click.argument("episodes", metavar="EPISODES")
@click.option("-t", "--toolset", default=None, metavar="TOOLSET", help="The toolset that the episodes were run on.")
@click.option(
    "--tools", type=click.Path(dir_okay=False, path_type=Path), default=None, metavar="FILE",
    help="The tools as JSON; by default those that the recording tells.",
)  # fmt: skip
@operators_option
@click.option("--intensity", type=Finite(0.0, 1.0), default=1.0, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=None, metavar="N", help="Only the first N episodes.")
@click.option("--format", "form", default=None, metavar="NAME", help="The format of a file, in place of the one that is found.")
@runs_option
@store_option
@json_option
def command(
    episodes: str,
    toolset: str | None,
    tools: Path | None,
    operators: tuple[str, ...],
    intensity: float,
    seed: int,
    limit: int | None,
    form: str | None,
    out: str,
    store: str | None,
    as_json: bool,
) -> None:
    """For each operator, the share of a recorded agent's calls that touch what it changes, by tool and by step.

    EPISODES is a file, an import (perturb list imports) or a run. No agent is run: each call is carried through the operator,
    and answered as it was recorded.
    """
    from itertools import islice

    from perturb.cli.progress import RunProgress
    from perturb.errors import ConfigurationError
    from perturb.exposure import measure
    from perturb.operators import select
    from perturb.recorded_sources import named_episodes

    if toolset is not None and tools is not None:
        raise ConfigurationError("--toolset and --tools both say which tools there are; leave one of them out")
    chosen = select([part for text in operators for part in text.split(",")], scaffold=False)
    named = named_episodes(episodes, Path(store or Path(out) / "episodes.sqlite"), form)
    known = _toolset(named, toolset, tools)
    with RunProgress() as progress:
        total = limit or sum(1 for _ in named.read())
        measured = measure(
            islice((one for one in named.read() if not one.setup or named.run is None), limit),
            known, chosen, seed=seed, intensity=intensity, tell=lambda done: progress.step("measuring", done, max(done, total)),
        )  # fmt: skip
    if measured.calls == 0:
        told = f"; they call {', '.join(list(measured.unknown)[:4])}" if measured.unknown else ""
        raise ConfigurationError(f"no call of {episodes} is of one of the {measured.tools} tools that are known{told}")
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(as_data(measured)), indent=2).decode())
        return
    from perturb.cli.console import output
    from perturb.rendering.exposure import print_exposure

    print_exposure(as_data(measured), named.name, output())


def _toolset(named: Named, toolset: str | None, tools: Path | None) -> Toolset:
    from perturb.cli.import_episodes import read_tools_file
    from perturb.loading import load_toolset
    from perturb.recorded_toolset import learn_toolset

    return load_toolset(toolset) if toolset is not None else learn_toolset(named.read(), read_tools_file(tools))


def as_data(measured: Measured) -> dict[str, Any]:
    """A measurement as plain data; shares are fractions, `by_step` is of the 1st, 2nd, … and of all from the 10th on."""

    def share(counted: list[int]) -> float | None:
        return counted[0] / counted[1] if counted[1] else None

    return {
        "episodes": measured.episodes,
        "calls": measured.calls,
        "tools": measured.tools,
        "unknown_tools": measured.unknown,
        "operators": [
            {
                "operator": one.operator,
                "axis": one.axis,
                "kind": one.kind,
                "share": one.share,
                "touched": one.touched,
                "told": one.told,
                "made": one.made,
                "answered": one.answered,
                "unsure": one.unsure,
                "by_tool": {tool: {"share": share(pair), "calls": pair[1]} for tool, pair in sorted(one.by_tool.items())},
                "by_step": [share(pair) for pair in one.by_step],
            }
            for one in measured.exposed
        ],
        "left_out": [one._asdict() for one in measured.left_out],
    }
