"""A run as JUnit XML: a suite for each operator and kind, a case for each task."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from perturb.rendering import wording
from perturb.statistics import COUNTED

RUN_PROPERTIES = ("run", "agent", "toolset", "seed", "estimand", "confidence", "reproduce")
ROW_PROPERTIES = ("axis", "kind", "pairs", "exposed", "clean", "perturbed", "p_adjusted")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not allow, escaped or not."""


def render_junit(data: Mapping[str, Any]) -> str:
    """The report of `report_data` as JUnit XML.

    A case fails where a trial that speaks of the agent did not pass, is an error where only the tester or the
    infrastructure failed, and is skipped where there was nothing to judge. The suites carry the drop with its interval as
    properties: whether a run is good enough is for a gate on the drop to say, not for the count of these failures.
    """
    root = ElementTree.Element("testsuites", name="perturb")
    _headline(root, data)
    reproduce: dict[tuple[str, str, str | None], str] = {}
    for failure in (*data["failures"], *data["other_failures"]):
        reproduce.setdefault((failure["task"], failure["operator"], failure["kind"]), failure["reproduce"])
    cells: dict[tuple[str, str | None], list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for task in data["by_task"]:
        for cell in task["operators"]:
            cells.setdefault((cell["operator"], cell["kind"]), []).append((task, cell))
    for row in data["operators"]:
        suite = _suite(root, data, f"{row['id']} ({row['kind']})" if row["kind"] else row["id"])
        _properties(suite, {key: row[key] for key in ROW_PROPERTIES}, row)
        # What was never planned has no kind, and goes with the operator's first row, as in the data.
        for task, cell in cells.pop((row["id"], row["kind"]), []) + cells.pop((row["id"], None), []):
            _case(suite, data, task, cell, reproduce.get((task["task"], row["id"], row["kind"])))
        _total(suite)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{data['seconds']:.3f}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _headline(root: ElementTree.Element, data: Mapping[str, Any]) -> None:
    head = data["headline"]
    suite = _suite(root, data, "headline")
    floor = head["noise_floor"] or {"drop": None}
    known = {key: data[key] for key in RUN_PROPERTIES} | {key: head[key] for key in ("clean", "perturbed", "p_value")}
    known |= {"noise_floor": floor["drop"], "vacuous_tasks": len((data["floor"] or {}).get("vacuous", ()))}
    if without := data["without_vacuous"]:
        known["drop_without_vacuous"] = without["drop"]
    _properties(suite, known, head)
    case = ElementTree.SubElement(suite, "testcase", classname=_legal(f"perturb.{data['toolset']}"), name="drop", time="0")
    if head["drop"] is None:
        ElementTree.SubElement(case, "skipped", message="no task has both a clean and a perturbed episode")
    else:
        said = f"drop {wording.points(head['drop'])} points {wording.interval(head['interval'])}"
        ElementTree.SubElement(case, "system-out").text = said
    if gate := data.get("gate"):
        name = f"gate {gate['gate']} by {gate['per']}"
        case = ElementTree.SubElement(suite, "testcase", classname=_legal(f"perturb.{data['toolset']}"), name=name, time="0")
        if gate["answer"] == "pass":
            ElementTree.SubElement(case, "system-out").text = _legal(gate["why"])
        else:
            tag = "failure" if gate["answer"] == "fail" else "error"
            ElementTree.SubElement(case, tag, type=gate["answer"], message=_legal(gate["why"]))
    _total(suite)


def _suite(root: ElementTree.Element, data: Mapping[str, Any], name: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        root, "testsuite", name=_legal(f"{data['toolset']} / {name}"), timestamp=_legal(data["started"])
    )


def _properties(suite: ElementTree.Element, known: Mapping[str, Any], drop: Mapping[str, Any]) -> None:
    ends = drop["interval"] or (None, None)
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in {**known, "drop": drop["drop"], "drop_low": ends[0], "drop_high": ends[1]}.items():
        if value is not None:
            ElementTree.SubElement(properties, "property", name=name, value=_legal(str(value)))


def _case(
    suite: ElementTree.Element, data: Mapping[str, Any], task: Mapping[str, Any], cell: Mapping[str, Any], reproduce: str | None
) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_legal(f"perturb.{data['toolset']}.{cell['operator']}"),
        name=_legal(task["task"]),
        time=f"{cell['seconds']:.3f}",
    )
    outcomes = cell["outcomes"]
    worst = next((name for name, _ in wording.outcome_order(outcomes) if name in COUNTED and name != "passed"), None)
    ours = [name for name in ("tester_fault", "infrastructure_error", "invalid_setup") if outcomes.get(name)]
    if worst is not None:
        message = f"{cell['passed']} of {cell['trials']} passed; clean {task['passed']} of {task['trials']}"
        ElementTree.SubElement(case, "failure", type=worst, message=message).text = _legal(reproduce or data["reproduce"])
    elif not cell["trials"] and ours:
        ElementTree.SubElement(case, "error", type=ours[0], message=_legal(wording.OUTCOME_MEANING[ours[0]]))
    elif not cell["trials"]:
        ElementTree.SubElement(case, "skipped", message=_legal(", ".join(name for name, _ in wording.outcome_order(outcomes))))


def _total(suite: ElementTree.Element) -> None:
    cases = suite.findall("testcase")
    counts = {name: sum(case.find(tag) is not None for case in cases) for name, tag in _TAGS.items()}
    for name, number in {"tests": len(cases), **counts}.items():
        suite.set(name, str(number))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


_TAGS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
