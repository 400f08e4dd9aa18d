"""`perturb report`: a stored run again, without one call of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perturb.cli.options import Configured, Finite, gate_of, gate_options, json_option, named_run, runs_option, store_option

if TYPE_CHECKING:
    from perturb.recordings import Import
    from perturb.store import Store

EXAMPLES = """\b
Examples:
  perturb report                                          the latest run, in the terminal
  perturb report 24e --format html --out report.html       the run whose name begins with 24e
  perturb report --format inspect --out logs && inspect view --log-dir logs
  perturb report 24e --gate 'drop<=5%' --per axis         judge a stored run by another gate
"""


@click.command("report", cls=Configured, epilog=EXAMPLES, short_help="A stored run again, in any form.")
@click.argument("run", required=False)
@click.option(
    "--format", "form", type=click.Choice(["terminal", "html", "markdown", "json", "junit", "inspect"]), default="terminal",
    show_default=True,
)  # fmt: skip
@click.option(
    "--out",
    "to",
    type=click.Path(),
    default=None,
    help="Write to this file in place of the screen; for inspect, into this folder.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--max-drop", type=Finite(0.0, 1.0), default=None, metavar="FRACTION", help="The gate, as of a run.")
@gate_options
@runs_option
@store_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    run: str | None,
    form: str,
    to: str | None,
    open_page: bool,
    max_drop: float | None,
    out: str,
    store: str | None,
    as_json: bool,
    **asked: str | None,
) -> None:
    """Report a stored run again: the latest, or the one whose name begins with RUN. No episode is run.

    RUN may be an import of recorded episodes too (perturb list imports), in the terminal or as JSON.
    """
    from perturb.assembling import assemble
    from perturb.cli.console import output
    from perturb.cli.verdict import judge
    from perturb.errors import ConfigurationError
    from perturb.rendering import print_report, render_html, render_json, render_junit, render_markdown
    from perturb.store import Store

    gate = gate_of(ctx)
    if gate is not None and max_drop is not None:
        raise ConfigurationError("--max-drop and --gate are two ways to ask for a gate; leave one of them out")
    path = Path(store or Path(out) / "episodes.sqlite")
    if not path.is_file():
        raise ConfigurationError(f"there is no store {path}, so no run; `perturb run` makes one, --store names another")
    if run is not None and (kept := _import(path, run)) is not None:
        _report_import(kept, "json" if as_json else form, to)
        return
    with Store(path) as opened:
        name = named_run(opened, run)
        folder = Path(out) / name
        if form == "inspect" and not as_json:
            _write_logs(opened, name, Path(to) if to is not None else folder / "inspect")
            return
        data = assemble(opened, name, folder, gate)
    page = folder / "report.html"
    form = "json" if as_json else form
    if form == "terminal" and to is None:
        print_report(data, output(), report_path=str(page) if page.is_file() else None)
    else:
        if to is not None and Path(to).is_dir():
            raise ConfigurationError(f"{to} is a folder; --out names a file for {form}")
        if form == "terminal":
            raise ConfigurationError("--out writes a file; say with --format whether html, markdown, json or junit")
        make = {"html": render_html, "markdown": render_markdown, "junit": render_junit, "json": render_json}[form]
        text = make(data)
        if to is None:
            click.echo(text)
        else:
            Path(to).parent.mkdir(parents=True, exist_ok=True)
            Path(to).write_text(text, encoding="utf-8")
            click.echo(f"wrote {to}", err=True)
    if open_page:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render_html(data), encoding="utf-8")
        click.launch(str(page))
    if max_drop is not None or gate is not None:
        judged = judge(data, max_drop)
        click.echo(f"{judged.verdict}: {judged.why}", err=True)
        ctx.exit(judged.status)


def _write_logs(store: Store, run: str, folder: Path) -> None:
    from perturb.errors import ConfigurationError
    from perturb.rendering.inspect_logs import write_inspect_logs

    if folder.is_file():
        raise ConfigurationError(f"{folder} is a file; --out names a folder for inspect, which gets a log for each setup")
    written = write_inspect_logs(store, run, folder)
    click.echo(f"wrote {len(written)} logs; inspect view --log-dir {folder}", err=True)


def _import(path: Path, prefix: str) -> Import | None:
    """The import that a prefix names, where it names no run."""
    from perturb.recordings import Recordings
    from perturb.store import Store

    with Store(path) as opened:
        if any(name.startswith(prefix) for name, _, _ in opened.runs()):
            return None
    with Recordings(path) as kept:
        return kept.named(prefix) if any(one.name.startswith(prefix) for one in kept.imports()) else None


def _report_import(kept: Import, form: str, to: str | None) -> None:
    import msgspec

    from perturb.cli.console import output
    from perturb.errors import ConfigurationError
    from perturb.rendering.imported import print_import

    if form not in ("terminal", "json") or (form == "terminal" and to is not None):
        raise ConfigurationError(
            f"{kept.name} is an import of recorded episodes, which is reported in the terminal or with --json"
        )
    if "episodes" not in kept.header:
        raise ConfigurationError(f"the import {kept.name} was not finished; run `perturb import` again")
    data = {"import": kept.name, **kept.header}
    if form == "terminal":
        print_import(data, data["files"], output())
        return
    text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    if to is None:
        click.echo(text)
    else:
        Path(to).write_text(text, encoding="utf-8")
        click.echo(f"wrote {to}", err=True)
