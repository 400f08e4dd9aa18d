"""`perturb paraphrase`: stored, checked rewordings by a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perturb.cli.options import Configured, json_option, task_option, toolset_option

if TYPE_CHECKING:
    from perturb.paraphrasing import Paraphrased

EXAMPLES = """\b
Examples:
  perturb paraphrase --toolset mine.py --model gpt-5-mini
  perturb paraphrase -t airline --model qwen3 --base-url http://localhost:8000/v1 --number 3 --descriptions
"""


@click.command("paraphrase", cls=Configured, epilog=EXAMPLES, short_help="Store checked rewordings of prompts by a model.")
@toolset_option
@task_option
@click.option("--model", required=True, metavar="NAME", help="The model to ask.")
@click.option("--base-url", default=None, metavar="URL", help="A server that speaks OpenAI's chat completions, in its place.")
@click.option(
    "--number", type=click.IntRange(1, 20), default=2, show_default=True, help="How many wordings of each text to ask for."
)
@click.option("--descriptions", is_flag=True, help="Ask for the descriptions of tools too.")
@click.option(
    "--file", "path", type=click.Path(dir_okay=False, path_type=Path), default=None, metavar="PATH",
    help="Where to store them; beside the toolset by default.",
)  # fmt: skip
@json_option
def command(
    toolset: str,
    task: tuple[str, ...],
    model: str,
    base_url: str | None,
    number: int,
    descriptions: bool,
    path: Path | None,
    as_json: bool,
) -> None:
    """Ask a model to put what users say (and descriptions of tools) into other words, and store what has lost nothing.

    Every value and constraint must survive: numbers, dates, names, ids, quoted text, negations, conditions, units. What does
    not pass is refused, with the reason. The rest goes into a small file beside the toolset, rewordings.json: read it, and set
    "reviewed" to true for each wording that says the same; user.paraphrase and descriptions.reword use those. The key is
    taken from OPENAI_API_KEY. Running the same command again goes on where it ended.
    """
    from perturb.cli.progress import RunProgress
    from perturb.paraphrasing import Wanted, paraphrase

    wanted = Wanted(
        toolset=toolset,
        model=model,
        base_url=base_url,
        number=number,
        tasks=task,
        descriptions=descriptions,
        path=path,
    )
    with RunProgress() as progress:
        done = paraphrase(wanted, lambda place, total: progress.step("asking", place, total))
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(done), indent=2).decode())
    else:
        _print(done)


def _print(done: Paraphrased) -> None:
    from rich.text import Text

    from perturb.cli.console import output
    from perturb.rendering.wording import count

    console = output()
    for one in done.refused:
        console.print(Text(f"refused, {one.what}: {'; '.join(one.why)}", style="bold"))
        console.print(Text(f"  {one.new}", style="dim"), soft_wrap=True)
    asked = f"{count(done.asked, 'text')} asked for" + (
        f", {count(done.skipped, 'text')} had been before" if done.skipped else ""
    )
    console.print(f"{asked}: {count(len(done.kept), 'wording')} kept, {len(done.refused):,} refused")
    console.print(Text(f"stored in {done.path}"), soft_wrap=True)
    if done.waiting:
        console.print(f'{count(done.waiting, "wording")} to be read: set "reviewed" to true for each that says the same')
    if done.stale:
        console.print(f"{count(done.stale, 'wording')} of texts that the toolset no longer has: take them out")
