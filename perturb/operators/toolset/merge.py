"""`toolset.merge`: several tools become one with an `action`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from perturb.mentions import Mentions, reworded
from perturb.operator import Example, Lens, NotApplicable, Operator, Phase, Pick, Retired, Setup
from perturb.operators.added_tool import refused
from perturb.types import JSON, Axis, Call, Failure, Schema, Tool, digest, to_json

_SELECTORS = ("action", "operation", "command")
_LARGEST = 8
_REST = ("general", "other", "further", "special")
"""What tools without a subject in common are called, eight by eight."""


class Merged(msgspec.Struct, frozen=True):
    """One merged tool: the argument that selects, and the real tool behind each of its values."""

    selector: str
    actions: dict[str, str]


class Merge(Operator, frozen=True, kw_only=True):
    """Several tools become one, with an argument that says which is meant, as consolidated tool servers have it.

    Before: `book_flight {"flight": "DY1303"}`, `cancel_flight {"flight": "DY1303"}`
    After: `manage_flight {"action": "book", "flight": "DY1303"}`, `manage_flight {"action": "cancel", "flight": "DY1303"}`

    Places are tools; intensity is the share of tools that are merged. Does not apply to fewer than two tools.
    """

    id: ClassVar[str] = "toolset.merge"
    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "toolset"
    retires_calls: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="call",
            plan={
                "op": "toolset.merge",
                "version": 1,
                "tools": {"manage_flight": {"selector": "action", "actions": {"book": "book_flight"}}},
            },
            tool=Tool(
                name="book_flight",
                description="Book a flight.",
                parameters={"type": "object", "properties": {"flight": {"type": "string"}}, "required": ["flight"]},
            ),
            before={"name": "book_flight", "arguments": {"flight": "DY1303"}},
            after={"name": "manage_flight", "arguments": {"action": "book", "flight": "DY1303"}},
        ),
    )

    tools: dict[str, Merged] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Merge | NotApplicable:
        real = [tool.stands_for[0] for tool in setup.tools if len(tool.stands_for) == 1]
        if len(real) < 2:
            return NotApplicable("nothing_to_change", "there are fewer than two tools")
        chosen = pick.chosen(real, intensity)
        taken = {tool.name for tool in setup.tools} | setup.words
        arguments = {name for tool in setup.tools for name in tool.parameters.get("properties", {})}
        selectors = [name for name in _SELECTORS if name not in arguments]
        if not selectors:
            return NotApplicable("names_exhausted", "every name for the selecting argument is taken")
        selector = pick.choice("selector", selectors)
        tools: dict[str, Merged] = {}
        for subject, members in _by_subject(chosen, real).items():
            options = [name for name in (f"manage_{subject}", f"{subject}_operations", f"{subject}_api") if name not in taken]
            name = pick.choice(subject, options) if options else f"{subject}_{digest(members, 4)}"
            taken.add(name)
            tools[name] = Merged(selector, _actions(members, subject))
        return cls(tools=tools)

    def places(self) -> frozenset[str]:
        return frozenset(place for one in self.tools.values() for place in one.actions.values())

    def lens(self, setup: Setup) -> Lens:
        return MergeLens(setup, self.tools)


def _words(name: str) -> list[str]:
    return [word for word in name.lower().replace("-", "_").split("_") if word]


def _by_subject(chosen: list[str], every: list[str]) -> dict[str, list[str]]:
    """The chosen tools in groups of at most eight that share a word of their names other than the first; those that share
    none come together."""
    singular = {name: [word.removesuffix("s") for word in _words(name)[1:]] for name in every}
    counts = Counter(word for name in every for word in dict.fromkeys(singular[name]))
    groups: dict[str, list[str]] = {}
    for name in chosen:
        words = [word for word in singular[name] if counts[word] > 1 and len(word) > 2]
        subject = max(words, key=lambda word: (counts[word], word)) if words else _REST[0]
        groups.setdefault(subject, []).append(name)
    lone = [subject for subject, members in groups.items() if len(members) == 1 and subject != _REST[0]]
    for subject in lone:
        groups.setdefault(_REST[0], []).extend(groups.pop(subject))
    sized: dict[str, list[str]] = {}
    for subject, members in groups.items():
        pieces = -(-len(members) // _LARGEST)
        names = _REST if subject == _REST[0] else (subject, f"more_{subject}")
        for piece in range(pieces):
            label = names[piece] if piece < len(names) else f"{subject}_{piece + 1}"
            if piece and label in groups:
                label = f"{subject}_{piece + 1}"
            sized[label] = members[piece::pieces]
    return sized


def _actions(members: list[str], subject: str) -> dict[str, str]:
    """Each tool's own words without the subject where that tells them apart, else its whole name."""
    short = {name: "_".join(word for word in _words(name) if word.removesuffix("s") != subject) for name in members}
    counts = Counter(short.values())
    return {short[name] if short[name] and counts[short[name]] == 1 else name: name for name in members}


class MergeLens(Lens):
    """Dispatches by the selecting argument."""

    def __init__(self, real: Setup, merged: Mapping[str, Merged]) -> None:
        super().__init__(real)
        current = {tool.stands_for[0]: tool for tool in real.tools if len(tool.stands_for) == 1}
        self._to: dict[str, tuple[str, str, str]] = {}
        self._from: dict[str, tuple[str, dict[str, str]]] = {}
        made: dict[str, Tool] = {}
        order = {place: index for index, place in enumerate(current)}
        for name, one in merged.items():
            # In the order of the tools, not of the plan, since JSON keeps no order.
            known = sorted((order[place], action) for action, place in one.actions.items() if place in order)
            members = {action: current[one.actions[action]] for _, action in known}
            if not members:
                continue
            for action, tool in members.items():
                self._to[tool.name] = (name, one.selector, action)
            self._from[name] = (one.selector, {action: tool.name for action, tool in members.items()})
            made[next(iter(members.values())).name] = _merged(name, one.selector, members)
        if not self._to:
            return
        written = {old: f'{name}({selector}="{action}")' for old, (name, selector, action) in self._to.items()}
        self._mentions = Mentions(written)
        self._unmentions = Mentions({new: old for old, new in written.items()})
        tools = [made.get(tool.name, tool) for tool in real.tools if tool.name in made or tool.name not in self._to]
        self.setup = self.shown(system=self._mentions(real.system), tools=[reworded(tool, self._mentions) for tool in tools])
        live = {action for _, actions in self._from.values() for action in actions}
        self.retired = tuple(Retired("tool", old) for old in self._to if old not in live)

    def show_text(self, text: str) -> str:
        return self._mentions(text) if self._to else text

    def show_call(self, call: Call) -> Call:
        target = self._to.get(call.name)
        if target is None:
            return call
        name, selector, action = target
        arguments: dict[str, JSON] = {selector: action}
        for key, value in call.arguments.items():
            # An argument the tool does not have, called like the selector, is set apart from it.
            arguments[key + "_" if key.rstrip("_") == selector else key] = value
        return Call(name, arguments)

    def read_call(self, call: Call) -> Call | Failure:
        if call.name in self._to:
            return self.real.refusal("unknown_tool", tool=call.name)
        known = self._from.get(call.name)
        if known is None:
            return call
        selector, actions = known
        action = call.arguments.get(selector)
        if not isinstance(action, str) or action not in actions:
            return refused(self.real, call, selector, f"Give one of {', '.join(f'`{one}`' for one in actions)}.")
        arguments = {
            key[:-1] if key.endswith("_") and key.rstrip("_") == selector else key: value
            for key, value in call.arguments.items()
            if key != selector
        }
        return Call(actions[action], arguments)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        if not self._to:
            return failure
        tool = self._to[failure.tool][0] if failure.tool in self._to else failure.tool
        return msgspec.structs.replace(failure, message=self._mentions(failure.message), tool=tool)

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        if not self._to:
            return failure
        tool = call.name if failure.tool in self._from else failure.tool
        return msgspec.structs.replace(failure, message=self._unmentions(failure.message), tool=tool)


def _merged(name: str, selector: str, members: Mapping[str, Tool]) -> Tool:
    properties: dict[str, Schema] = {
        selector: {
            "type": "string",
            "enum": list(members),
            "description": "What to do.",
        }
    }
    users: dict[str, list[str]] = {}
    for action, tool in members.items():
        for key in tool.parameters.get("properties", {}):
            users.setdefault(key, []).append(action)
    for key, actions in users.items():
        variants = {action: members[action].parameters["properties"][key] for action in actions}
        properties[key] = _union(variants, everyone=len(actions) == len(members))
    lines = []
    for action, tool in members.items():
        needed = [f"`{key}`" for key in tool.parameters.get("required", [])]
        takes = [f"`{key}`" for key in tool.parameters.get("properties", {}) if f"`{key}`" not in needed]
        told = (" Needs " + ", ".join(needed) + "." if needed else "") + (
            " May take " + ", ".join(takes) + "." if takes else ""
        )
        lines.append(f"- `{action}`: {tool.description}{told}")
    common = [key for key in users if all(key in tool.parameters.get("required", []) for tool in members.values())]
    return Tool(
        name=name,
        description=f"Does one of several things, chosen by `{selector}`:\n" + "\n".join(lines),
        parameters={"type": "object", "properties": properties, "required": [selector, *common]},
        returns=None,
        effect="read" if all(tool.effect == "read" for tool in members.values()) else "write",
        idempotent=all(tool.idempotent for tool in members.values()),
        ordered=any(tool.ordered for tool in members.values()),
        renderer=next(iter(members.values())).renderer,
        stands_for=tuple(place for tool in members.values() for place in tool.stands_for),
    )


def _union(variants: Mapping[str, Schema], everyone: bool) -> Schema:
    """One schema for an argument that several actions have: theirs where it is the same, else any of them."""

    defaults = {to_json(schema.get("default", "(none)")) for schema in variants.values()}
    apart = ("description", "x-place", *(("default",) if len(defaults) > 1 else ()))

    def bare(schema: Schema) -> Any:
        return {key: value for key, value in schema.items() if key not in apart}

    told: dict[str, list[str]] = {}
    for action, schema in variants.items():
        text = schema.get("description", "")
        if len(defaults) > 1 and "default" in schema:
            text = f"{text} Default: {to_json(schema['default']).decode()}.".strip()
        told.setdefault(text, []).append(action)
    if len(told) == 1 and everyone:
        description = next(iter(told))
    else:
        description = " ".join(
            f"For {', '.join(f'`{one}`' for one in actions)}: {text}".strip() for text, actions in told.items()
        )
    distinct: list[Any] = []
    for schema in variants.values():
        if bare(schema) not in distinct:
            distinct.append(bare(schema))
    made: Schema = dict(distinct[0]) if len(distinct) == 1 else {"anyOf": distinct}
    return {**made, "description": description}
