"""Judge what the main job of the README printed as JSON: everything ran, all of it is whole, and the reports are there.

python .ci/main_job.py RUN.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from perturb.operators import TABLE


def problems(run: dict) -> list[str]:
    """What is wrong with a run of the reference agent over the airline toolset; nothing in a good one."""
    found = []
    # A reference agent runs its own loop, so nothing on the scaffold is among its operators.
    known, rows = [one.id for one in TABLE if one.axis != "scaffold"], {row["id"] for row in run["operators"]}
    if len(known) < 16 or set(known) - rows:
        found.append(f"of {len(known)} operators these have no row: {sorted(set(known) - rows)}")
    headline = run["headline"]
    low, high = headline["interval"]
    if headline["clean"] != 1.0:
        found.append(f"the reference agent passes {headline['clean']:.1%} of the clean episodes, not all of them")
    if not 0.0 < low < headline["drop"] < high < 1.0:
        found.append(f"the drop {headline['drop']} with its interval [{low}, {high}] is none")
    if headline["noise_floor"]["drop"] != 0.0:
        found.append(f"the noise floor of an agent without chance is {headline['noise_floor']['drop']}")
    for outcome in ("tester_fault", "infrastructure_error", "invalid_setup", "unsolvable", "agent_error"):
        if run["outcomes"].get(outcome):
            found.append(f"{run['outcomes'][outcome]} episodes ended as {outcome}")
    proof = run["proof"]
    if not proof["pairs"] == proof["proven"] > 40 * len(known):
        found.append(f"{proof['proven']} of {proof['pairs']} pairs are proven solvable")
    if run["gold_fails_clean"]:
        found.append(f"gold calls fail clean: {run['gold_fails_clean']}")
    if run["ended"]["how"] != "complete" or run["ended"]["episodes"] != 0:
        found.append(f"the same command again ran episodes again: {run['ended']}")
    folder = Path("reports/runs") / run["run"]
    for name in ("report.html", "report.json", "report.md"):
        if not (folder / name).is_file() or (folder / name).stat().st_size < 1000:
            found.append(f"{folder / name} is not there, or holds next to nothing")
    if not (folder / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>"):
        found.append("report.html is cut off")
    return found


def main() -> int:
    run = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = problems(run)
    for problem in found:
        print(f"main job: {problem}")
    if not found:
        print(f"main job: {run['proof']['pairs']} pairs proven, drop {run['headline']['drop']:.3f}, reports are written")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
