"""ReliabilityBench's levels of perturbed requests (ε) and of faults (λ)."""

from __future__ import annotations

from perturb.operators.presets.members import Member
from perturb.operators.presets.mixture import Mixture
from perturb.operators.presets.preset import Preset

_LIGHT = (Member("user.style"), Member("user.reorder"))
_MEDIUM = (Member("user.paraphrase"), *_LIGHT, Member("user.irrelevant_context", 0.4))
_COMMON = ("faults.timeout", "faults.slow", "faults.rate_limit", "faults.malformed")


def _faults(share: float, *operators: str) -> tuple[Member, ...]:
    """Faults that meet the same share of the tools each."""
    return tuple(Member(one, share, needed=True) for one in operators)


_LAMBDA_1 = _faults(0.075 / 2, "faults.timeout", "faults.slow")
_LAMBDA_2 = _faults(0.175 / 4, *_COMMON)
_DRIFT = Member("toolset.live_migration", 0.275 / 6, {"announced": "error"}, needed=True)
_LAMBDA_3 = (*_faults(0.275 / 6, *_COMMON), _DRIFT)


def _part(name: str, summary: str, *members: Member) -> Mixture:
    return Mixture(f"reliabilitybench/{name}", summary, members)


RELIABILITYBENCH = Preset(
    "reliabilitybench",
    "Requests put otherwise at two levels, services that fail at three, both at once, and each fault alone.",
    (
        _part("epsilon-0.1", "The request in another style and order.", *_LIGHT),
        _part("epsilon-0.2", "The request reworded, in another style and order, with a story that does not matter.", *_MEDIUM),
        _part("lambda-0.1", "Some tools time out, or take long.", *_LAMBDA_1),
        _part("lambda-0.2", "Some tools time out, take long, are limited, or are cut off.", *_LAMBDA_2),
        _part("lambda-0.3", "The same, and one comes to be called otherwise.", *_LAMBDA_3),
        _part("epsilon-0.1-lambda-0.2", "The request of the first level, and the faults of the second.", *_LIGHT, *_LAMBDA_2),
        _part("epsilon-0.2-lambda-0.2", "The request and the faults of the second level.", *_MEDIUM, *_LAMBDA_2),
        _part("timeout", "Some tools time out.", *_faults(0.175, "faults.timeout")),
        _part("rate-limit", "Some tools are limited.", *_faults(0.175, "faults.rate_limit")),
        _part("partial-response", "Some tools are cut off.", *_faults(0.175, "faults.malformed")),
    ),
    source="ReliabilityBench (arXiv 2601.06112)",
    differs="Theirs draws a fault at each call with the rate of its profile (7.5, 17.5, 27.5 %), and a call that is sent "
    "again may meet one again. Here that share of the tools, split evenly over the profile's faults, fails on its first one "
    "to three calls and then works, and a pair whose gold calls meet none of it is left out, so that the rates of `timeout`, "
    "`rate-limit` and `partial-response` are those of runs that met one; in a profile, what tools say of slow jobs is met by "
    "all. A time-out comes before the call is carried out there, after it here, and once; latency is a job to be asked for "
    "again, and drift new names of which an error tells. Cascading faults have no counterpart. Of the request, synonyms and "
    "paraphrases are styles and stored rewordings; other notations of its dates, and corrections in the middle of a task, "
    "have no counterpart. ε 0.3 was left for later by them; λ 0.1 and 0.3 are defined there and not measured. Their repeats "
    "k are trials.",
)
