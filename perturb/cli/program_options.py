"""The options of a program under test: what starts it, what it is to do, where its model is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from perturb.proxies.programs import ProgramSettings


def program_of(context: click.Context) -> ProgramSettings | None:
    """The program that the options name. Raises `ConfigurationError` for options that do not go together."""
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
    if params["tasks"] is None and context.get_parameter_source("toolset") is click.core.ParameterSource.DEFAULT:
        raise ConfigurationError(
            "nobody has said what the program is to do: name its tasks with --tasks FILE, or with --toolset NAME where it runs "
            "the tools of one itself"
        )
    return ProgramSettings(
        command=params["agent_command"],
        upstream=params["upstream"] or os.environ.get("OPENAI_BASE_URL") or OPENAI,
        tasks=None if params["tasks"] is None else Path(params["tasks"]),
    )
