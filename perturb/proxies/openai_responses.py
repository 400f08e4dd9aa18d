"""Responses, as a client sends them and as their provider does."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count

from perturb.proxies.openai_chat import arguments_of, text_alone, text_of
from perturb.proxies.openai_records import Asked, BadRequest, Entry, Given, Other, Raw, Said, Turn
from perturb.proxies.openai_responses_stream import ResponsesStream

_NUMBERS = count(1)


class Responses:
    """See `perturb.proxies.openai_records.Wire`."""

    path = "responses"
    history = "input"

    def check(self, body: Raw) -> None:
        if body.get("background"):
            raise BadRequest("perturb proxy carries no responses in the background: leave 'background' out")
        if not isinstance(body.get("input", ""), (str, list)):
            raise BadRequest("'input' must be a text or a list")

    def entries(self, body: Raw) -> list[Entry]:
        given = body.get("input")
        items = [self.message("user", given)] if isinstance(given, str) else list(given or ())
        made: list[Entry] = []
        turn: list[Raw] = []

        def end_turn() -> None:
            if turn:
                made.append(self._turn(turn))
                turn.clear()

        for raw in items:
            if not isinstance(raw, dict):
                raise BadRequest("'input' must be a list of objects")
            role, kind = raw.get("role"), raw.get("type")
            if role == "assistant" or kind in ("reasoning", "function_call"):
                turn.append(raw)
                continue
            end_turn()
            if kind == "function_call_output":
                made.append(Given(str(raw.get("call_id")), text_of(raw.get("output")), raw))
            elif role in ("system", "developer", "user"):
                made.append(Said(role, text_alone(raw.get("content")), raw))
            else:
                made.append(Other(raw))
        end_turn()
        return made

    def _turn(self, raws: Sequence[Raw]) -> Turn:
        calls = tuple(
            Asked(str(raw.get("call_id") or ""), str(raw.get("name") or ""), arguments_of(raw.get("arguments")))
            for raw in raws
            if raw.get("type") == "function_call"
        )
        text = "".join(text_of(raw.get("content")) for raw in raws if raw.get("role") == "assistant")
        return Turn(text, calls, tuple(raws))

    def call_raws(self, turn: Turn) -> list[Raw]:
        return [raw for raw in turn.raws if raw.get("type") == "function_call"]

    def instructions(self, body: Raw) -> str | None:
        text = body.get("instructions")
        return text if isinstance(text, str) else None

    def earlier(self, body: Raw) -> str | None:
        id = body.get("previous_response_id")
        return id if isinstance(id, str) else None

    def functions(self, body: Raw) -> list[Raw]:
        return [
            {name: value for name, value in one.items() if name != "type"}
            for one in body.get("tools") or ()
            if isinstance(one, dict) and one.get("type") == "function"
        ]

    def with_tools(self, body: Raw, functions: Sequence[Raw], shown_name: Mapping[str, str]) -> Raw:
        others = [one for one in body.get("tools") or () if not isinstance(one, dict) or one.get("type") != "function"]
        made = {**body, "tools": [*({"type": "function", **one} for one in functions), *others]}
        choice = body.get("tool_choice")
        if isinstance(choice, dict) and choice.get("type") == "function":
            made["tool_choice"] = {**choice, "name": shown_name.get(choice.get("name", ""), choice.get("name"))}
        elif isinstance(choice, dict) and isinstance(choice.get("tools"), list):
            tools = [
                {**one, "name": shown_name.get(one.get("name", ""), one.get("name"))}
                if isinstance(one, dict) and one.get("type") == "function"
                else one
                for one in choice["tools"]
            ]
            made["tool_choice"] = {**choice, "tools": tools}
        return made

    def message(self, role: str, text: str) -> Raw:
        return {"role": role, "content": text}

    def with_text(self, raw: Raw, text: str) -> Raw:
        content = raw.get("content")
        return {**raw, "content": [{**content[0], "text": text}] if isinstance(content, list) and content else text}

    def with_calls(self, raws: Sequence[Raw], calls: Sequence[Raw]) -> list[Raw]:
        """The calls stand where the first of them stood."""
        made: list[Raw] = []
        left = list(calls)
        for raw in raws:
            if raw.get("type") != "function_call":
                made.append(raw)
            else:
                made += left
                left = []
        return [*made, *left]

    def turn_with_text(self, raws: Sequence[Raw], text: str) -> list[Raw]:
        """The text stands in the first message; of others with text nothing is left."""
        made: list[Raw] = []
        left: str | None = text
        for raw in raws:
            if raw.get("role") != "assistant" or not text_of(raw.get("content")):
                made.append(raw)
            elif left is not None:
                content = raw["content"]
                part = {**content[0], "text": left} | ({"annotations": []} if "annotations" in content[0] else {})
                made.append({**raw, "content": [part] if isinstance(content, list) else left})
                left = None
        return made

    def call(self, asked: Asked, like: Raw | None = None) -> Raw:
        made: Raw = {"type": "function_call", **(like or {})}
        if like is not None and "id" in like and like.get("call_id") != asked.id:
            made["id"] = f"fc_{asked.id}"
        return {**made, "call_id": asked.id, "name": asked.name, "arguments": asked.arguments}

    def result(self, id: str, text: str, like: Raw | None = None) -> Raw:
        if like is not None:
            return {**like, "call_id": id}
        return {"type": "function_call_output", "call_id": id, "output": text}

    def turn(self, response: Raw) -> Turn:
        output = response.get("output")
        if not isinstance(output, list) or not all(isinstance(raw, dict) for raw in output):
            raise ValueError("the response holds no output")
        return self._turn(output)

    def handed(self, response: Raw, calls: Sequence[Raw], text: str | None, usage: Raw | None) -> Raw:
        output = self.with_calls(response["output"], calls)
        if text is not None:
            output = self.turn_with_text(output, text)
        return {**response, "output": output} | ({} if usage is None else {"usage": usage})

    def made(self, body: Raw, calls: Sequence[Raw]) -> Raw:
        return {
            "id": f"resp_perturb_{next(_NUMBERS)}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "metadata": body.get("metadata") or {},
            "model": body.get("model", ""),
            "output": list(calls),
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": body.get("previous_response_id"),
            "store": body.get("store", True),
            "temperature": body.get("temperature"),
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools") or [],
            "top_p": body.get("top_p"),
            "usage": {
                "input_tokens": 0,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 0,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 0,
            },
        }

    def usage(self, response: Raw) -> tuple[int, int, int, int] | None:
        used = response.get("usage")
        if not isinstance(used, dict):
            return None
        of_input, of_output = used.get("input_tokens_details") or {}, used.get("output_tokens_details") or {}
        return (
            used.get("input_tokens") or 0,
            used.get("output_tokens") or 0,
            of_input.get("cached_tokens") or 0,
            of_output.get("reasoning_tokens") or 0,
        )

    def reasoning(self, response: Raw) -> str:
        parts = [
            part
            for item in response["output"]
            if item.get("type") == "reasoning"
            for part in (*(item.get("summary") or ()), *(item.get("content") or ()))
        ]
        return "\n\n".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))

    def stream(self, passes_text: bool) -> ResponsesStream:
        return ResponsesStream(passes_text)
