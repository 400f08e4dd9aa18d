"""The settings of a run that fit what an endpoint does, and what a run there cannot show."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from perturb.diagnosis.limits import KEYWORDS
from perturb.diagnosis.records import Api, Finding, value_of
from perturb.models.chat import FIELDS
from perturb.models.settings import ModelSettings
from perturb.types import JSON


def flags(api: Api, findings: Sequence[Finding], given: ModelSettings, thinking: dict[str, JSON]) -> dict[str, JSON]:
    """Flags of `perturb run`, by name; those that were given are among them."""
    found = list(findings)
    body = {**given.body, **thinking}
    made: dict[str, JSON] = {}
    if given.base_url is not None:
        made["base-url"] = given.base_url
    if api == "chat":
        came, read = value_of(found, "returned") or [], value_of(found, "honoured") or []
        if value_of(found, "split") and "reasoning_details" in read:
            body["reasoning_split"] = True
        elif came and not set(came) & set(read) and (other := [field for field in read if field in FIELDS]):
            made["reasoning-field"] = other[0]
    if api == "responses":
        ways = [way for way in ("items", "encrypted", "previous") if value_of(found, way)]
        # Ways that are taken and not proven are better than those that are refused.
        ways += [way for way in ("items", "encrypted", "previous") if _unproven(found, way)]
        if ways and ways[0] != "items":
            made["state"] = ways[0]
    if value_of(found, "pieces") == "cumulative":
        made["pieces"] = "cumulative"
    if body:
        made["body"] = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in body.items()]
    if given.headers:
        made["header"] = [f"{name}: {value}" for name, value in given.headers.items()]
    return made


def command(agent: str, settings: dict[str, JSON]) -> str:
    """The run that has these settings, fit for a shell."""
    words = ["perturb", "run", "--agent", agent]
    for name, value in settings.items():
        for one in value if isinstance(value, list) else [value]:
            words += [f"--{name}", str(one)]
    return shlex.join(words)


def remarks(api: Api, findings: Sequence[Finding]) -> list[str]:
    """What a run against such an endpoint is to be read with."""
    found = list(findings)
    said = []
    if not value_of(found, "tools"):
        said.append("It calls no tools of itself, so clean episodes fail too; scaffold.call_format has tools called in text.")
    elif value_of(found, "parallel") is False:
        said.append("One call in a turn: tasks take more turns, and scaffold.parallel changes nothing.")
    came = value_of(found, "returned")
    reads = value_of(found, "honoured" if api != "responses" else "items")
    if came and not reads and (api != "responses" or not any(value_of(found, way) for way in ("previous", "encrypted"))):
        said.append("Earlier thinking is not seen to reach the model: to keep or drop it should make no difference here.")
    elif value_of(found, "across_turns") is False:
        said.append("Earlier thinking is dropped at the user's next message: in later turns to keep or drop it is the same.")
    length, keywords = value_of(found, "name_length"), value_of(found, "keywords")
    narrow = isinstance(length, int) and length < 64
    if narrow or (isinstance(keywords, list) and not set(KEYWORDS) - {"anyOf at the root"} <= set(keywords)):
        said.append(
            "It refuses names or schemas that others take: episodes that show such end as invalid_setup, not as failed."
        )
    if any(one.value is None and one.group != "answers" for one in found):
        said.append("What is marked ? could not be told; ask again when the endpoint is less busy, or see its words above.")
    return said


def _unproven(found: list[Finding], way: str) -> bool:
    return any(one.id == way and one.value is None and one.told.startswith("taken") for one in found)
