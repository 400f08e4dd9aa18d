"""The options of an agent that asks a model: where it is, how it is asked, what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from perturb.models.settings import ModelSettings

F = TypeVar("F", bound=Callable[..., Any])

NAMES = (
    "base_url", "temperature", "top_p", "max_tokens", "body", "header", "stream", "state", "reasoning_field", "pieces",
    "max_turns", "cache", "price", "retries", "patience", "request_timeout",
)  # fmt: skip
"""The options, by the names under which click has them."""


class Price(click.ParamType[str]):
    """US dollars for a million tokens, in and out: `0.3,1.2`."""

    name = "in,out"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            into, out = (float(part) for part in str(value).split(","))
        except ValueError:
            into = out = -1.0
        if not (0 <= into < 1e9 and 0 <= out < 1e9):
            self.fail(f"{value!r} is no price; give the US dollars for a million tokens in and out, as in 0.3,1.2", param, ctx)
        return value


class BodyField(click.ParamType[str]):
    """A field of the request: `name=value`, where the value is JSON, or a text that is none."""

    name = "field=json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).partition("=")[0].strip() or "=" not in str(value):
            self.fail(f"{value!r} is no field of a request; write it as name=value, as in reasoning_effort=high", param, ctx)
        return value


class Header(click.ParamType[str]):
    """A header: `Name: value`."""

    name = "name: value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        name, colon, text = str(value).partition(":")
        if not colon or not name.strip() or not text.strip():
            self.fail("a header is written 'Name: value'", param, ctx)
        return value


def model_options(function: F) -> F:
    """Give a command the options of a model."""
    options = [
        click.option("--base-url", default=None, metavar="URL", help="The model's server, where it is not the SDK's own."),
        click.option("--temperature", type=click.FloatRange(0.0), default=None, help="Sampling, as the server takes it."),
        click.option("--top-p", type=click.FloatRange(0.0, 1.0), default=None),
        click.option("--max-tokens", type=click.IntRange(min=1), default=None, help="Tokens of one response."),
        click.option(
            "--body", type=BodyField(), multiple=True,
            help="Any other field of a request, as in reasoning_split=true; null leaves one out.",
        ),
        click.option("--header", type=Header(), multiple=True, help="A header that holds no secret."),
        click.option("--stream/--no-stream", default=False, help="Have responses streamed."),
        click.option(
            "--state", type=click.Choice(["items", "previous", "encrypted"]), default="items", show_default=True,
            help="How a Responses server is given earlier turns.",
        ),
        click.option(
            "--reasoning-field", type=click.Choice(["reasoning", "reasoning_content", "reasoning_details"]), default=None,
            help="Send reasoning back under this field, not under the one it came in.",
        ),
        click.option(
            "--pieces", type=click.Choice(["auto", "incremental", "cumulative"]), default="auto", show_default=True,
            help="What the pieces of a stream hold: what is new, or all so far.",
        ),
        click.option("--max-turns", type=click.IntRange(min=1), default=100, show_default=True, help="Turns of the model."),
        click.option(
            "--cache", type=click.Choice(["on", "off", "replay-only", "refresh"]), default="on", show_default=True,
            help="Stored responses: use and keep them, neither, use nothing else, or ask for all anew.",
        ),
        click.option("--price", type=Price(), default=None, help="Dollars for a million tokens in and out, as in 0.3,1.2."),
        click.option("--retries", type=click.IntRange(min=0), default=5, show_default=True, help="Of one request."),
        click.option(
            "--patience", type=click.FloatRange(0.0), default=600.0, show_default=True,
            help="Seconds that one request may wait for a busy provider.",
        ),
        click.option(
            "--request-timeout", type=click.FloatRange(0.0, min_open=True), default=180.0, show_default=True,
            help="Seconds for one response.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def settings_of(ctx: click.Context, chosen: dict[str, Any]) -> ModelSettings | None:
    """The settings that were given, on the command line or in a file of settings; `None` where none was.

    Raises `ConfigurationError` for those that cannot be used.
    """
    default = click.core.ParameterSource.DEFAULT
    if all(ctx.get_parameter_source(name) in (default, None) for name in NAMES):
        return None
    from perturb.models.settings import ModelSettings, checked

    sampling = {name: chosen[name] for name in ("temperature", "top_p", "max_tokens") if chosen[name] is not None}
    price = None if chosen["price"] is None else tuple(float(part) for part in chosen["price"].split(","))
    return checked(
        ModelSettings(
            base_url=chosen["base_url"],
            body=sampling | fields_of(chosen["body"]),
            headers=headers_of(chosen["header"]),
            stream=chosen["stream"],
            max_turns=chosen["max_turns"],
            state=chosen["state"],
            reasoning_field=chosen["reasoning_field"],
            cumulative={"auto": None, "incremental": False, "cumulative": True}[chosen["pieces"]],
            cache=chosen["cache"],
            price=price,  # type: ignore[arg-type]
            retries=chosen["retries"],
            patience=chosen["patience"],
            request_timeout=chosen["request_timeout"],
        )
    )


def fields_of(written: Iterable[str]) -> dict[str, Any]:
    """The fields of a request that were given as `name=value`."""
    return {name.strip(): _read(text) for name, _, text in (one.partition("=") for one in written)}


def headers_of(written: Iterable[str]) -> dict[str, str]:
    """The headers that were given as `Name: value`."""
    return {name.strip(): text.strip() for name, _, text in (one.partition(":") for one in written)}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
