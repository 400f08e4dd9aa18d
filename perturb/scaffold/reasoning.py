"""What of a model's earlier reasoning is sent back to it."""

from __future__ import annotations

from typing import Literal

import msgspec

from perturb.messages import History, Message, Part, Said, Text, Thought, Told, changed, without_thoughts

Reasoning = Literal["keep", "drop_all", "drop_before_last_user", "truncate", "wrong_field"]

KEPT = 80
"""How many characters of a thought are left of one that is truncated."""
_OTHER_FIELD = {"reasoning": "reasoning_content", "reasoning_content": "reasoning", "reasoning_details": "reasoning_content"}
"""Where a chat message takes reasoning of another server; a field that a server does not know it passes over in silence."""


def kept(history: History, policy: Reasoning) -> History:
    """The history with as much of the reasoning as the policy leaves; the same object where that is all of it."""
    if policy == "keep":
        return history
    users = [place for place, one in enumerate(history) if isinstance(one, Told) and one.role == "user"]
    last = users[-1] if users else 0
    return [_kept(one, policy, before=place < last) for place, one in enumerate(history)]


def _kept(message: Message, policy: Reasoning, *, before: bool) -> Message:
    if not isinstance(message, Said) or not message.thoughts:
        return message
    if policy == "truncate":
        return changed(message, _truncated)
    if policy == "wrong_field":
        return _misplaced(message)
    return without_thoughts(message) if policy == "drop_all" or before else message


def _truncated(part: Part) -> Part:
    """The beginning of a thought; one that only the server can read stays as it is."""
    if not isinstance(part, Thought) or len(part.text) <= KEPT:
        return part
    return Thought(part.text[:KEPT].rstrip(), part.field)


def _misplaced(said: Said) -> Said:
    """A turn whose reasoning stands where its server does not look for it: in the field of another server, or, where reasoning
    comes as blocks, items or marks in the text, in the words of the turn."""
    rest = {name: value for name, value in said.rest.items() if name != "id"}
    words: list[Part] = []
    for thought in said.thoughts:
        field = _OTHER_FIELD.get(thought.field)
        if field is None:
            words += [Text(f"{thought.text}\n\n")] if thought.text else []
        elif thought.text and thought.text not in str(rest.get(field, "")):
            rest[field] = str(rest.get(field) or "") + thought.text
    bare = without_thoughts(said)
    return msgspec.structs.replace(bare, parts=(*words, *bare.parts), rest=rest)
