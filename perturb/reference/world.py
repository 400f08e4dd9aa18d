"""What has been shown in an episode, and the values of a transcript as they stand there."""

from __future__ import annotations

from perturb.reference.evidence import InPrompt, InReply, Mixed, Source, Study, Traced, whole
from perturb.reference.places import Document, Path, document, joined, locate, plain
from perturb.reference.spans import aligned
from perturb.types import JSON, Reply

_WHOLE = 0.8
"""The share of a result's scalars from which on it is taken to be there in full."""


class Unknown(Exception):
    """A value that is needed has not been shown."""


class World:
    """The shown prompt and the replies so far, beside those of the transcript."""

    def __init__(self, study: Study, prompt: str) -> None:
        self.study = study
        self._prompt = aligned(study.transcript.prompt, prompt)
        self._shown: dict[int, Document] = {}

    def hear(self, step: int, reply: Reply) -> None:
        """Take in the reply to a step, if it went as in the transcript: a result for a result, an error for an error."""
        if reply.is_error == self.study.transcript.steps[step].reply.is_error:
            self._shown[step] = document(reply.text)

    def hear_more(self, step: int, reply: Reply) -> None:
        """Take in a further page of a result."""
        self._shown[step] = joined(self._shown[step], document(reply.text))

    def arguments(self, step: int) -> dict[str, JSON]:
        """The arguments of a step, with every value as it is shown. Raises `Unknown` where one is not."""
        return {name: self._value(node) for name, node in self.study.arguments[step].items()}

    def planned(self, step: int) -> dict[str, JSON]:
        """The arguments of a step as they can be told from the prompt alone; values from replies as in the transcript."""
        return {name: self._value(node, remember=True) for name, node in self.study.arguments[step].items()}

    def satisfied(self, step: int) -> bool:
        """Whether everything that the transcript took from the reply to a step has been shown. Where that cannot be told,
        because nothing in it was taken as it stands or the answer was not, the whole reply must have been, too."""
        uses = self.study.uses[step]
        if (not uses or not self.study.told) and not self._complete(step):
            return False
        return all(self._trace(use) is not None for use in uses)

    def answer(self) -> str:
        """The transcript's answer with its values as they are shown; what has not been shown is called unknown."""
        complete = all(self._complete(step) for step in range(len(self.study.replies)))
        known = complete
        told = []
        for part in self.study.answer.parts:
            if isinstance(part, str):
                told.append(self._prompt.renamed(part))
                continue
            value = self._trace(part) if part.sources or complete or not any(map(str.isdigit, str(part.value))) else None
            known = known or (value is not None and any(isinstance(source, InReply) for source in part.sources))
            told.append("unknown" if value is None else str(value) if value is part.value else _worded(value, str(part.value)))
        return "".join(told) if known else "I could not find that out."

    def _complete(self, step: int) -> bool:
        shown = self._shown.get(step)
        if shown is None or self.study.transcript.steps[step].reply.is_error:
            return shown is not None
        return shown.size >= _WHOLE * self.study.replies[step].size

    def _value(self, node: JSON, remember: bool = False) -> JSON:
        if isinstance(node, Traced):
            value = self._trace(node, remember)
            if value is None and node.value is not None:
                raise Unknown(str(node.value))
            return value
        if isinstance(node, Mixed):
            return "".join(
                self._prompt.renamed(part) if isinstance(part, str) else str(self._value(part, remember)) for part in node.parts
            )
        if isinstance(node, dict):
            return {name: self._value(child, remember) for name, child in node.items()}
        return [self._value(child, remember) for child in node]

    def _trace(self, traced: Traced, remember: bool = False) -> JSON:
        for source in traced.sources:
            if isinstance(source, InReply) and remember:
                return traced.value
            found = self._at(source, traced.value)
            if found is not None:
                return found
        if not traced.sources:
            return self._prompt.renamed(traced.value) if isinstance(traced.value, str) else traced.value
        return traced.value if self._occurs(traced.value) else None

    def _at(self, source: Source, value: JSON) -> JSON:
        if isinstance(source, InPrompt):
            learnt = self.study.transcript.prompt[source.start : source.end]
            text = self._prompt.at(source.start, source.end)
            if not text:  # the user has not said it, or not yet
                return None
            return value if text == learnt else _typed(text, value)
        shown, reply = self._shown.get(source.step), self.study.replies[source.step]
        if shown is None or shown.text == reply.text:
            return None if shown is None else value
        found = locate(reply, source.path, shown)
        if found is None or found == "":
            return None
        if source.end:
            whole = str(_leaf(reply.tree, source.path))
            piece = aligned(whole, str(found)).at(source.start, source.end)
            return value if piece == whole[source.start : source.end] else _typed(piece, value) if piece else None
        return value if plain(found) == plain(value) else _typed(found, value)

    def _occurs(self, value: JSON) -> bool:
        """Whether a value stands, unchanged, anywhere in what has been shown."""
        text = plain(value)
        if any(text in shown.values for shown in self._shown.values()):
            return True
        return len(text) > 2 and any(whole(text).search(shown.text) for shown in self._shown.values())


def _leaf(node: JSON, path: Path) -> JSON:
    for step in path:
        node = node[step]
    return node


def _worded(shown: JSON, like: str) -> str:
    """A shown scalar as it is written in prose: a number with as many decimals as the one that it stands for, and with commas
    where that has them."""
    text = plain(shown)
    places = len(like.partition(".")[2])
    try:
        return (
            f"{float(text):{',' if ',' in like else ''}.{places}f}"
            if places and like.replace(",", "").replace(".", "").isdigit()
            else text
        )
    except ValueError:
        return text


def _typed(shown: JSON, like: JSON) -> JSON:
    """A shown scalar with the type of the one that it stands for."""
    if isinstance(like, str):
        return shown if isinstance(shown, str) else plain(shown)
    if isinstance(like, (int, float)) and isinstance(shown, str):
        try:
            return type(like)(shown.replace(",", ""))
        except ValueError:
            return shown
    return shown
