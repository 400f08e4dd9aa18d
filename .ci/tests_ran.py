"""Hold that tests did run: some in every test file, and next to none were skipped.

python .ci/tests_ran.py [--all] RESULTS.xml

With `--all`, every extra is there and slow tests run too, so that every file has a test that passed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

MOST_SKIPPED = 0.1
"""The share of tests that may be skipped for want of an extra, of a browser, or of data that are no part of a checkout."""
ABSENT = ("is not beside", "are not beside")
"""What is said of other people's data that no checkout holds: a file of tests may be about nothing else."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    passed: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    absent: Counter[str] = Counter()
    for case in ElementTree.parse(given.results).iter("testcase"):
        # A file that is skipped as a whole stands under its own name, without a class.
        module = (case.get("classname") or case.get("name") or "").removeprefix("tests.").split(".")[0]
        left_out = case.find("skipped")
        (skipped if left_out is not None else passed)[module] += 1
        absent[module] += left_out is not None and any(one in str(left_out.get("message")) for one in ABSENT)
    files = {path.stem: path.read_text(encoding="utf-8") for path in Path("tests").glob("test_*.py")}
    silent = sorted(
        file
        for file, text in files.items()
        if not passed[file] and not absent[file] and (given.all or not (skipped[file] or "pytest.mark.slow" in text))
    )
    count, number = passed.total(), skipped.total()
    print(f"{count} tests of {len(files)} files passed, {number} were skipped")
    if silent:
        print(f"error: no test passed in {', '.join(silent)}")
    if not count or number > MOST_SKIPPED * count:
        print(f"error: {number} tests were skipped and {count} passed")
        return 1
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
