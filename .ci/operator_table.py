"""Write the README's table of operators from the code, and from what `perturb check` last found on airline.

python .ci/operator_table.py            print it
python .ci/operator_table.py --write    put it into README.md, in the place of the one there
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from perturb.operator import Operator
from perturb.operators import TABLE

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CHECKED = ROOT / "reports" / "checks" / "airline.json"
BEGIN, END = "<!-- operators: written by .ci/operator_table.py -->", "<!-- end of operators -->"


def table(checked: dict[str, Any]) -> str:
    """The table as Markdown. `checked` is what `perturb check --toolset airline --json` printed."""
    return "\n".join(_lines(checked)) + "\n"


def with_table(readme: str, checked: dict[str, Any]) -> str:
    """The text of a README with the table of now between its two marks."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table(checked)}\n{END}{rest.split(END)[1]}"


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
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _told(operator: type[Operator], word: str) -> str:
    """What the docstring of an operator says behind `Before:` or `After:`."""
    found = re.search(rf"^{word}( \([^)]*\))?: (.+)$", inspect.cleandoc(operator.__doc__ or ""), re.MULTILINE)
    if found is None:
        raise SystemExit(f"the docstring of {operator.id} has no line that begins with {word}:")
    return f"{found[2]}{found[1] or ''}"


def main() -> int:
    checked = json.loads(CHECKED.read_text(encoding="utf-8"))
    if "--write" in sys.argv[1:]:
        README.write_text(with_table(README.read_text(encoding="utf-8"), checked), encoding="utf-8")
    else:
        print(table(checked), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
