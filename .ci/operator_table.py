"""Write the README's tables of operators and of presets from the code, and from what `perturb check` last found on airline.

python .ci/operator_table.py            print them
python .ci/operator_table.py --write    put them into README.md, in the place of those there
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from perturb.operator import Operator
from perturb.operators import TABLE
from perturb.operators.presets import PRESETS, Member, Mixture, OneOf

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CHECKED = ROOT / "reports" / "checks" / "airline.json"


def tables(checked: dict[str, Any]) -> dict[str, str]:
    """The tables as Markdown, by their names. `checked` is what `perturb check --toolset airline --json` printed."""
    written = {"operators": _lines(checked), "presets": _preset_lines()}
    return {name: "\n".join(lines) + "\n" for name, lines in written.items()}


def with_tables(readme: str, checked: dict[str, Any]) -> str:
    """The text of a README with the tables of now, each between its two marks."""
    for name, table in tables(checked).items():
        begin, end = f"<!-- {name}: written by .ci/operator_table.py -->", f"<!-- end of {name} -->"
        before, rest = readme.split(begin)
        readme = f"{before}{begin}\n\n{table}\n{end}{rest.split(end)[1]}"
    return readme


def _lines(checked: dict[str, Any]) -> Iterator[str]:
    yield "| Operator | Axis | Kind | Before | After | airline: tasks | plans solvable |"
    yield "| :--- | :--- | :--- | :--- | :--- | ---: | ---: |"
    for operator in TABLE:
        rows = [row for row in checked["operators"] if row["id"] == operator.id]
        tasks = max((row["applicable_tasks"] for row in rows), default=0)
        solvable, applicable = (sum(row[key] for row in rows) for key in ("solvable", "applicable"))
        cells = [
            f"`{operator.id}`",
            operator.axis,
            operator.promises,
            _told(operator, "Before"),
            _told(operator, "After"),
            f"{tasks} of {checked['tasks']}",
            f"{solvable:,} of {applicable:,}",
        ]
        yield _row(cells)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _preset_lines() -> Iterator[str]:
    yield "| Preset | What an agent meets | Operators |"
    yield "| :--- | :--- | :--- |"
    for preset in PRESETS.values():
        if len(preset.parts) > 1:
            yield _row((f"**`{preset.name}`**", preset.summary, ""))
        for one in preset.parts:
            yield _row((f"`{one.id}`", one.summary, _members(one)))
    for preset in PRESETS.values():
        if preset.source:
            yield f"\n`{preset.name}` follows {preset.source}. {preset.differs}"


def _members(mixture: Mixture) -> str:
    """The operators of a mixture, with what each gets of its intensity, and what is drawn between groups of them."""
    alone = [_member(one) for one in mixture.members if isinstance(one, Member)]
    told = [", ".join(alone)] if alone else []
    for one in mixture.members:
        if isinstance(one, OneOf):
            members = dict.fromkeys(_shared(member) for group in one.groups.values() for member in group)
            told.append(f"one {one.drawn} a plan ({', '.join(one.groups)}) out of {', '.join(members)}")
    return "; ".join(told)


def _shared(member: Member) -> str:
    return f"`{member.operator}`" + ("" if member.share == 1 else f" {100 * member.share:.3g} %")


def _member(member: Member) -> str:
    return _shared(member) + (f" ({', '.join(str(value) for value in member.fixed.values())})" if member.fixed else "")


def _told(operator: type[Operator], word: str) -> str:
    """What the docstring of an operator says behind `Before:` or `After:`."""
    found = re.search(rf"^{word}( \([^)]*\))?: (.+)$", inspect.cleandoc(operator.__doc__ or ""), re.MULTILINE)
    if found is None:
        raise SystemExit(f"the docstring of {operator.id} has no line that begins with {word}:")
    return f"{found[2]}{found[1] or ''}"


def main() -> int:
    checked = json.loads(CHECKED.read_text(encoding="utf-8"))
    if "--write" in sys.argv[1:]:
        README.write_text(with_tables(README.read_text(encoding="utf-8"), checked), encoding="utf-8")
    else:
        print("\n".join(tables(checked).values()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
