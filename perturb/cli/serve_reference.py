"""`perturb serve-reference`: the reference agents behind the wire formats of model providers."""

from __future__ import annotations

import json
from typing import Any

import click

from perturb.cli.options import Configured, Finite, json_option, toolset_option

EXAMPLES = """\b
Examples:
  perturb serve-reference --port 8900
  perturb run --agent chat:reader --base-url http://127.0.0.1:8900/v1           in another terminal
  perturb run --agent chat:notekeeper --base-url http://127.0.0.1:8900/minimax/v1 --body reasoning_split=true
  perturb doctor --base-url http://127.0.0.1:8900/vllm/v1 --model obliging
  perturb serve-reference --faults 0.2                                          one response in five is spoiled

\b
Below the root: /v1 (the provider of --provider), /openai/v1, /vllm/v1, /vllm-earlier/v1, /append-think/v1, /minimax/v1,
/deepseek/v1, each also as /NAME-cumulative/v1; /anthropic; and GET /reference/log, what was asked. A request with the header
X-Reference-Fault: KIND is spoiled the first time that it is made; KIND*3 the first three times, KIND@2 in the second turn.
"""


@click.command("serve-reference", cls=Configured, epilog=EXAMPLES, short_help="Serve the reference agents as models.")
@toolset_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8900, show_default=True, help="0 takes a free one.")
@click.option(
    "--provider", default="vllm", show_default=True,
    type=click.Choice(["openai", "vllm", "vllm-earlier", "append-think", "minimax", "deepseek"]),
    help="How reasoning travels below /v1.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Refuse reasoning that does not come back as it was sent.")
@click.option("--latency", type=Finite(min=0.0), default=0.0, show_default=True, help="Seconds before each response.")
@click.option(
    "--faults", type=Finite(0.0, 1.0), default=0.0, show_default=True, help="The share of responses that are spoiled."
)
@click.option("--fault-kinds", default=None, metavar="A,B", help="Only these kinds; every one by default.")
@click.option("--fault-seed", type=int, default=0, show_default=True)
@json_option
def command(as_json: bool, **chosen: Any) -> None:
    """Serve the reference agents over the wire formats of model providers, with no key and no network.

    The agents are the models: reader, adaptive, planner, literal …, and notekeeper, which knows of earlier results only what it
    wrote into the reasoning that is sent back to it. They have learnt the toolset, and see the requests alone. One more,
    obliging, has learnt nothing and makes the calls that a prompt spells out: `perturb doctor` can examine the server with it.
    """
    import anyio

    from perturb.errors import ConfigurationError, nearest

    try:
        from perturb.serving.app import Reference
        from perturb.serving.faults import FAULTS, Spoiler
        from perturb.serving.server import bound, configured, learnt
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in ("starlette", "uvicorn"):
            raise
        raise ConfigurationError(f"serving needs the package {package!r}: pip install 'perturb-agents[serve]'") from None

    kinds = [kind.strip() for kind in chosen["fault_kinds"].split(",")] if chosen["fault_kinds"] else list(FAULTS)
    for kind in kinds:
        if kind not in FAULTS:
            raise ConfigurationError(f"there is no fault {kind!r}; {nearest(kind, FAULTS)}")
    mind_of, models = anyio.run(learnt, chosen["toolset"])
    reference = Reference(
        mind_of,
        models,
        style=chosen["provider"],
        strict=chosen["strict"],
        spoiler=Spoiler(chosen["faults"], kinds, chosen["fault_seed"]),
        latency=chosen["latency"],
    )
    sock = bound(chosen["host"], chosen["port"])
    host, port = sock.getsockname()[:2]
    url = f"http://{host}:{port}/v1"
    if as_json:
        click.echo(json.dumps({"url": url, "models": models}))
    else:
        click.echo(f"serving {', '.join(models)} at {url}", err=True)
    configured(reference).run(sockets=[sock])
