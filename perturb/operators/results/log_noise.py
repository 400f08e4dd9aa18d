"""`results.log_noise`: lines of a log stand around the text of a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from perturb import texts
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Setup
from perturb.types import JSON, Axis, Call, Kind, Result, Tool, digest

_BEFORE = (
    "[INFO] connection pool: {n} of 20 in use",
    "[DEBUG] cache miss, reading from the primary replica",
    "[INFO] configuration loaded from the environment ({n} settings)",
    "[WARN] DeprecationWarning: TLS 1.2 will be switched off in a later release",
    "[WARN] clock skew of {n} ms against the time server; continuing",
    "[DEBUG] retry policy: exponential backoff, at most 3 attempts",
    "[INFO] feature flags refreshed",
)
_AFTER = (
    "[INFO] request completed in {n} ms",
    "[DEBUG] connection returned to the pool",
    "[WARN] metrics exporter is behind by {n} batches",
    "[INFO] trace sampled: no",
    "[DEBUG] garbage collection: {n} ms",
)


class LogNoise(Operator, frozen=True, kw_only=True):
    """The text of a result stands between lines of the server's log, as a server shows that writes its log to the same stream.

    Before: `{"name": "Ada"}`
    After: `[WARN] clock skew of 31 ms …`, `{"name": "Ada"}`, `[INFO] request completed in 87 ms`, each on its own line

    Structured content stays clean, and so do failures. The lines are the same at each call. Places are tools; intensity is
    the share of them. Does not apply where there are no tools.
    """

    id: ClassVar[str] = "results.log_noise"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "noise"
    promises: ClassVar[Kind] = "distraction"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="reply",
            plan={
                "op": "results.log_noise",
                "version": 1,
                "before": {"get_user": ["[INFO] connection pool: 4 of 20 in use"]},
                "after": {"get_user": ["[INFO] request completed in 87 ms"]},
            },
            tool=Tool(name="get_user", description="Look up a user.", effect="read"),
            call=Call("get_user"),
            before={"name": "Ada"},
            after='[INFO] connection pool: 4 of 20 in use\n{"name":"Ada"}\n[INFO] request completed in 87 ms',
        ),
    )

    before: dict[str, list[str]] = msgspec.field(default_factory=dict)
    after: dict[str, list[str]] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> LogNoise | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        chosen = pick.chosen(places, intensity)
        return cls(
            before={place: _lines(pick, place, "before", _BEFORE, 3) for place in chosen},
            after={place: _lines(pick, place, "after", _AFTER, 2) for place in chosen},
        )

    def lens(self, setup: Setup) -> Lens:
        return LogNoiseLens(setup, self.before, self.after)


def _lines(pick: Pick, place: str, where: str, bank: tuple[str, ...], most: int) -> list[str]:
    key = f"{place} {where}"
    drawn = pick.order(key, bank)[: pick.integer(key, 1, most)]
    return [line.format(n=pick.integer(f"{key} {line}", 2, 19)) for line in drawn]


class LogNoiseLens(Lens):
    """Gives results a renderer that writes the lines around what the renderer within writes."""

    def __init__(self, real: Setup, before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> None:
        super().__init__(real)
        self._before = before
        self._after = after
        self._mark = f"+log-{digest([before, after], 8)}-"

    def show_result(self, call: Call, result: Result) -> Result:
        place = self.real.origin(call)
        if place is None or place not in self._before:
            return result
        name = f"{result.renderer}{self._mark}{place}"
        head, tail, within = self._before[place], self._after.get(place, []), result.renderer

        def render(data: JSON) -> str:
            return "\n".join([*head, texts.result_text(Result(data, within)), *tail])

        texts.register_result(name, render)
        return Result(result.data, name)

    def read_result(self, call: Call, result: Result) -> Result:
        within, mark, _ = result.renderer.rpartition(self._mark)
        return Result(result.data, within) if mark else result
