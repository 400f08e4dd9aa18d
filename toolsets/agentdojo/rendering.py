"""The text that AgentDojo shows for a result, made from plain JSON data.

Its formatter prints records, and lists, as YAML with sorted keys, and everything else with `str`. JSON cannot tell a
record from a map nor a time from its text, so the first is told by the renderer's name, which a tool takes from its
declared return type, and the second by the form of the text: keys are no help, because an operator may have renamed them.
"""

from __future__ import annotations

import marshal
import re
from datetime import datetime
from functools import lru_cache

import yaml

from perturb import texts
from perturb.types import JSON

RECORDS = "agentdojo-yaml"
"""The renderer of a record or of a list."""
PLAIN = "agentdojo-str"
"""The renderer of a map, a text, a number or nothing."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?")


def _revived(value: JSON) -> JSON:
    """`value` with each text that stands under a key and has the form of a time made a time."""
    if isinstance(value, dict):
        return {key: _revived(item) for key, item in value.items()}
    if isinstance(value, list):
        return [item if isinstance(item, str) else _revived(item) for item in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:  # the right form, but no such day
            return value
    return value


@lru_cache(maxsize=512)
def _dumped(frozen: bytes) -> str:
    data = marshal.loads(frozen)
    if isinstance(data, list):
        rows = [str(row) if type(row) is int else row if isinstance(row, str) else _revived(row) for row in data]
        return str(yaml.safe_dump(rows)).strip()
    return str(yaml.safe_dump(_revived(data))).strip()


def records(data: JSON) -> str:
    """YAML for an object or an array; anything else as Python prints it.

    PyYAML takes tens of milliseconds for a full inbox, and one environment gives the same rows in episode after
    episode; so the text is kept, under the data's own bytes (`marshal`, which unlike JSON keeps every value apart).
    """
    if isinstance(data, (dict, list)):
        return _dumped(marshal.dumps(data, 2))
    return str(data)


def register() -> None:
    """Make both renderers known to `perturb.texts`."""
    texts.register_result(RECORDS, records)
    texts.register_result(PLAIN, str)
