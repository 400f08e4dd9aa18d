"""`perturb proxy`: perturb an agent that cannot be changed, on the wire."""

from __future__ import annotations

from importlib import import_module

import click

KINDS = {"mcp": "perturb.cli.proxy_mcp", "openai": "perturb.cli.proxy_openai"}
"""Each kind of proxy with the module that holds it as `command`."""


class Kinds(click.Group):
    """The kinds of proxies, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in KINDS:
            return None
        command: click.Command = import_module(KINDS[cmd_name]).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in KINDS:
            from perturb.errors import nearest

            raise click.UsageError(f"there is no proxy {args[0]!r}; {nearest(args[0], KINDS)}", ctx)
        return super().resolve_command(ctx, args)


EXAMPLES = """\b
Examples:
  perturb proxy mcp --operators tools.opaque -- npx @modelcontextprotocol/server-filesystem DIR
  perturb proxy mcp --preset vendor-swap --upstream https://example.com/mcp
  perturb proxy mcp --http 0 --json -- python server.py       the URL and the plan as JSON
  perturb proxy openai --upstream https://api.openai.com/v1 --operators tools.opaque
"""


@click.command("proxy", cls=Kinds, epilog=EXAMPLES, short_help="Perturb an agent that cannot be changed.")
def command() -> None:
    """Stand between an agent and what it talks to, and show it a perturbed setup."""
