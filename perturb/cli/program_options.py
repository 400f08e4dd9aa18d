"""The options of a program under test: what starts it, what it is to do, where its model is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from perturb.proxies.programs import ProgramSettings

F = TypeVar("F", bound=Callable[..., Any])


def program_options(function: F) -> F:
    """Give a command the options of a program under test."""
    options = [
        click.option(
            "--agent-command", default=None, metavar="'COMMAND'",
            help="In place of --agent: a program in any language, started once for each episode, that asks its model at "
            "OPENAI_BASE_URL and runs its own tools; 0 as its exit status says that the task is done.",
        ),
        click.option(
            "--tasks", type=click.Path(dir_okay=False), default=None, metavar="FILE",
            help="What the program is to do, a JSON object a line with a prompt; its tools are learnt from its first request.",
        ),
        click.option(
            "--upstream", default=None, metavar="URL",
            help="The provider that the program's model is asked at; OPENAI_BASE_URL by default, or OpenAI's own.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def program_of(context: click.Context, *, toolset_named: bool = False) -> ProgramSettings | None:
    """The program that the options name; with `toolset_named` a file says already which toolset it runs the tools of. Raises
    `ConfigurationError` for options that do not go together."""
    from perturb.errors import ConfigurationError
    from perturb.proxies.programs import OPENAI, ProgramSettings

    params = context.params

    def given(name: str) -> bool:
        return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE

    if params["agent_command"] is None:
        for name in ("tasks", "upstream"):
            if params[name] is not None:
                raise ConfigurationError(f"--{name} is about a program; name that with --agent-command 'python my_agent.py'")
        return None
    if given("agent"):
        raise ConfigurationError("--agent and --agent-command are two agents; leave one of them out")
    if params["tasks"] is not None and given("toolset"):
        raise ConfigurationError("--tasks and --toolset are two ways to name tasks; leave one of them out")
    nobody_said = context.get_parameter_source("toolset") is click.core.ParameterSource.DEFAULT and not toolset_named
    if params["tasks"] is None and nobody_said:
        raise ConfigurationError(
            "nobody has said what the program is to do: name its tasks with --tasks FILE, or with --toolset NAME where it runs "
            "the tools of one itself"
        )
    return ProgramSettings(
        command=params["agent_command"],
        upstream=params["upstream"] or os.environ.get("OPENAI_BASE_URL") or OPENAI,
        tasks=None if params["tasks"] is None else Path(params["tasks"]),
    )
