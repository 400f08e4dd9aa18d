"""The records that every other part is written in: frozen, and JSON both ways.

JSON values are plain Python objects. Nothing here is changed in place: a changed record is a new one
(`msgspec.structs.replace`).
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal, TypeAlias

import msgspec

JSON: TypeAlias = Any
"""`None`, `bool`, `int`, `float`, `str`, `list[JSON]` or `dict[str, JSON]`."""
Schema: TypeAlias = dict[str, Any]
"""A JSON Schema (2020-12) with its `$ref`s inlined. Keys that begin with `x-` are ours and are never shown."""

Axis = Literal["tools", "system", "user", "environment", "responses", "scaffold", "mixed"]
"""The part of the setup that an operator changes; `mixed` where a preset changes several."""
Kind = Literal["equivalent", "distraction", "fault", "ablation", "adversarial"]
HEADLINE_KINDS: frozenset[str] = frozenset({"equivalent", "distraction", "fault"})
"""The kinds under which the task stays solvable and knowable; they alone count towards the headline drop."""

FailureKind = Literal[
    "unknown_tool",
    "invalid_argument",
    "not_found",
    "conflict",
    "precondition_failed",
    "permission_denied",
    "unauthenticated",
    "rate_limited",
    "unavailable",
    "timeout",
    "internal",
    "unknown",
]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """One tool as an agent is told of it, and what its author declares about it.

    `parameters` is a JSON Schema with an object at its root, `returns` the schema of the structured result or `None`
    where it is not declared. `stands_for` holds the toolset's own names that a call to this tool may reach: one for an
    ordinary tool, several after a merge, none for a tool that an operator answers itself. `batch` names the argument that is a
    list of items, each done by itself: two calls, with the first of them and with the others, do and tell what one call with
    all of them does.

    Schema keys of ours, at any depth: `x-place` (the toolset's own name of a property, which moves with it),
    `x-documentation: true` (prose that may name tools), and declared meanings:

    - `x-entity: "person"`, `x-identifier: "customer"`: the kind of thing that a value names or identifies; an object that does
      not declare its keys has `x-identifiers`, the kinds by key.
    - `x-unit: "USD"`, `"minutes"`: what a number counts, an ISO 4217 code or a unit in the plural.
    - `x-date: {"format": "date", "zone": "airport"}`: `format` is `date`, `date-time` or `time` as JSON Schema has them (RFC
      3339), unless `written` gives a format of `strptime`, or `interval` (ISO 8601, two of them and a slash between); `zone` is
      `UTC`, `offset` (each value tells its own), an IANA name, or any other word for the place whose clock is meant (`airport`,
      `local`); `"precision": "minutes"` where clocks have no seconds.
    - `x-part: {"of": "stay", "as": "start"}`: a part of one thing that several properties of an object make up. The parts are
      `start` and `end`, `date` and `time`, `amount` and `currency`, `first_name` and `last_name`.
    """

    name: str
    description: str = ""
    parameters: Schema = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})
    returns: Schema | None = None
    effect: Literal["read", "write"] = "write"
    idempotent: bool = False
    ordered: bool = True
    batch: str | None = None
    renderer: str = "json"
    stands_for: tuple[str, ...] = ()


class Identifier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a toolset writes the identifiers of one kind. `form` is a regular expression that each of them matches whole.
    `mention` finds them in prose, where the form alone would find other things too (bare numbers); `""` for never."""

    form: str
    mention: str | None = None


class Call(msgspec.Struct, frozen=True):
    """A call of a tool: `arguments` is a JSON object."""

    name: str
    arguments: dict[str, JSON] = msgspec.field(default_factory=dict)


class Result(msgspec.Struct, frozen=True):
    """What a call gave: structured data, and the name of the renderer that makes its text (see `perturb.texts`)."""

    data: JSON = None
    renderer: str = "json"


class Failure(msgspec.Struct, frozen=True):
    """What a call gave when it failed, in the toolset's own words.

    `message` is what the agent reads, whole, when `renderer` is `plain`. `retry_after` is in seconds. `stale` marks a
    call in a form that an operator has retired. `in_band`: it comes as a result does, not marked as an error, and its text is
    JSON where the tool declares a schema of its results.
    """

    kind: FailureKind
    message: str
    tool: str | None = None
    field: str | None = None
    value: JSON = None
    retry_after: float | None = None
    renderer: str = "plain"
    stale: bool = False
    in_band: bool = False


Answer: TypeAlias = Result | Failure


class Delay(msgspec.Struct, frozen=True):
    """Yielded by an operator where a server would have taken `seconds` longer."""

    seconds: float


class Usage(msgspec.Struct, frozen=True):
    """What an episode took of a model; `cost` is in US dollars and `None` where no price is known.

    `turns` counts the responses, `thoughts` those that held reasoning, `unmetered` those for which the server told no tokens.
    Input tokens include those read from a provider's cache, output tokens those of reasoning. `latency` is in seconds.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    turns: int = 0
    thoughts: int = 0
    unmetered: int = 0
    latency: float = 0.0


class Reply(msgspec.Struct, frozen=True):
    """What an agent gets back from a call: the text, whether it is an error, and structured content where the tool
    declares an output schema (`None` otherwise, and for errors)."""

    text: str
    is_error: bool = False
    data: JSON = None


class Step(msgspec.Struct, frozen=True):
    """A call and its reply, in one set of terms."""

    call: Call
    reply: Reply


class Transcript(msgspec.Struct, frozen=True):
    """A clean run of one task that passed its check: what the reference agents have learnt from. `prompt` is all that the user
    said, turns parted by an empty line."""

    system: str
    prompt: str
    tools: tuple[Tool, ...]
    steps: tuple[Step, ...]
    answer: str


_ENCODER = msgspec.json.Encoder(order="deterministic")


def to_json(value: object) -> bytes:
    """Deterministic JSON of a record or of plain data: sorted keys, no spaces."""
    return _ENCODER.encode(value)


def digest(value: object, length: int = 16) -> str:
    """The first `length` hexadecimal digits of the SHA-256 of the deterministic JSON of `value`."""
    return hashlib.sha256(to_json(value)).hexdigest()[:length]
