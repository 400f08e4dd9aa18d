"""What tokens cost: from the table of `genai-prices`, which comes with that package, or as a user gives it."""

from __future__ import annotations

from collections.abc import Callable

from perturb.models.records import Tokens
from perturb.models.settings import ModelSettings

Price = Callable[[Tokens], "float | None"]
"""The US dollars of the tokens of a response; `None` for numbers that the table has no price for."""

_OWN = {"https://api.openai.com/v1": "openai", "https://api.anthropic.com": "anthropic"}


def price_of(model: str, endpoint: str, settings: ModelSettings) -> Price | None:
    """How tokens of a model are priced at an endpoint; `None` where nobody knows.

    A price is a provider's: the same weights on a server of one's own cost something else, so the endpoint must be known.
    """
    if settings.price is not None:
        into, out = settings.price
        return lambda tokens: (tokens.input * into + tokens.output * out) / 1e6
    from genai_prices import Usage, calc_price

    provider = _OWN.get(endpoint)

    def price(tokens: Tokens) -> float | None:
        usage = Usage(
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cached or None,
            cache_write_tokens=tokens.written or None,
        )
        try:
            if provider is not None:
                return float(calc_price(usage, model_ref=model, provider_id=provider).total_price)
            return float(calc_price(usage, model_ref=model, provider_api_url=endpoint).total_price)
        except (LookupError, ValueError):  # the latter for numbers that cannot be, such as more read from a cache than at all
            return None

    return None if price(Tokens(input=1, output=1)) is None else price
