"""The command line, `perturb`: one file a command, each imported when it is asked for.

Nothing here or at the top of a command's file imports more than `click`: the work is imported where it is done.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from perturb import __version__
from perturb.errors import PerturbError, nearest
from perturb.kept import collect_less

COMMANDS: dict[str, str] = {
    "run": "perturb.cli.run",
    "check": "perturb.cli.check",
    "plan": "perturb.cli.plan",
    "search": "perturb.cli.search",
    "show": "perturb.cli.show",
    "list": "perturb.cli.listing",
    "report": "perturb.cli.report",
    "compare": "perturb.cli.compare",
    "replay": "perturb.cli.replay",
    "import": "perturb.cli.import_episodes",
    "exposure": "perturb.cli.exposure",
    "export": "perturb.cli.export",
    "paraphrase": "perturb.cli.paraphrase",
    "init": "perturb.cli.init",
    "doctor": "perturb.cli.doctor",
    "serve-reference": "perturb.cli.serve_reference",
    "proxy": "perturb.cli.proxy",
}
"""Each command with the module that holds it as `command`, in the order in which help names them."""

HELD, FAILED, MISTAKEN, INCONCLUSIVE = 0, 1, 2, 3
"""The exit status: all is well, a gate failed, what was asked for is wrong, there is no answer (interrupted, …)."""
BROKEN_PIPE = 141


class ReaderGone(Exception):
    """Whoever read our output has had enough of it. No `OSError`, since click ends the process with 1 for such a one."""


class Commands(click.Group):
    """The group of all commands, each found by its name in `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(f"there is no command {args[0]!r}; {nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="perturb")
def perturb() -> None:
    """Measure how much success an agent that calls tools loses when its setup is unfamiliar.

    \b
    perturb run                              the whole job on the airline toolset, with no key and no network
    perturb run --agent mine.py:agent        the same for an agent of your own
    perturb check --toolset airline          prove that every task stays solvable
    perturb plan --detect 10%                how many episodes that takes
    perturb search --agent mine.py:agent     the smallest perturbation that breaks it
    perturb show tools.synonym               what a perturbation does, before and after

    Exit status: 0 held, 1 the gate failed, 2 the configuration is wrong, 3 no answer: interrupted, inconclusive, or the
    infrastructure failed.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit status."""
    collect_less()
    _leave(status_of(arguments))


def status_of(arguments: Sequence[str] | None) -> int:
    """What a command line ends with. Errors become one message each; a traceback is shown for a defect of ours alone."""
    try:
        status = perturb.main(args=arguments, prog_name="perturb", standalone_mode=False)
        sys.stdout.flush()
        return int(status or HELD)
    except (ReaderGone, BrokenPipeError):
        # Nothing that is flushed later may complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("interrupted; run the same command again to go on", file=sys.stderr)
        return INCONCLUSIVE
    except PerturbError as error:
        if os.environ.get("PERTURB_TRACEBACK"):
            _traceback()
        print(f"perturb: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        if error.filename is None:
            return _defect(error)
        print(
            f"perturb: {error.filename} cannot be used: {error.strerror}; finished episodes are kept, so make room or name "
            "another place, and run the same command again",
            file=sys.stderr,
        )
        return INCONCLUSIVE
    except Exception as error:
        return _defect(error)


def _defect(error: Exception) -> int:
    """Say that an error is ours, with all that is needed to mend it."""
    _traceback()
    print(
        f"perturb: this is a defect of Perturb {__version__}, not of yours: {type(error).__name__}: {error}\n"
        "Please report it with the lines above and the command that you ran.",
        file=sys.stderr,
    )
    return INCONCLUSIVE


def _traceback() -> None:
    import traceback

    traceback.print_exc()


def _leave(status: int) -> None:
    """Exit, also where a thread is left that an agent never returned from: it would hold the process up for ever."""
    import threading

    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)
    sys.exit(status)
