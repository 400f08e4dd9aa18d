"""Faults on demand: each way in which a provider or a model goes wrong, once by name or at a seeded rate."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from perturb.serving.seen import BadRequest, Move, Wanted

Fault = Literal[
    "rate_limit",
    "rate_limit_seconds",
    "rate_limit_date",
    "server_error",
    "bad_gateway",
    "unavailable",
    "overloaded",
    "cut",
    "reset",
    "hang",
    "malformed",
    "empty_choice",
    "refusal",
    "length",
    "broken_arguments",
    "invented_name",
    "duplicate_ids",
    "refused_schema",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
OF_THE_MODEL: frozenset[str] = frozenset({"refusal", "length", "broken_arguments", "invented_name", "duplicate_ids"})
"""Faults of the response itself: it arrives whole, and is what the model says."""
_WANTED = re.compile(r"(?P<name>\w+)(\*(?P<times>\d+))?(@(?P<turn>\d+))?")
INVENTED = "consult_the_oracle"
"""The tool that no toolset has."""


class Spoiler:
    """Decides which responses are spoiled, and how.

    `rate` is the share of requests, `kinds` what may happen to them. The same request, asked for the same time, meets the
    same fault in every run with the same `seed`.
    """

    def __init__(self, rate: float = 0.0, kinds: Sequence[Fault] = FAULTS, seed: int = 0) -> None:
        self.rate = rate
        self.kinds = tuple(kinds)
        self.seed = seed
        self._asked: Counter[str] = Counter()

    def fault(self, key: str, turn: int, wanted: str | None) -> Fault | None:
        """The fault for a request: the one that it asks for itself, or one by chance.

        `key` tells requests apart, `turn` counts the model's turns from 1. `cut` spoils the first time that each request is
        made, `cut*2` the first two, `cut@3` the first for the third turn.
        """
        self._asked[key] += 1
        if wanted is not None:
            asked = _WANTED.fullmatch(wanted)
            found = next((one for one in FAULTS if asked is not None and one == asked["name"]), None)
            if asked is None or found is None:
                raise BadRequest(f"there is no fault {wanted!r}; there are: {', '.join(FAULTS)}")
            spoils = self._asked[key] <= int(asked["times"] or 1) and turn == int(asked["turn"] or turn)
            return found if spoils else None
        if not self.rate or not self.kinds:
            return None
        chance = random.Random(f"{self.seed}\x1f{key}\x1f{self._asked[key]}")
        return chance.choice(self.kinds) if chance.random() < self.rate else None


def spoiled(move: Move, fault: str) -> Move:
    """A turn that the model got wrong."""
    if fault == "refusal":
        return Move(refusal="I am sorry, but I cannot help with that.")
    if fault == "length":
        return Move(text=move.text[: len(move.text) // 2], thought=move.thought, ended="length")
    if fault == "invented_name":
        return Move(thought=move.thought, calls=(Wanted(INVENTED, '{"question": "what now?"}'),))
    first = move.calls[0] if move.calls else Wanted(INVENTED, '{"question": "what now?"}')
    if fault == "broken_arguments":
        cut = first.arguments[: max(1, len(first.arguments) // 2)]
        return Move(thought=move.thought, calls=(Wanted(first.name, cut.rstrip("}") or "{"),))
    if fault == "duplicate_ids":
        return msgspec.structs.replace(move, text="", calls=(first, Wanted(INVENTED, "{}")))
    return move
