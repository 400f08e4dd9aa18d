"""Asking a model for rewordings of what users say and of descriptions of tools, and keeping those in which all has survived.

Each text is asked for once: what comes back is checked (`perturb.survival`) and written down at once, kept or refused with the
reason, so that a second call of the same command goes on where the first one ended and pays for nothing twice.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from perturb.errors import ConfigurationError, PerturbError
from perturb.knowable import leaves
from perturb.loading import load_toolset, rewordings_file
from perturb.rewordings import Refused, Rewording, Stored, read, texts_of, write
from perturb.survival import sense_changed, values_lost
from perturb.types import JSON

if TYPE_CHECKING:
    from perturb.toolset import Toolset

_PROMPT = """\
You put texts into other words for a test of software. The text is given as JSON, with the number of wordings that are wanted.

Each wording says exactly what the text says: nothing is added, left out, answered or done. Names, numbers, dates, codes, \
addresses, units, and whatever stands in quotes or code marks stay to the letter. So does every condition, limit, negation, \
superlative and order of steps. What may change: the words between, the order of sentences that do not depend on one another, \
the tone. {kind}

Answer with a JSON list of strings and nothing else.\
"""
_KINDS = {
    "task": "The text is what a user writes to an assistant: write as another user would, in the first person; do not reply.",
    "tool": "The text describes a tool to a model: keep it a description, with every argument and result that it names.",
}


class ModelFault(PerturbError):
    """The model could not be asked."""

    exit_status = 3


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: `number` wordings of each text, from `model` at `base_url` (the provider's own where it is `None`).

    `tasks` narrows it to some, `descriptions` adds those of tools; `path` is the file, beside the toolset where it is `None`.
    """

    toolset: str
    model: str
    base_url: str | None = None
    number: int = 2
    tasks: tuple[str, ...] = ()
    descriptions: bool = False
    path: Path | None = None


class Paraphrased(msgspec.Struct, kw_only=True):
    """What came of it: `asked` texts were asked for now, `skipped` had been before; `stale` wordings are of texts that the
    toolset no longer has, `waiting` ones have not been read by a person."""

    path: str
    asked: int = 0
    skipped: int = 0
    kept: list[Rewording] = []
    refused: list[Refused] = []
    stale: int = 0
    waiting: int = 0


Ask = Callable[[list[dict[str, str]]], str]
"""The text of a model's answer to messages."""


def paraphrase(wanted: Wanted, report: Callable[[int, int], None] = lambda done, total: None) -> Paraphrased:
    """Ask for what is wanted and store it. `report` is told how many of how many texts are done.

    Raises `ConfigurationError` and `ToolsetError` for what is wrong with the request, `ModelFault` where the model cannot be
    asked; what was stored until then stays.
    """
    toolset = load_toolset(wanted.toolset)
    path = wanted.path or rewordings_file(wanted.toolset)
    if path is None:
        raise ConfigurationError(
            f"toolset {wanted.toolset!r} comes from another package: name a file for its rewordings with --file"
        )
    stored = read(path)
    texts = dict(_texts(toolset, wanted))
    done = Paraphrased(path=str(path))
    ask = _asking(wanted) if texts else None
    open_texts = {old: what for old, what in texts.items() if not _has_been_asked(stored, old, wanted.model)}
    done.skipped = len(texts) - len(open_texts)
    for place, (old, what) in enumerate(open_texts.items()):
        assert ask is not None
        report(place, len(open_texts))
        answer = ask(_messages(old, what, wanted.number))
        done.asked += 1
        for one in _judged(toolset, what, old, answer, wanted, stored):
            if isinstance(one, Rewording):
                stored.rewordings.append(one)
                done.kept.append(one)
            else:
                stored.refused.append(one)
                done.refused.append(one)
        write(path, stored)
    report(len(open_texts), len(open_texts))
    own = {text for _, text in texts_of(toolset)}
    done.stale = sum(one.old not in own for one in stored.rewordings)
    done.waiting = sum(one.old in own and not one.reviewed for one in stored.rewordings)
    return done


def _texts(toolset: Toolset, wanted: Wanted) -> Iterator[tuple[str, str]]:
    """Each text that is asked for, with what it is called."""
    named = {toolset.task(one).id for one in wanted.tasks}
    seen: set[str] = set()
    for what, text in texts_of(toolset):
        kind, _, name = what.partition(" ")
        if (kind == "tool" and not wanted.descriptions) or (
            kind == "task" and named and name.partition(", turn ")[0] not in named
        ):
            continue
        if text.strip() and text not in seen:
            seen.add(text)
            yield text, what


def _has_been_asked(stored: Stored, old: str, model: str) -> bool:
    return any(one.old == old and one.by == model for found in (stored.rewordings, stored.refused) for one in found)


def _messages(old: str, what: str, number: int) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": _PROMPT.format(kind=_KINDS[what.partition(" ")[0]])},
        {"role": "user", "content": json.dumps({"text": old, "wordings": number}, ensure_ascii=False)},
    ]


def _judged(
    toolset: Toolset, what: str, old: str, answer: str, wanted: Wanted, stored: Stored
) -> Iterator[Rewording | Refused]:
    """The wordings in an answer, each kept or refused; one that came before is passed over."""
    found = _wordings(answer)
    if not found:
        yield Refused(what=what, old=old, new=answer[:500], by=wanted.model, why=("the answer is no JSON list of texts",))
        return
    scalars = [leaf for task in toolset.tasks if old in (task.prompt, *task.follow_ups) for leaf in _gold(task.gold)]
    before = {one.new for one in stored.rewordings if one.old == old}
    for new in dict.fromkeys(found):
        if new in before:
            continue
        why = (*values_lost(old, new, scalars), *sense_changed(old, new))
        if why:
            yield Refused(what=what, old=old, new=new, by=wanted.model, why=why)
        else:
            yield Rewording(what=what, old=old, new=new, by=wanted.model)


def _gold(calls: Sequence[Any] | None) -> Iterator[JSON]:
    for call in calls or ():
        yield from leaves(call.arguments)


def _wordings(answer: str) -> list[str]:
    """The texts of a JSON list, which may stand between other words or in an object."""
    for match in re.finditer(r"\[", answer):
        try:
            value, _ = json.JSONDecoder().raw_decode(answer, match.start())
        except ValueError:
            continue
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return [one.strip() for one in value if one.strip()]
    return []


def _asking(wanted: Wanted) -> Ask:
    """Asks the model over the chat wire of OpenAI, which others speak too."""
    import openai

    key = os.environ.get("OPENAI_API_KEY")
    url = wanted.base_url or os.environ.get("OPENAI_BASE_URL")
    if not key and url is None:
        raise ConfigurationError(
            "there is no key for the model; set OPENAI_API_KEY, or name a server of your own with --base-url"
        )
    # A server of one's own mostly wants no key, but the SDK does.
    client = openai.OpenAI(api_key=key or "none", base_url=url)
    where = f"model {wanted.model!r} at {_without_password(str(client.base_url))}"

    def ask(messages: list[dict[str, str]]) -> str:
        try:
            response = client.chat.completions.create(model=wanted.model, messages=messages)  # type: ignore[arg-type]
        except openai.APIStatusError as error:
            remedy = {
                401: "set OPENAI_API_KEY to a key that it takes",
                403: "use a key that may ask it",
                404: "name another model or --base-url",
                429: "wait, and run the same command again",
            }.get(error.status_code, "run the same command again")
            raise ModelFault(
                f"{where} answered {error.status_code}: {_short(error.message)}; {remedy}: what is stored stays"
            ) from None
        except openai.OpenAIError as error:
            raise ModelFault(
                f"{where} cannot be asked: {_short(str(error))}; run the same command again: what is stored stays"
            ) from None
        choices = getattr(response, "choices", None)
        if not choices:
            raise ModelFault(
                f"{where} sent no answer; --base-url must lead to an endpoint that speaks OpenAI's chat completions"
            )
        return choices[0].message.content or ""

    return ask


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:197] + "..."
