"""Options that the kinds of `perturb proxy` share: what is shown, and where is listened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from perturb.cli.options import Finite

if TYPE_CHECKING:
    from perturb.proxies.plans import Wanted

F = TypeVar("F", bound=Callable[..., Any])


def shown_options(function: F) -> F:
    """What a proxy shows; `wanted` reads it."""
    for option in reversed(_SHOWN):
        function = option(function)
    return function


_SHOWN = (
    click.option(
        "-o", "--operators", multiple=True, metavar="PATTERN",
        help="Operators by id or pattern, laid over one another; without any, --preset or --plan nothing is changed.",
    ),
    click.option("--preset", multiple=True, metavar="NAME", help="A mixture of operators (perturb list presets)."),
    click.option("--plan", type=click.Path(dir_okay=False), default=None, help="The plan in a file, such as a run writes."),
    click.option(
        "--intensity", type=Finite(0.0, 1.0), default=1.0, show_default=True,
        help="From 0, nothing is changed, to 1, all that can be.",
    ),
    click.option("--seed", type=int, default=7, show_default=True, help="Where every choice of a perturbation comes from."),
)  # fmt: skip


def wanted(chosen: dict[str, Any]) -> Wanted:
    """What the options ask a proxy to show."""
    from perturb.proxies.plans import Wanted

    named = [part.strip() for text in chosen["operators"] for part in text.split(",")]
    presets = [f"preset:{name.strip()}" for text in chosen["preset"] for name in text.split(",")]
    plan = None if chosen["plan"] is None else Path(chosen["plan"])
    return Wanted(operators=(*named, *presets), plan=plan, intensity=chosen["intensity"], seed=chosen["seed"])


def address(flag: str, text: str) -> tuple[str, int]:
    """`HOST:PORT`, or a port of this machine."""
    from perturb.errors import ConfigurationError

    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ConfigurationError(f"{flag} {text!r} is no address; write HOST:PORT, such as 127.0.0.1:8930")
    return host.strip("[]") or "127.0.0.1", int(port)
