"""`perturb export`: episodes for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from perturb.cli.options import Configured, json_option, runs_option, store_option

if TYPE_CHECKING:
    from perturb.exporting import Form

EXAMPLES = """\b
Examples:
  perturb export 24e --as parquet --out run.parquet         pandas.read_parquet("run.parquet")
  perturb export 24e --as training --out train.jsonl        outcome, process checks, plan, seed and tokens beside each episode
  perturb export gpt-4o --as chat > chats.jsonl             an import, as OpenAI takes it
  perturb export --columns                                  what each column means
"""


@click.command(
    "export", cls=Configured, epilog=EXAMPLES, short_help="Episodes as JSON Lines, Parquet, chat or training records."
)
@click.argument("episodes", required=False, metavar="EPISODES")
@click.option("--as", "form", type=click.Choice(["jsonl", "parquet", "chat", "training"]), default="jsonl", show_default=True)
@click.option("--out", "to", type=click.Path(dir_okay=False, path_type=Path), default=None, help="The file to write.")
@click.option("--format", "recorded_as", default=None, metavar="NAME", help="The format of a file, in place of the one found.")
@click.option("--columns", is_flag=True, help="Print the columns with their types and meanings, and the version of the schema.")
@runs_option
@store_option
@json_option
def command(
    episodes: str | None,
    form: str,
    to: Path | None,
    recorded_as: str | None,
    columns: bool,
    out: str,
    store: str | None,
    as_json: bool,
) -> None:
    """Write the episodes of a run, of an import or of a file of recorded ones, as the agent saw them.

    The columns and their meanings have a version, which each row bears. In Parquet, columns of type json hold JSON text.
    """
    from perturb.errors import ConfigurationError
    from perturb.exporting import export_lines, export_parquet
    from perturb.recorded_sources import named_episodes

    if columns:
        _print_columns(as_json)
        return
    if as_json:
        raise ConfigurationError("--json goes with --columns; the rows themselves are JSON with --as jsonl")
    if episodes is None:
        raise ConfigurationError("name the episodes: a run, an import (perturb list imports) or a file")
    if form == "parquet" and to is None:
        raise ConfigurationError("Parquet is no text; name the file to write with --out")
    lines = cast("Form", form)
    named = named_episodes(episodes, Path(store or Path(out) / "episodes.sqlite"), recorded_as)
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        assert to is not None
        number = export_parquet(named.read(), to, named.seed)
    elif to is None:
        number = export_lines(named.read(), lines, sys.stdout.buffer, named.seed)
    else:
        with to.open("wb") as opened:
            number = export_lines(named.read(), lines, opened, named.seed)
    if to is not None:
        click.echo(f"wrote {number:,} episode{'' if number == 1 else 's'} to {to}", err=True)


def _print_columns(as_json: bool) -> None:
    from perturb.exporting import COLUMNS, SCHEMA, TRAINED, TRAINING

    if as_json:
        import msgspec

        told = {"schema": SCHEMA, "columns": {name: one._asdict() for name, one in COLUMNS.items()}}
        told |= {"training_schema": TRAINING, "training_columns": ["schema", *TRAINED]}
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    click.echo(f"{SCHEMA}; those with a star are in {TRAINING} too")
    for name, one in COLUMNS.items():
        click.echo(f"  {name:<17}{'*' if name in TRAINED else ' '} {one.type:<7} {one.meaning}")
