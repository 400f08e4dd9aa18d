"""Judge what a `perturb check` printed as JSON: enough was proven, and nothing is unsolvable or breaks a law.

python .ci/campaign_held.py CHECK.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from perturb.operators import TABLE


def main() -> int:
    checked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows, stacks = checked["operators"], checked["stacks"]["kinds"]
    solvable, applicable = (sum(row[key] for row in rows + stacks) for key in ("solvable", "applicable"))
    usable = checked["tasks"] - len(checked["gold_fails_clean"])
    laws = f"{sum(len(row['violations']) for row in rows + stacks)} laws broken" if checked.get("laws") else "laws not tried"
    print(
        f"{checked['toolset']}: {usable} of {checked['tasks']} tasks, {solvable} of {applicable} plans solvable, {laws}, "
        f"floor {checked['floor']}, {checked['seconds']:.0f} s"
    )
    found = [f"{row['id']}: {one['reason']}" for row in rows + stacks for one in row["violations"]]
    if missing := sorted({one.id for one in TABLE} - {row["id"] for row in rows}):
        found.append(f"nothing was drawn of {missing}")
    if idle := sorted(one.id for one in TABLE if not any(row["applicable"] for row in rows if row["id"] == one.id)):
        print(f"  applies to no task: {', '.join(idle)}")
    if not stacks or checked["done"] < checked["pieces"] or not checked["holds"] or solvable < applicable:
        found.append(f"{applicable - solvable} plans are not solvable, {checked['done']} of {checked['pieces']} pieces done")
    if solvable < 5 * usable:
        found.append(f"only {solvable} plans for {usable} tasks were proven")
    for problem in found:
        print(f"error: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
