"""`perturb import`: recorded episodes of other projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.options import Configured, json_option, runs_option, store_option

if TYPE_CHECKING:
    from perturb.importing import Imported
    from perturb.types import Tool

EXAMPLES = """\b
Examples:
  perturb import gpt-4o-airline.json                  the format is found by itself
  perturb import runs/gpt-4o/banking                  a folder of logs
  perturb import chats.jsonl --format openai-chat --tools tools.json
  perturb import results.json --json --no-store       count, and keep nothing
\b
Formats: tau-bench, tau2-bench, agentdojo, bfcl, inspect, otel, rotbench, perturb, openai-chat.
"""


@click.command("import", cls=Configured, epilog=EXAMPLES, short_help="Recorded episodes of other projects.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--format", "form", default=None, metavar="NAME", help="The format, in place of the one that is found.")
@click.option(
    "--tools", type=click.Path(dir_okay=False, path_type=Path), default=None, metavar="FILE",
    help="The tools that the agent saw, as JSON, for episodes that do not tell them.",
)  # fmt: skip
@click.option("--name", default=None, help="What the import is called in the store; made from the first file by default.")
@click.option("--no-store", is_flag=True, help="Count only, and keep nothing.")
@runs_option
@store_option
@json_option
def command(
    files: tuple[Path, ...],
    form: str | None,
    tools: Path | None,
    name: str | None,
    no_store: bool,
    out: str,
    store: str | None,
    as_json: bool,
) -> None:
    """Import the episodes in files, or folders of them, into the store, and say what is in them.

    Messages, calls, results, verdicts and tools are kept as recorded. What is odd (a call without a result, a record that
    cannot be read) is told with its place, and the rest is imported. Files of any size take the memory of one episode.
    """
    from perturb.cli.progress import RunProgress
    from perturb.importing import Wanted, import_files

    path = None if no_store else Path(store or Path(out) / "episodes.sqlite")
    wanted = Wanted(files, form, read_tools_file(tools), name)
    with RunProgress() as progress:
        imported = import_files(wanted, path, lambda file, done, total: progress.step("importing", done, total, file))
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(_data(imported, path is not None)), indent=2).decode())
        return
    from perturb.cli.console import output
    from perturb.rendering.imported import print_import

    data = _data(imported, path is not None)
    print_import(data, data["files"], output())
    if path is not None:
        click.echo(f"stored as {imported.name} in {path}; perturb report {imported.name} shows it again")


def _data(imported: Imported, stored: bool) -> dict[str, Any]:
    from perturb.importing import header_of

    total = header_of(imported.files, imported.total)
    del total["file"]
    return {"format": total.pop("format"), **({"import": imported.name} if stored else {}), **total}


def read_tools_file(path: Path | None) -> tuple[Tool, ...]:
    """The tools in a file of JSON, as OpenAI, MCP or Anthropic write them; none where no file is named."""
    from perturb.errors import ConfigurationError
    from perturb.importers.chat import read_tools
    from perturb.importers.reading import Unreadable

    if path is None:
        return ()
    import json

    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        value = value.get("tools", value) if isinstance(value, dict) else value
        tools = read_tools(value)
    except OSError as error:
        raise ConfigurationError(f"the tools {path} cannot be read: {error.strerror}") from None
    except (ValueError, Unreadable) as error:
        raise ConfigurationError(f"{path} is no list of tools as JSON: {error}") from None
    if not tools:
        raise ConfigurationError(f"{path} holds no tools; it must be a list of them as JSON")
    return tools
