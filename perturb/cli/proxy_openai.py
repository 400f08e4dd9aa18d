"""`perturb proxy openai`: a model behind the OpenAI wire, to which an agent in any language is shown perturbed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from perturb.cli.options import OUT, json_option, store_option
from perturb.cli.proxy_options import address, shown_options, wanted

EXAMPLES = """\b
Examples:
  perturb proxy openai --upstream https://api.openai.com/v1 --operators tools.opaque
  perturb proxy openai --upstream http://127.0.0.1:8000/v1 --preset vendor-swap --listen 8940
  perturb proxy openai --upstream URL --toolset mine.py --operators 'results.*'    what its tools return is known
  perturb proxy openai --upstream URL --plan reports/runs/24eada/plans/tools.opaque-12-0.json

\b
The agent changes its base URL, and nothing else:
  OPENAI_BASE_URL=http://127.0.0.1:8940/v1 node my-agent.js
With /episodes/ID/v1, or the header X-Perturb-Episode: ID, it says which episode a request is of; else the words tell.
  curl -X POST http://127.0.0.1:8940/perturb/episodes/ID/outcome -d '{"passed": true}'
"""


@click.command("openai", epilog=EXAMPLES, short_help="A model behind the OpenAI wire, for an agent in any language.")
@click.option("--upstream", required=True, metavar="URL", help="The provider's base URL, with /v1 where it has one.")
@click.option(
    "--toolset-from-requests", is_flag=True,
    help="Learn the tools from the first request of each episode; so it is without --toolset.",
)  # fmt: skip
@click.option(
    "-t", "--toolset", default=None, metavar="NAME|PATH",
    help="The toolset whose tools the agent offers: what it declares of results, units and dates can be perturbed too.",
)  # fmt: skip
@click.option(
    "--listen", default="8940", show_default=True, metavar="[HOST:]PORT",
    help="Where the agent finds the proxy; 0 takes a free port.",
)  # fmt: skip
@shown_options
@store_option
@json_option
def command(
    upstream: str, toolset_from_requests: bool, toolset: str | None, store: str | None, as_json: bool, **chosen: Any
) -> None:
    """Stand between an agent and its model, over Chat Completions and Responses.

    The model sees the agent's tools, prompts, results and errors perturbed; the agent gets calls of its own tools back, and
    never learns of it. What an operator answers by itself, and calls that cannot be read, go back to the model alone. Each
    episode is kept in the store; the login of the agent goes to the provider, and nowhere else.

    With --json the URL is printed.
    """
    from perturb.errors import ConfigurationError
    from perturb.loading import load_toolset
    from perturb.proxies.extra import needs_serve
    from perturb.store import Store

    with needs_serve():
        from perturb.proxies.openai_drawing import DrawnEpisodes
        from perturb.proxies.openai_server import serve

    if toolset_from_requests and toolset is not None:
        raise ConfigurationError("--toolset names the tools, --toolset-from-requests learns them; leave one of them out")
    asked = wanted(chosen)
    known = None if toolset is None else load_toolset(toolset)
    _readable(asked)
    at = address("--listen", chosen["listen"])
    path = Path(store or Path(OUT) / "episodes.sqlite")
    path.parent.mkdir(parents=True, exist_ok=True)

    def listening(url: str) -> None:
        if as_json:
            click.echo(json.dumps({"url": url, "store": str(path)}))
        else:
            _say(f"{upstream} perturbed at {url}; kept in {path}")

    with Store(path) as opened:
        episodes = DrawnEpisodes(asked, known, opened, _say)
        try:
            serve(upstream, episodes, at, listening)
        finally:
            episodes.close()


def _say(message: str) -> None:
    click.echo(f"perturb: {message}", err=True)


def _readable(asked: Any) -> None:
    """Find out before anybody comes whether the plan, or the operators, can be read."""
    from perturb.operators import from_json, select
    from perturb.plan_files import read_plan_file

    if asked.plan is not None and (plan := read_plan_file(asked.plan).plan) is not None:
        from_json(plan)
    if asked.operators:
        select(asked.operators)
