"""A diagnosis as one page of text."""

from __future__ import annotations

import textwrap
from itertools import groupby

from perturb.diagnosis.records import Diagnosis, Finding

_TITLE, _VALUE, _WIDTH = 42, 10, 118


def page(diagnosis: Diagnosis) -> str:
    """The page."""
    tokens = f"{diagnosis.input_tokens} tokens in, {diagnosis.output_tokens} out"
    lines = [f"{diagnosis.agent} at {diagnosis.endpoint}", f"{diagnosis.requests} requests, {tokens}"]
    for group, findings in groupby(diagnosis.findings, key=lambda one: one.group):
        lines += ["", group]
        for one in findings:
            lines += _row(one)
    lines += ["", "settings", f"  {diagnosis.command}"]
    for remark in diagnosis.remarks:
        lines += textwrap.wrap(remark, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def _row(finding: Finding) -> list[str]:
    value = finding.value
    mark = "?" if value is None else str(value)
    if isinstance(value, (list, bool)):
        mark = "yes" if value else "no"
    room = _WIDTH - 2 - _TITLE - _VALUE
    first, *more = textwrap.wrap(finding.told, room) or [""]
    if finding.told == mark or len(mark) >= _VALUE:
        mark = ""
    lines = [f"  {finding.title:<{_TITLE}}{mark:<{_VALUE}}{first}".rstrip()]
    return lines + [" " * (2 + _TITLE + _VALUE) + one for one in more]
