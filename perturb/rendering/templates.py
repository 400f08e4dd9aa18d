"""The folders of report templates: `reports/<name>/` of a project or of this package, or any folder by its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perturb.errors import ConfigurationError, nearest
from perturb.plugins import folders

if TYPE_CHECKING:
    from jinja2 import Environment


def template_folder(report: str) -> Path:
    """The folder of the report templates called `report`, which is a short name or the path of a folder.

    A project's own come before those of this package. `ConfigurationError` where there is none.
    """
    for folder in [*(parent / report for parent in folders("reports")), Path(report)]:
        if any(folder.glob("report.*.j2")):
            return folder
    names = {found.parent.name for parent in folders("reports") for found in parent.glob("*/report.*.j2")}
    raise ConfigurationError(
        f"there are no report templates called {report!r}, and no folder of that path holds a report.html.j2 or a "
        f"report.md.j2; {nearest(report, names)}"
    )


def render_template(report: str, name: str, data: Mapping[str, Any], filters: Mapping[str, Callable[..., Any]]) -> str:
    """Fill the template `name` of `report`. What ends in `.html.j2` is escaped; a name that the data lack is an error."""
    environment = _environment(template_folder(report))
    environment.filters.update(filters)
    return environment.get_template(name).render(data)


def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
