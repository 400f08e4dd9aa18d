"""Episodes, clean, perturbed and recorded, as rows for other programs: JSON Lines, Parquet, chat records, training records.

A row has the columns of `COLUMNS`, in their order. `SCHEMA` names them and their meaning; it changes when one of them does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, get_args

import msgspec

from perturb.errors import ConfigurationError
from perturb.process_checks import CHECKS, findings
from perturb.recorded import Recorded, RecordedMessage, pair
from perturb.types import JSON, Tool

SCHEMA = "perturb.episode/1"
TRAINING = "perturb.training/1"
Form = Literal["jsonl", "parquet", "chat", "training"]
FORMS: tuple[Form, ...] = get_args(Form)
TOGETHER = 256
"""Rows of Parquet that are written at once."""


class Column(NamedTuple):
    """A column: the type of its values (`text`, `whole`, `number`, `flag`, `json`; any may be null) and what they mean."""

    type: Literal["text", "whole", "number", "flag", "json"]
    meaning: str


COLUMNS: dict[str, Column] = {
    "schema": Column("text", f"`{SCHEMA}`"),
    "key": Column("text", "a digest of the episode and its place"),
    "format": Column("text", "the format that it was recorded in; `perturb` for an episode of a run"),
    "source": Column("text", "the file or store that it comes from"),
    "place": Column("text", "where in it"),
    "suite": Column("text", "the toolset, domain or category of the task"),
    "task": Column("text", "the task's id"),
    "trial": Column("whole", "which of the episodes of one task in one setup it is, from 0"),
    "model": Column("text", "the model or agent"),
    "arm": Column("text", "`clean`, `perturbed`, or null where it was recorded elsewhere"),
    "setup": Column("text", "the operator it was perturbed by, or what else tells setups of one task apart; empty for none"),
    "plan": Column("json", "the plan of the perturbation, which replays it"),
    "seed": Column("whole", "the seed that the plans of the run were drawn with"),
    "outcome": Column("text", "one of Perturb's outcomes; `passed`, `failed` or `unjudged` for an episode recorded elsewhere"),
    "passed": Column("flag", "the verdict; null where there is none"),
    "reward": Column("number", "the number beside the verdict"),
    "verdicts": Column("json", "the parts of the verdict, in the names of its format"),
    "ended": Column("text", "why it ended, where that was recorded"),
    "cut_off": Column("flag", "whether the agent did not come to an end of its own"),
    "calls": Column("whole", "how many calls the agent made"),
    "tool_errors": Column("whole", "how many results were errors"),
    "process": Column("json", f"how often each process check found something: {', '.join(CHECKS)}"),
    "input_tokens": Column("whole", "tokens that the model was given"),
    "output_tokens": Column("whole", "tokens that it gave, reasoning included"),
    "reasoning_tokens": Column("whole", "those of reasoning"),
    "cost": Column("number", "US dollars; null where the price is not known"),
    "seconds": Column("number", "wall-clock time"),
    "messages": Column("json", "OpenAI chat messages as the agent saw them; results that were errors have `is_error`"),
    "real_calls": Column("json", "for each call of an episode of a run the calls it became, in the toolset's own terms"),
    "tools": Column("json", "the tools that it saw, in OpenAI's form"),
    "gold": Column("json", "calls that would have been right, `{name, arguments}`"),
    "gold_answers": Column("json", "what the answer should have held"),
    "about": Column("json", "whatever else was recorded, in the names of its format"),
}
TRAINED = (
    *(
        "key",
        "suite",
        "task",
        "trial",
        "model",
        "arm",
        "setup",
        "plan",
        "seed",
        "outcome",
        "passed",
        "reward",
        "process",
        "calls",
    ),
    *("tool_errors", "input_tokens", "output_tokens", "reasoning_tokens", "messages", "tools"),
)
"""The columns of a training record, behind its own `schema`."""


def row(episode: Recorded, seed: int | None = None) -> dict[str, JSON]:
    """An episode as a row of `COLUMNS`; `seed` is that of its run."""
    about = dict(episode.about)
    plan, arm, outcome, real = (about.pop(name, None) for name in ("plan", "arm", "outcome", "real_calls"))
    paired = pair(episode.messages)
    found = findings(episode, paired)
    judged = "unjudged" if episode.passed is None else "passed" if episode.passed else "failed"
    own = {"schema": SCHEMA, "arm": arm, "plan": plan, "seed": seed, "outcome": outcome or judged, "real_calls": real}
    counted = {
        "calls": sum(call.by != "user" for call in paired.calls),
        "tool_errors": sum(message.is_error for message in episode.messages),
        "process": {check: sum(one.check == check for one in found) for check in CHECKS},
        "input_tokens": episode.usage.input_tokens,
        "output_tokens": episode.usage.output_tokens,
        "reasoning_tokens": episode.usage.reasoning_tokens,
        "cost": episode.usage.cost,
    }
    told = {
        "messages": chat_messages(episode),
        "tools": chat_tools(episode.tools),
        "gold": msgspec.to_builtins(episode.gold),
        "gold_answers": list(episode.gold_answers),
        "about": about,
    }
    made = own | counted | told
    return {name: made[name] if name in made else getattr(episode, name) for name in COLUMNS}


def training_record(episode: Recorded, seed: int | None = None) -> dict[str, JSON]:
    """A flat record to train on: the conversation with its tools, the outcome and what was found in the process."""
    whole = row(episode, seed)
    return {"schema": TRAINING, **{name: whole[name] for name in TRAINED}}


def chat_record(episode: Recorded, seed: int | None = None) -> dict[str, JSON]:
    """What OpenAI's chat interface takes, and nothing else."""
    made: dict[str, JSON] = {"messages": chat_messages(episode, mark_errors=False)}
    return made | ({"tools": chat_tools(episode.tools)} if episode.tools else {})


def chat_messages(episode: Recorded, *, mark_errors: bool = True) -> list[dict[str, JSON]]:
    """The messages in OpenAI's chat form. Calls without an id get one, and their results name it."""
    messages = episode.messages
    ids: dict[tuple[int, int], str] = {}
    answers: dict[int, str] = {}
    nth: dict[int, int] = {}
    for number, one in enumerate(pair(messages).calls):
        within = nth.get(one.at, 0)
        nth[one.at] = within + 1
        ids[one.at, within] = one.call.id or f"call_{number}"
        if one.answered is not None:
            answers[one.answered] = ids[one.at, within]
    return [_chat(message, at, ids, answers, mark_errors) for at, message in enumerate(messages)]


def _chat(
    message: RecordedMessage, at: int, ids: dict[tuple[int, int], str], answers: dict[int, str], mark_errors: bool
) -> dict[str, JSON]:
    content: JSON = message.text
    if message.rest:
        content = [*([{"type": "text", "text": message.text}] if message.text else []), *message.rest]
    elif message.calls and not message.text:
        content = None
    made: dict[str, JSON] = {"role": message.role, "content": content}
    if message.reasoning:
        made["reasoning_content"] = message.reasoning
    if message.calls:
        made["tool_calls"] = [
            {
                "id": ids[at, within],
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": call.malformed if call.malformed is not None else msgspec.json.encode(call.arguments).decode(),
                },
            }
            for within, call in enumerate(message.calls)
        ]
    if message.role == "tool":
        made["tool_call_id"] = answers.get(at, message.answers or f"result_{at}")
        if message.tool is not None:
            made["name"] = message.tool
        if mark_errors:
            made["is_error"] = message.is_error
    return made


def chat_tools(tools: Iterable[Tool]) -> list[dict[str, JSON]]:
    """Tools in OpenAI's form."""
    return [
        {"type": "function", "function": {"name": one.name, "description": one.description, "parameters": one.parameters}}
        for one in tools
    ]


_RECORDS: dict[str, Callable[[Recorded, int | None], dict[str, JSON]]] = {
    "jsonl": row,
    "chat": chat_record,
    "training": training_record,
}


def export_lines(episodes: Iterable[Recorded], form: Form, to: IO[bytes], seed: int | None = None) -> int:
    """Write an episode a line; how many they were."""
    number = 0
    for episode in episodes:
        to.write(msgspec.json.encode(_RECORDS[form](episode, seed)) + b"\n")
        number += 1
    return number


def export_parquet(episodes: Iterable[Recorded], path: Path, seed: int | None = None) -> int:
    """Write a table of the columns, those of type `json` as JSON text; how many rows. Raises `ConfigurationError` where pyarrow
    is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigurationError('Parquet needs the package pyarrow: python -m pip install "perturb-agents[export]"') from None
    kinds = {
        "text": pyarrow.string(),
        "json": pyarrow.string(),
        "whole": pyarrow.int64(),
        "number": pyarrow.float64(),
        "flag": pyarrow.bool_(),
    }
    schema = pyarrow.schema(
        [pyarrow.field(name, kinds[column.type], metadata={"meaning": column.meaning}) for name, column in COLUMNS.items()],
        metadata={"schema": SCHEMA},
    )
    number = 0
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for rows in _together(episodes, seed):
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
            number += len(rows)
    return number


def _together(episodes: Iterable[Recorded], seed: int | None) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for episode in episodes:
        made = row(episode, seed)
        rows.append(
            {
                name: msgspec.json.encode(value).decode() if COLUMNS[name].type == "json" and value is not None else value
                for name, value in made.items()
            }
        )
        if len(rows) >= TOGETHER:
            yield rows
            rows = []
    if rows:
        yield rows
