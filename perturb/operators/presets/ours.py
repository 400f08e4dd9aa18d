"""Our own presets: changes that come together when a vendor, a version, a catalogue or a day is another one."""

from __future__ import annotations

from perturb.operators.presets.mixture import Member, Mixture
from perturb.operators.presets.preset import Preset


def _one(name: str, summary: str, *members: str | Member, least: int = 2) -> Preset:
    """A preset of a single mixture, which has its name."""
    listed = tuple(member if isinstance(member, Member) else Member(member) for member in members)
    return Preset(name, summary, (Mixture(name, summary, listed, least),))


OURS: tuple[Preset, ...] = (
    _one(
        "vendor-swap",
        "One vendor's API in the place of another's: names, arguments, results, errors and pages at once.",
        "tools.vendor_style",
        "arguments.synonym",
        "arguments.recode_enum",
        "results.rename_keys",
        "results.paginate",
        "results.envelope",
        "errors.style",
    ),
    _one(
        "api-v2",
        "A plausible next version of the same API: a few names, a nested body, recoded values, pages and error codes.",
        Member("tools.synonym", 0.3),
        Member("arguments.synonym", 0.3),
        Member("arguments.nest", 0.5),
        Member("arguments.recode_enum", 0.5),
        Member("results.rename_keys", 0.3),
        "results.paginate",
        "errors.codes",
    ),
    _one(
        "mcp-catalogue",
        "The tools among many others behind an MCP client: prefixed names, other servers' tools, in no order.",
        "tools.prefix",
        "toolset.distractors",
        "toolset.shuffle",
    ),
    _one(
        "rough-day",
        "A service under load: calls fail for a while, are limited, slow, or cut off.",
        Member("faults.transient", 0.5),
        Member("faults.rate_limit", 0.3),
        Member("faults.slow", 0.3),
        "results.log_noise",
    ),
)
