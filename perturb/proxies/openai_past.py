"""What a client and its model have done before the proxy was there, as it would have been done here."""

from __future__ import annotations

import json
from collections.abc import Mapping

from perturb import texts
from perturb.boundary import Boundary
from perturb.proxies.openai_answers import answer_of
from perturb.proxies.openai_records import Asked, Given, Raw, Turn, Wire
from perturb.types import Call, Failure, Tool


class Past:
    """Shows the calls and results of one request that nobody here knows of; `tools` are the client's own."""

    def __init__(self, boundary: Boundary, tools: Mapping[str, Tool], wire: Wire) -> None:
        self._boundary = boundary
        self._tools = tools
        self._wire = wire
        self._calls: dict[str, Call] = {}

    def turn(self, entry: Turn) -> list[Raw]:
        """Calls that were made before the proxy was there, as they would have been made here."""
        calls = []
        for asked, raw in zip(entry.calls, self._wire.call_raws(entry), strict=True):
            try:
                call = Call(asked.name, json.loads(asked.arguments))
            except ValueError:
                call = Call(asked.name)
            if call.name in self._tools and isinstance(call.arguments, dict):
                self._calls[asked.id] = call
                shown, _ = self._boundary.shown_past(call)
                if shown != call:
                    raw = self._wire.call(Asked(asked.id, shown.name, json.dumps(shown.arguments, ensure_ascii=False)), raw)
            calls.append(raw)
        return self._wire.with_calls(entry.raws, calls)

    def result(self, entry: Given) -> Raw:
        """What such a call gave."""
        call = self._calls.get(entry.id)
        if call is None:
            return entry.raw
        answer = answer_of(entry.text, call, self._tools.get(call.name))
        _, shown = self._boundary.shown_past(call, answer)
        if shown is None or shown == answer:
            return entry.raw
        text = texts.failure_text(shown) if isinstance(shown, Failure) else texts.result_text(shown)
        return self._wire.result(entry.id, text)
