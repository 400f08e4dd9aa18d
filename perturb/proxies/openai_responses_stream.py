"""The events of a response, as a client gets them while they come in and once a turn is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from perturb.proxies.openai_chat import text_of
from perturb.proxies.openai_records import Raw
from perturb.types import JSON

_ENDS = ("response.completed", "response.incomplete", "response.failed")


class ResponsesStream:
    """See `perturb.proxies.openai_records.Stream`. Of several responses the client sees one, which has the id of the first.

    Where text may pass, so do all events of the items that stand before the first call: of those nothing changes but their
    numbers. Everything else is told anew when the turn is known, in its place behind them.
    """

    def __init__(self, passes_text: bool) -> None:
        self._passes_text = passes_text
        self._numbers = count()
        self._response: Raw | None = None
        self._failed: JSON = None
        self._earlier: list[Raw] = []
        self._passed: dict[int, int] = {}
        self._done: dict[int, Raw] = {}
        self._holds = not passes_text
        self.id: str | None = None
        self.text = ""

    def take(self, event: JSON) -> Iterator[str]:
        if not isinstance(event, dict):
            return
        kind, response, place = event.get("type"), event.get("response"), event.get("output_index")
        if kind in _ENDS and isinstance(response, dict):
            self._response = response
        elif kind == "error":
            self._failed = event
        elif kind == "response.created" and isinstance(response, dict):
            self._begin_another()
            if self.id is None:
                self.id = str(response.get("id"))
                yield self._event("response.created", response=response)
        elif isinstance(place, int):
            yield from self._of_item(event, place)

    def _begin_another(self) -> None:
        """Another response begins: what has passed of the one before stays with the client, what was held is forgotten."""
        passed = [self._done[place] for place in self._passed if place in self._done]
        self._earlier += passed
        self.text = "".join(text_of(item.get("content")) for item in self._earlier if item.get("role") == "assistant")
        self._passed, self._done, self._holds = {}, {}, not self._passes_text

    def _of_item(self, event: Raw, place: int) -> Iterator[str]:
        kind, item = event.get("type"), event.get("item")
        if kind == "response.output_item.added" and isinstance(item, dict):
            # A call is read back first; what comes behind it keeps its place.
            self._holds = self._holds or item.get("type") == "function_call"
            if not self._holds:
                self._passed[place] = len(self._earlier) + len(self._passed)
        if kind == "response.output_item.done" and isinstance(item, dict):
            self._done[place] = item
        if place in self._passed:
            data = {name: value for name, value in event.items() if name not in ("type", "sequence_number")}
            yield self._event(str(kind), **{**data, "output_index": self._passed[place]})

    def whole(self) -> Raw:
        response, self._response = self._response, None
        if response is None:
            why = f"the provider ended with {json.dumps(self._failed)}" if self._failed else "the stream was cut off"
            raise ValueError(why)
        if not response.get("output") and self._done:
            # Some servers leave the items out at the end, since they have sent each of them.
            response = {**response, "output": [self._done[place] for place in sorted(self._done)]}
        if self._passes_text:
            items = [*self._earlier, *(response.get("output") or ())]
            self.text = "".join(text_of(item.get("content")) for item in items if item.get("role") == "assistant")
        return response

    def end(self, handed: Raw) -> Iterator[str]:
        if self.id is None:
            yield self._event("response.created", response={**handed, "status": "in_progress", "output": [], "usage": None})
        else:
            handed = {**handed, "id": self.id}
        output = [*self._earlier, *handed["output"]]
        for place in range(len(self._earlier) + len(self._passed), len(output)):
            yield from self._item(place, output[place])
        kind = {"incomplete": "response.incomplete", "failed": "response.failed"}.get(handed.get("status") or "")
        yield self._event(kind or "response.completed", response={**handed, "output": output})

    def _item(self, place: int, item: Raw) -> Iterator[str]:
        where = {"output_index": place, "item_id": item.get("id", "")}
        kind = item.get("type")
        parts = item.get("content") if kind == "message" else None
        empty: Raw = {"arguments": ""} if kind == "function_call" else {"content": []} if kind == "message" else {}
        started = {**item, **empty} | ({"status": "in_progress"} if "status" in item else {})
        yield self._event("response.output_item.added", output_index=place, item=started)
        if kind == "function_call":
            yield self._event("response.function_call_arguments.delta", **where, delta=item["arguments"])
            yield self._event("response.function_call_arguments.done", **where, name=item["name"], arguments=item["arguments"])
        for index, part in enumerate(parts or ()):
            yield from self._part({**where, "content_index": index}, part)
        yield self._event("response.output_item.done", output_index=place, item=item)

    def _part(self, where: Raw, part: Raw) -> Iterator[str]:
        name = {"output_text": "text", "refusal": "refusal"}.get(str(part.get("type")))
        empty = {**part, name: ""} if name else part
        yield self._event("response.content_part.added", **where, part=empty)
        if name:
            logprobs = {"logprobs": part.get("logprobs") or []} if name == "text" else {}
            told = "output_text" if name == "text" else name
            yield self._event(f"response.{told}.delta", **where, delta=part[name], **logprobs)
            yield self._event(f"response.{told}.done", **where, **{name: part[name]}, **logprobs)
        yield self._event("response.content_part.done", **where, part=part)

    def error(self, message: str) -> Iterator[str]:
        yield self._event("error", code="upstream_error", message=message, param=None)

    def _event(self, kind: str, **fields: Any) -> str:
        data = {"type": kind, "sequence_number": next(self._numbers), **fields}
        return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
