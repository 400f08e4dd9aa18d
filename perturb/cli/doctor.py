"""`perturb doctor`: what an endpoint really does with tools, streams and reasoning."""

from __future__ import annotations

import json
from typing import Any

import click

from perturb.cli.model_options import BodyField, Header, fields_of, headers_of
from perturb.cli.options import json_option

EXAMPLES = """\b
Examples:
  perturb doctor --base-url http://127.0.0.1:8000/v1                       the model that a server of one's own serves
  perturb doctor --model gpt-5-mini --api responses                        with the key in OPENAI_API_KEY
  perturb doctor --base-url https://api.minimax.io/v1 --model MiniMax-M2   which field takes thinking back, and the settings
"""


@click.command("doctor", epilog=EXAMPLES, short_help="What an endpoint really does with tools and reasoning.")
@click.option("--base-url", default=None, metavar="URL", help="The endpoint, where it is not the SDK's own.")
@click.option("--model", default=None, metavar="M", help="The model; the endpoint's only one by default.")
@click.option(
    "--api", type=click.Choice(["chat", "responses", "anthropic"]), default="chat", show_default=True,
    help="The wire format.",
)  # fmt: skip
@click.option("--body", type=BodyField(), multiple=True, help="A further field of every request, as in reasoning_effort=high.")
@click.option("--header", type=Header(), multiple=True, help="A header that holds no secret.")
@click.option(
    "--request-timeout", type=click.FloatRange(0.0, min_open=True), default=120.0, show_default=True,
    help="Seconds for one response.",
)  # fmt: skip
@json_option
def command(as_json: bool, **chosen: Any) -> None:
    """Ask an endpoint what it does: tools, parallel calls, strict schemas, streams, which field its reasoning comes in and
    which one it reads when that is sent back, the limits on names and schemas, the numbers of usage.

    The page ends with the run whose settings fit. It costs a few dozen short requests, which are counted before the first is
    sent. The key is read from the environment variable of the SDK, and shown nowhere.
    """
    import anyio
    import msgspec

    from perturb.diagnosis.examining import examine, most
    from perturb.diagnosis.line import models_at
    from perturb.diagnosis.page import page
    from perturb.errors import ConfigurationError
    from perturb.models.settings import ModelSettings, checked

    settings = checked(
        ModelSettings(
            base_url=chosen["base_url"],
            body=fields_of(chosen["body"]),
            headers=headers_of(chosen["header"]),
            request_timeout=chosen["request_timeout"],
        )
    )
    model = chosen["model"]
    if not model:
        listed = anyio.run(models_at, chosen["api"], settings)
        if len(listed) > 1:
            shown = ", ".join(listed[:12]) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "")
            raise ConfigurationError(f"the endpoint has {len(listed)} models; name one with --model: {shown}")
        model = listed[0]
    number = most(chosen["api"])
    click.echo(
        f"at most {number} short requests to {model!r}, fewer where little is refused; one that fails is sent anew", err=True
    )

    async def go() -> Any:
        return await examine(chosen["api"], model, settings, began=lambda group: click.echo(f"asking: {group}", err=True))

    diagnosis = anyio.run(go)
    click.echo(json.dumps(msgspec.to_builtins(diagnosis), ensure_ascii=False, indent=2) if as_json else page(diagnosis))
