"""What was found out about an endpoint."""

from __future__ import annotations

from typing import Literal

import msgspec

from perturb.types import JSON

Api = Literal["chat", "responses", "anthropic"]
Group = Literal["answers", "tools", "reasoning", "limits"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one question.

    `value` is `True` or `False`, a number, a text or a list of texts; `None` where it could not be told. `told` says it in
    words, with what was seen.
    """

    id: str
    group: Group
    title: str
    value: JSON = None
    told: str = ""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One page about an endpoint: `settings` are flags of `perturb run` by name, `command` is the run that has them."""

    api: Api
    model: str
    endpoint: str
    requests: int
    input_tokens: int
    output_tokens: int
    findings: tuple[Finding, ...]
    agent: str
    settings: dict[str, JSON]
    command: str
    remarks: tuple[str, ...]

    def __getitem__(self, name: str) -> JSON:
        """The value of a finding; `None` too where its question did not arise."""
        return value_of(self.findings, name)


def value_of(findings: tuple[Finding, ...] | list[Finding], name: str) -> JSON:
    """The value of a finding by its id; `None` where there is none."""
    return next((one.value for one in findings if one.id == name), None)
