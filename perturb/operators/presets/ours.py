"""Our own presets: changes that come together when a vendor, a version, a catalogue or a day is another one."""

from __future__ import annotations

from perturb.operators.presets.members import Member, OneOf
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.preset import Preset

_PAGE = 4
"""Rows of a page at most: lists that toolsets have are short, and smaller pages would not be a vendor's."""
_MANY = 60
"""Tools of other servers in a catalogue: on average four of each of the fifteen trades in the bank."""


def _one(name: str, summary: str, *members: Member | OneOf, least: int = 2) -> Preset:
    """A preset of a single mixture, which has its name."""
    return Preset(name, summary, (Mixture(name, summary, members, least),))


def _house(names: str, errors: str, pages: str, arguments: str = "snake", keys: str = "snake") -> tuple[Member, ...]:
    """What one vendor gives an API: the grammar of its tools' names, its errors, its pages, and how it spells all names."""
    return (
        Member("tools.vendor_style", fixed={"house": names}, needed=True),
        *_spelling(arguments, keys),
        *_contract(errors, pages),
    )


def _spelling(arguments: str, keys: str) -> tuple[Member, ...]:
    return (
        Member("arguments.synonym"),
        Member("arguments.case_style", fixed={"style": arguments}),
        Member("arguments.recode_enum"),
        Member("results.rename_keys"),
        Member("results.key_style", fixed={"style": keys}),
    )


def _contract(errors: str, pages: str) -> tuple[Member, ...]:
    return (
        Member("results.paginate", fixed={"house": pages, "largest": _PAGE}),
        Member("errors.style", fixed={"style": errors}, needed=True),
    )


VENDORS: dict[str, tuple[Member, ...]] = {
    "stripe": (*_house("stripe", errors="stripe", pages="stripe"), Member("results.identifiers")),
    "google_rest": _house("google_rest", errors="google", pages="google_rest", arguments="camel", keys="camel"),
    "google_rpc": _house("google_rpc", errors="google", pages="google_rpc"),
    "aws": _house("aws", errors="aws", pages="aws", arguments="pascal", keys="pascal"),
    "graphql": (
        Member("tools.synonym", needed=True),
        Member("tools.case_style", fixed={"style": "camel"}),
        *_spelling("camel", "camel"),
        *_contract("graphql", "relay"),
        Member("results.envelope", fixed={"wrapper": "graphql"}, needed=True),
    ),
}
"""Vendors with a grammar for everything that an agent sees; GraphQL names fields in words of the schema's own."""

OURS: tuple[Preset, ...] = (
    _one(
        "vendor-swap",
        "One vendor's API in the place of another's: names, arguments, results, errors and pages, all in one house's grammar.",
        OneOf("vendor", VENDORS),
    ),
    _one(
        "api-v2",
        "A plausible next version of the same API: named by resource, with some other words, bodies nested, values recoded, "
        "pages introduced, and errors as problem details.",
        Member("tools.vendor_style", fixed={"house": "stripe"}),
        Member("arguments.synonym", 0.3, alike=True),
        Member("arguments.nest", 0.3),
        Member("arguments.recode_enum", 0.5),
        Member("results.rename_keys", 0.3, alike=True),
        Member("results.nest", 0.5),
        Member("results.paginate", fixed={"largest": _PAGE}),
        Member("errors.style", fixed={"style": "problem"}),
    ),
    _one(
        "mcp-catalogue",
        "The tools among those of many servers behind an MCP client: every name with its server's, in no order, most of them "
        "to be searched for.",
        Member("tools.prefix", needed=True),
        Member("toolset.distractors", fixed={"most": _MANY}, needed=True),
        Member("toolset.shuffle"),
        Member("toolset.search", 0.8, needed=True),
    ),
    _one(
        "rough-day",
        "A service under load: calls fail for a while, are limited, take long, or come back late or cut off, and logs show it.",
        Member("faults.transient", 0.4),
        Member("faults.rate_limit", 0.3),
        Member("faults.timeout", 0.2),
        Member("faults.slow", 0.3),
        Member("faults.malformed", 0.2),
        Member("results.log_noise", 0.5),
    ),
)
