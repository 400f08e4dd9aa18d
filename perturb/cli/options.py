"""Options that several commands share, and commands whose options may stand in a file of settings."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import click

from perturb.configuration import Found, checked, find_configuration, from_folder_of

if TYPE_CHECKING:
    from perturb.gate_pairs import Gate
    from perturb.store import Store

F = TypeVar("F", bound=Callable[..., Any])

NOT_SETTINGS = frozenset({"as-json", "dry-run", "fresh", "help", "only-failed", "shard"})
"""Flags that belong to one call of a command, never to a project."""
OUT = "reports/runs"
"""Where runs and the store go by default."""


class Finite(click.FloatRange):
    """A number within a range; click takes `nan` for one in any range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number that can be used; give a finite one", param, ctx)
        return number


class Configured(click.Command):
    """A command whose options take their defaults from `perturb.toml` or `[tool.perturb]`; a flag overrides them."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if not {"-h", "--help"} & set(args):
            found = find_configuration()
            if found is not None:
                settings = self._settings(found)
                extra["default_map"] = {
                    param.name: settings[key]
                    for key, param in flags(self).items()
                    if key in settings and (param.multiple or not isinstance(settings[key], list))
                }
        return super().make_context(info_name, args, parent, **extra)

    def _settings(self, found: Found) -> dict[str, Any]:
        known: dict[str, click.Option] = {}
        commands = [import_module(module).command for module in ("perturb.cli.run", "perturb.cli.check")]
        for command in sorted(commands, key=lambda command: command is self):  # its own options are the last word
            known.update(flags(command))
        return checked(found, {key: _check(option, found) for key, option in known.items()})


def flags(command: click.Command) -> dict[str, click.Option]:
    """The options of a command that may stand in a file of settings, by the key that they have there."""
    options = [param for param in command.params if isinstance(param, click.Option)]
    keys = {str(option.name).replace("_", "-"): option for option in options}
    return {key: option for key, option in keys.items() if key not in NOT_SETTINGS}


def _check(option: click.Option, found: Found) -> Callable[[Any], Any]:
    def one(value: Any) -> Any:
        if option.is_flag:
            if not isinstance(value, bool):
                raise ValueError("it is either true or false")
            return value
        wanted, words = _type_of(option.type)
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise ValueError(f"it must be {words}")
        if isinstance(option.type, click.Path) or (option.name in ("agent", "toolset") and _is_path(str(value))):
            value = from_folder_of(found, str(value))
        try:
            option.type.convert(value, option, None)
        except click.BadParameter as error:
            raise ValueError(error.message) from None
        return value

    def check(value: Any) -> Any:
        if not option.multiple:
            return one(value)
        return [one(each) for each in (value if isinstance(value, list) else [value])]

    return check


def _type_of(kind: click.ParamType[Any]) -> tuple[tuple[type, ...], str]:
    if isinstance(kind, (click.types.FloatParamType, click.FloatRange)):
        return (int, float), "a number"
    if isinstance(kind, (click.types.IntParamType, click.IntRange)):
        return (int,), "a whole number"
    return (str,), "a text"


def _is_path(spec: str) -> bool:
    name = spec.partition(":")[0]  # an option may hold a slash, as names of models do
    return "/" in name or name.endswith(".py")


def command_line(context: click.Context, *, but: frozenset[str]) -> str:
    """The command line that asks for the same again: each option that was given, on the line or in a file of settings, but
    those named in `but`."""
    words = ["perturb", str(context.info_name)]
    for param in context.command.params:
        source = context.get_parameter_source(str(param.name))
        value = context.params.get(str(param.name))
        given = source is click.core.ParameterSource.COMMANDLINE or (
            source is click.core.ParameterSource.DEFAULT_MAP and value != param.default
        )
        if not given or param.name in but or not isinstance(param, click.Option) or value in (None, ()):
            continue
        flag = max(param.opts, key=len)
        if param.is_flag:
            words += [flag] if value else []
            continue
        for one in value if param.multiple else (value,):
            words += [flag, str(one)]
    return shlex.join(words)


def toolset_option(function: F) -> F:
    """`--toolset`, and beside it `--allow-writes`, which becomes part of the name of a server."""

    @wraps(function)
    def with_toolset(*given: Any, allow_writes: bool, **chosen: Any) -> Any:
        if allow_writes:
            chosen["toolset"] = _with_writes(chosen["toolset"])
        return function(*given, **chosen)

    wrapped = click.option(
        "--allow-writes", is_flag=True,
        help="Let a server (mcp:, openapi:) that no command resets change the world for good.",
    )(with_toolset)  # fmt: skip
    return click.option(  # type: ignore[return-value]
        "-t", "--toolset", default="airline", show_default=True, metavar="NAME|PATH|mcp:SERVER|openapi:DOCUMENT",
        help="A toolset: a short name (perturb list toolsets), a Python file, a folder, mcp: with the command, the URL or a "
        "file of mcpServers of an MCP server, or openapi: with the file or the URL of an OpenAPI document; --tasks FILE before "
        "either.",
    )(wrapped)  # fmt: skip


def _with_writes(spec: str) -> str:
    from perturb.errors import ConfigurationError
    from perturb.plugins import SERVERS

    for begins in SERVERS:
        if spec.startswith(begins):
            return f"{begins}--allow-writes {spec.removeprefix(begins)}"
    raise ConfigurationError(f"--allow-writes is about servers (mcp:, openapi:), and toolset {spec!r} is none; leave it out")


def operators_option(function: F) -> F:
    return click.option(
        "-o", "--operators", multiple=True, default=("*",), metavar="PATTERN",
        help="Operators by id or pattern ('tools.*,faults.transient'); every one by default.",
    )(function)  # fmt: skip


def preset_option(function: F) -> F:
    return click.option(
        "--preset", multiple=True, metavar="NAME",
        help="A mixture of operators (perturb list presets); in place of --operators, or beside those that are named.",
    )(function)  # fmt: skip


def chosen_operators(context: click.Context) -> tuple[str, ...]:
    """The patterns that --operators and --preset come to: with presets alone, those that come by default are left out."""
    presets = tuple(f"preset:{name.strip()}" for text in context.params["preset"] for name in text.split(","))
    by_default = context.get_parameter_source("operators") is click.core.ParameterSource.DEFAULT
    if presets and by_default:
        return presets
    return (*(part for text in context.params["operators"] for part in text.split(",")), *presets)


def task_option(function: F) -> F:
    return click.option("--task", multiple=True, metavar="ID", help="Only this task; may be given several times.")(function)


def gate_options(function: F) -> F:
    function = click.option(
        "--per", type=click.Choice(["headline", "axis", "operator"]), default="headline", show_default=True,
        help="What must hold the gate: the headline drop, or the drop of every axis or operator.",
    )(function)  # fmt: skip
    return click.option(
        "--gate", metavar="'drop<=10%'", default=None,
        help="Pass (exit 0) or fail (1) as soon as pairs of episodes make it certain; else inconclusive (3). "
        "Each pair has a clean episode of its own; --trials limits the pairs of each task under each operator.",
    )(function)  # fmt: skip


def gate_of(context: click.Context, *, early_stop: bool = True) -> Gate | None:
    """The gate that the options name; raises `ConfigurationError` for one that cannot be."""
    from perturb.errors import ConfigurationError
    from perturb.gate_pairs import Gate, read_gate

    params = context.params
    given = {name for name in ("per", "no_early_stop", "trials") if _given(context, name)}
    if params["gate"] is None:
        for name in given & {"per", "no_early_stop"}:
            raise ConfigurationError(f"--{name.replace('_', '-')} is about a gate; name it with --gate 'drop<=10%'")
        return None
    trials = params["trials"] if "trials" in given else None
    return Gate(limit=read_gate(params["gate"]), per=params["per"], trials=trials, early_stop=early_stop)


def _given(context: click.Context, name: str) -> bool:
    return name in context.params and context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on standard output.")(function)


def runs_option(function: F) -> F:
    """Where runs lie, for commands that make none; the setting is `out`, as of `perturb run`."""
    return click.option(
        "--runs", "out", type=click.Path(file_okay=False), default=OUT, show_default=True,
        help="The folder of runs, as --out of perturb run names it.",
    )(function)  # fmt: skip


def store_option(function: F) -> F:
    return click.option(
        "--store", type=click.Path(dir_okay=False), default=None,
        help="The file that holds the episodes; episodes.sqlite in the folder of runs by default.",
    )(function)  # fmt: skip


def named_run(opened: Store, prefix: str | None) -> str:
    """The run that a unique prefix names, or the latest."""
    from perturb.errors import ConfigurationError, nearest

    runs = [name for name, _, _ in opened.runs()]
    if not runs:
        raise ConfigurationError(f"there is no run in {opened.path} yet; `perturb run` makes one")
    if prefix is None:
        return runs[0]
    found = [name for name in runs if name.startswith(prefix)]
    if len(found) == 1 or prefix in found:
        return prefix if prefix in found else found[0]
    if found:
        raise ConfigurationError(f"{prefix!r} begins the names of {len(found)} runs: {', '.join(found)}; give more of it")
    raise ConfigurationError(f"there is no run {prefix!r} in {opened.path}; {nearest(prefix, runs)}")
