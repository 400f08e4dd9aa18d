"""`perturb proxy mcp`: an MCP server, perturbed for any client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perturb.cli.options import OUT, json_option, store_option
from perturb.cli.proxy_options import address, shown_options, wanted

if TYPE_CHECKING:
    from perturb.mcp.connecting import Server
    from perturb.proxies.mcp_proxy import Proxy

EXAMPLES = """\b
Examples:
  perturb proxy mcp --operators tools.opaque -- npx @modelcontextprotocol/server-filesystem DIR
  perturb proxy mcp --preset vendor-swap --upstream https://example.com/mcp --header "Authorization: Bearer TOKEN"
  perturb proxy mcp --operators 'results.paginate,faults.transient' --http 127.0.0.1:8930 -- python server.py
  perturb proxy mcp --plan reports/runs/24eada/plans/tools.opaque-12-0.json --upstream mcp.json

\b
In the settings of an MCP client, where it has
  "command": "npx", "args": ["@modelcontextprotocol/server-filesystem", "DIR"]
write
  "command": "perturb", "args": ["proxy", "mcp", "--operators", "tools.opaque", "--store", "FILE", "--", "npx", …]
"""


@click.command(
    "mcp", epilog=EXAMPLES, short_help="An MCP server, perturbed for any client.",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)  # fmt: skip
@click.argument("words", metavar="[-- COMMAND ARGS…]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--upstream", default=None, metavar="URL|FILE",
    help="In place of a command: where the server listens, or a file of mcpServers as MCP clients have it.",
)  # fmt: skip
@click.option(
    "--header", multiple=True, metavar="'NAME: VALUE'",
    help="Sent with each request to --upstream; the login that a client sends over HTTP goes along by itself.",
)  # fmt: skip
@click.option(
    "--http", default=None, metavar="[HOST:]PORT",
    help="Serve over streamable HTTP at /mcp, in place of standard input and output; port 0 takes a free one.",
)  # fmt: skip
@shown_options
@store_option
@json_option
def command(words: tuple[str, ...], http: str | None, store: str | None, as_json: bool, **chosen: Any) -> None:
    """Stand before an MCP server and show any client its tools, results and errors perturbed.

    Each client has a session of its own with the server, and pages, faults and migrations of its own. Resources, prompts,
    completions and logging pass through. What passed is kept in the store, an episode a session; nobody judges it.

    With --json the URL that --http serves at is printed, and the plan.
    """
    import anyio

    from perturb.errors import ConfigurationError, PerturbError, first_of
    from perturb.mcp.extra import needs_mcp
    from perturb.store import Store

    with needs_mcp():
        from perturb.proxies.mcp_proxy import Proxy, introduced

    if as_json and http is None:
        raise ConfigurationError("standard output is where the client listens; --json goes with --http")
    server = _server(words, chosen)
    asked = wanted(chosen)
    at = None if http is None else address("--http", http)
    path = Path(store or Path(OUT) / "episodes.sqlite")
    path.parent.mkdir(parents=True, exist_ok=True)
    with Store(path) as opened:
        try:
            proxy = Proxy(server, anyio.run(introduced, server), asked, opened)
            _say(proxy, path)
            _serve(proxy, at, as_json)
        except BaseExceptionGroup as group:
            first = first_of(group)
            if isinstance(first, (PerturbError, KeyboardInterrupt)):
                raise first from None
            raise


def _server(words: tuple[str, ...], chosen: dict[str, Any]) -> Server:
    from perturb.errors import ConfigurationError
    from perturb.mcp.connecting import server_of_command
    from perturb.mcp.files import server_named

    upstream = chosen["upstream"]
    if bool(words) == (upstream is not None):
        raise ConfigurationError("name one server: its command behind --, or its URL or a file of mcpServers as --upstream")
    if words:
        if chosen["header"]:
            raise ConfigurationError("--header goes with an --upstream that is reached over HTTP; a command has none")
        return server_of_command(words)
    headers = {}
    for text in chosen["header"]:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise ConfigurationError(f"--header {text.split(' ')[0]!r} is no header; write 'NAME: VALUE'")
        headers[name.strip()] = value.strip()
    return server_named(upstream).with_headers(headers)


def _say(proxy: Proxy, path: Path) -> None:
    """Tell on standard error what is shown: standard output may be the wire."""
    operator, known = proxy.drawn.operator, proxy.known
    real = {tool.name for tool in known.tools}
    shown = [tool.name for tool in proxy.setup.tools]
    what = "nothing is changed" if operator is None else f"{operator.id} ({operator.kind})"
    names = sum(name not in real for name in shown)
    click.echo(f"perturb: {known.info.name}: {what}; {len(shown)} tools, {names} with new names; kept in {path}", err=True)
    for name, reason in proxy.toolset.apart.items():
        click.echo(f"perturb: {name} is passed on as it is: {reason}", err=True)
    for name, reason in proxy.drawn.left_out.items():
        click.echo(f"perturb: {name} is left out: {reason}", err=True)


def _serve(proxy: Proxy, address: tuple[str, int] | None, as_json: bool) -> None:
    import anyio

    from perturb.proxies.mcp_proxy import PATH, http_app, serve_stdio

    if address is None:
        anyio.run(serve_stdio, proxy)
        return
    import uvicorn

    from perturb.serving.server import bound

    sock = bound(*address, flag="--http")
    host, port = sock.getsockname()[:2]
    url = f"http://{host}:{port}{PATH}"
    if as_json:
        operator = proxy.drawn.operator
        told = {"url": url, "plan": None if operator is None else operator.to_json(), "left_out": proxy.drawn.left_out}
        click.echo(json.dumps(told))
    else:
        click.echo(f"serving {proxy.known.info.name} at {url}", err=True)
    config = uvicorn.Config(
        http_app(proxy, host), ws="none", lifespan="on", log_level="error", timeout_graceful_shutdown=2, timeout_keep_alive=300
    )
    uvicorn.Server(config).run(sockets=[sock])
