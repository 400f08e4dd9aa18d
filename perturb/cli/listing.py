"""`perturb list`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.options import Configured, json_option, runs_option, store_option

if TYPE_CHECKING:
    from perturb.operators.presets import Member, OneOf

EXAMPLES = """\b
Examples:
  perturb list operators
  perturb list presets
  perturb list toolsets --json
  perturb list runs
  perturb list imports
"""


@click.command(
    "list", cls=Configured, epilog=EXAMPLES, short_help="List operators, presets, toolsets, agents, runs or imports."
)
@click.argument("what", type=click.Choice(["operators", "presets", "toolsets", "agents", "runs", "imports"]))
@runs_option
@store_option
@json_option
def command(what: str, out: str, store: str | None, as_json: bool) -> None:
    """List what can be named: operators, presets, toolsets, agents, or the runs or imports in the store."""
    rows = _KEPT[what](out, store) if what in _KEPT else _LISTS[what]()
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    elif not rows:
        made = {"runs": " yet; `perturb run` makes one", "imports": " yet; `perturb import FILE` makes one"}
        click.echo(f"there are no {what}{made.get(what, '')}")
    else:
        _print(rows, _COLUMNS[what])


def operators() -> list[dict[str, Any]]:
    """Each operator: what it is, what it does, and where it applies or does not."""
    import inspect
    import re

    from perturb.operators import TABLE, third_party

    found = []
    for operator in (*TABLE, *map(third_party.load, third_party.offered())):
        summary, _, rest = inspect.cleandoc(operator.__doc__ or "").partition("\n\n")
        where = re.findall(r"(?:Applies|Does not apply)\b.*?\.(?=\s|$)", rest, re.DOTALL)
        found.append(
            {
                "id": operator.id,
                "axis": operator.axis,
                "kind": operator.promises,
                "version": operator.version,
                "summary": " ".join(summary.split()),
                "applies": " ".join(" ".join(where).split()),
                "from": third_party.origin(operator.id) if operator.id in third_party.offered() else "perturb",
            }
        )
    return found


def presets() -> list[dict[str, Any]]:
    """Each preset: what it is, what it follows and how it differs from it, and the operators of each of its mixtures."""
    from perturb.operators.presets import PRESETS

    return [
        {
            "name": preset.name,
            "summary": preset.summary,
            "source": preset.source,
            "differs": preset.differs,
            "mixtures": [
                {"id": one.id, "summary": one.summary, "members": [_listed(member) for member in one.members]}
                for one in preset.parts
            ],
        }
        for preset in PRESETS.values()
    ]


def _listed(member: Member | OneOf) -> dict[str, Any]:
    """A member as JSON, without what it leaves as it is; a draw between groups as what is drawn and the groups."""
    from perturb.operators.presets import OneOf

    if isinstance(member, OneOf):
        return {
            "drawn": member.drawn,
            "groups": {name: [_listed(one) for one in group] for name, group in member.groups.items()},
        }
    default = type(member)(member.operator)
    fields = member._asdict()
    return {name: value for name, value in fields.items() if name == "operator" or value != getattr(default, name)}


def _toolsets() -> list[dict[str, Any]]:
    from perturb.loading import list_toolsets

    return [{"name": one.name, "summary": one.description, "from": one.origin} for one in list_toolsets()]


def _agents() -> list[dict[str, Any]]:
    from perturb.loading import list_agents

    return [{"name": one.name, "summary": one.description, "from": one.origin} for one in list_agents()]


def _runs(out: str, store: str | None) -> list[dict[str, Any]]:
    from pathlib import Path

    from perturb.store import Store

    path = Path(store or Path(out) / "episodes.sqlite")
    if not path.is_file():
        return []
    with Store(path) as opened:
        return [_run(run, kept) for run, _, kept in opened.runs()]


def _run(run: str, kept: dict[str, Any]) -> dict[str, Any]:
    header = kept["header"]
    return {
        "run": run,
        "started": header["started"],
        "agent": header["agent"],
        "toolset": header["toolset"],
        "operators": len(header["operators"]),
        "tasks": header["tasks"],
        "ended": (kept.get("ended") or {}).get("how", "unfinished"),
        "command": header["command"],
    }


def _imports(out: str, store: str | None) -> list[dict[str, Any]]:
    from datetime import UTC, datetime
    from pathlib import Path

    from perturb.recordings import Recordings

    path = Path(store or Path(out) / "episodes.sqlite")
    if not path.is_file():
        return []
    with Recordings(path) as opened:
        return [
            {
                "import": name,
                "made": datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H:%MZ"),
                "format": header.get("format", "unfinished"),
                "episodes": header.get("episodes", 0),
                "calls": header.get("calls", 0),
                "models": ", ".join(header.get("models", ())),
                "files": [one["file"] for one in header.get("files", ())],
            }
            for name, started, header in opened.imports()
        ]


_KEPT: dict[str, Callable[[str, str | None], list[dict[str, Any]]]] = {"runs": _runs, "imports": _imports}
_LISTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "operators": operators,
    "presets": presets,
    "toolsets": _toolsets,
    "agents": _agents,
}
_COLUMNS: dict[str, tuple[str, ...]] = {
    "operators": ("id", "kind", "summary"),
    "presets": ("name", "summary"),
    "toolsets": ("name", "from", "summary"),
    "agents": ("name", "from", "summary"),
    "runs": ("run", "started", "agent", "toolset", "operators", "tasks", "ended"),
    "imports": ("import", "made", "format", "episodes", "calls", "models", "files"),
}


def _print(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from rich.table import Table
    from rich.text import Text

    from perturb.cli.console import output

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column.replace("_", " "), no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    output().print(table)


def _cell(value: Any) -> str:
    """A value in a row; of many paths the name of the first."""
    if not isinstance(value, list):
        return str(value)
    first = value[0].replace("\\", "/").rpartition("/")[2] if value else ""
    return f"{first} and {len(value) - 1:,} more" if len(value) > 1 else first
