"""The chunks of a chat completion as the message that the server would have sent whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perturb.models.dialect import Unreadable
from perturb.models.joining import joined
from perturb.types import JSON

_PIECES = ("text", "summary", "thinking", "arguments")
"""The fields of a piece of reasoning that grow during a stream; all others are told whole."""


class Assembly:
    """Puts one stream together; `cumulative` as in `perturb.models.joining`."""

    def __init__(self, cumulative: bool | None = None) -> None:
        self.cumulative = cumulative
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, dict[object, dict[str, list[JSON]]]] = {}
        self._plain: dict[str, JSON] = {}
        self._calls: list[_Call] = []
        self._order: dict[str, None] = {}
        self._whole: dict[str, JSON] = {}

    def of(self, chunks: Sequence[JSON]) -> JSON:
        """The response. Raises `Unreadable` where no chunk says why it ended: the stream was cut off."""
        head: dict[str, JSON] = {}
        finish: JSON = None
        usage: JSON = None
        for chunk in chunks:
            if not isinstance(chunk, dict):
                raise Unreadable("a chunk of the stream is no JSON object")
            head |= {name: value for name, value in chunk.items() if name not in ("choices", "usage") and value is not None}
            usage = chunk.get("usage") or usage
            for choice in chunk.get("choices") or ():
                if choice.get("index", 0) != 0:
                    continue
                finish = choice.get("finish_reason") or finish
                self._add(choice.get("delta") or {})
                if isinstance(choice.get("message"), dict):
                    self._whole |= {name: value for name, value in choice["message"].items() if value}
        if finish is None:
            raise Unreadable("the stream ended before the response did")
        choice = {"index": 0, "message": self._message(), "finish_reason": finish}
        body = {**head, "object": "chat.completion", "choices": [choice]}
        return body if usage is None else {**body, "usage": usage}

    def _add(self, delta: dict[str, Any]) -> None:
        for name, value in delta.items():
            self._order.setdefault(name)
            if name == "tool_calls":
                for piece in value or ():
                    self._call(piece)
            elif isinstance(value, list):
                self._extend(name, value)
            elif isinstance(value, str) and name != "role":
                self._texts.setdefault(name, []).append(value)
            elif value is not None or name not in self._plain:
                self._plain[name] = value

    def _extend(self, name: str, items: list[JSON]) -> None:
        """Take in pieces of a list: those with one index and type are one item."""
        kept = self._lists.setdefault(name, {})
        for place, item in enumerate(items):
            if isinstance(item, dict):
                item_key: object = (item.get("index", place if len(items) > 1 else 0), item.get("type"))
                fields = kept.setdefault(item_key, {})
                for field, value in item.items():
                    fields.setdefault(field, []).append(value)
            else:
                kept.setdefault((len(kept), None), {})[""] = [item]

    def _call(self, piece: dict[str, Any]) -> None:
        index, name = piece.get("index"), piece.get("id")
        for call in reversed(self._calls):
            # Servers that give every parallel call one index, or none, tell them apart by their ids.
            same_index = index is None or call.index is None or call.index == index
            if same_index and (not name or not call.id or call.id == name):
                return call.add(piece)
        self._calls.append(_Call(index))
        return self._calls[-1].add(piece)

    def _message(self) -> dict[str, JSON]:
        message: dict[str, JSON] = {}
        for name in self._order:
            if name == "tool_calls":
                message[name] = [call.whole(self.cumulative) for call in self._calls]
            elif name in self._lists:
                message[name] = [self._item(fields) for fields in self._lists[name].values()]
            elif name in self._texts:
                message[name] = joined(self._texts[name], self.cumulative)
            else:
                message[name] = self._plain[name]
        return {"role": "assistant", **message, **self._whole}

    def _item(self, fields: dict[str, list[JSON]]) -> JSON:
        if "" in fields:
            return fields[""][0]
        return {name: self._field(name, values) for name, values in fields.items()}

    def _field(self, name: str, values: list[JSON]) -> JSON:
        if name in _PIECES and all(isinstance(value, str) for value in values):
            return joined(values, self.cumulative)
        return next((value for value in reversed(values) if value is not None), None)


class _Call:
    """One tool call of a stream."""

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id: str | None = None
        self._rest: dict[str, JSON] = {}
        self._function: dict[str, JSON] = {}
        self._names: list[str] = []
        self._arguments: list[str] = []

    def add(self, piece: dict[str, Any]) -> None:
        self.id = self.id or piece.get("id")
        self._rest |= {name: value for name, value in piece.items() if name not in ("index", "function") and value is not None}
        function = piece.get("function") or {}
        if function.get("name"):
            self._names.append(function["name"])
        if isinstance(function.get("arguments"), str):
            self._arguments.append(function["arguments"])
        self._function |= {name: value for name, value in function.items() if name not in ("name", "arguments")}

    def whole(self, cumulative: bool | None) -> JSON:
        name = self._names[0] if len(set(self._names)) == 1 else joined(self._names, cumulative)
        function = {**self._function, "name": name, "arguments": joined(self._arguments, cumulative)}
        return {"type": "function", **self._rest, "id": self.id, "function": function}
