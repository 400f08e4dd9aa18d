"""How fast recorded episodes are imported, in what memory, and whether the published figures come out.

    python benchmarks/imports.py DATA [--copies 25,250]

DATA is a folder with `tau-bench/gpt-4o-airline.json`, and where they are there `tau2-bench/` and `rotbench/`. The rate is that
of the tau-bench file, written several times into one array, against `json.loads` of the same text; each size runs in a process
of its own, whose largest resident memory is told. Fails where a figure does not come out.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

TAU = "tau-bench/gpt-4o-airline.json"
FIGURES: dict[str, dict[str, object]] = {
    TAU: {"episodes": 200, "calls": 1164, "tool_errors": 73, "passed": 84, "pass_hat_k": [0.42, 0.2733, 0.22, 0.2]},
    "tau2-bench/gpt-4.1_airline.json": {"episodes": 20, "calls": 148, "passed": 10},
    "tau2-bench/gpt-4.1_retail.json": {"episodes": 40, "calls": 299, "passed": 34},
    "rotbench/first_turn_clean.json": {"episodes": 105, "renamed": 0, "doubled": 3, "labels": 1},
    "rotbench/first_turn_slight.json": {"episodes": 210, "renamed": 25},
    "rotbench/first_turn_medium.json": {"episodes": 210, "renamed": 53},
    "rotbench/first_turn_heavy.json": {"episodes": 210, "renamed": 91},
    "rotbench/first_turn_union.json": {"episodes": 105, "renamed": 38},
}
"""What the publishers of the files say, or a recount of them."""
_SAYS = {"renamed": "its prompt names the tool 'finish'", "doubled": "several of its tools are called", "labels": "label"}


def reproduce(data: Path) -> bool:
    """Print each published figure with ours beside it; whether all are the same."""
    from perturb.importing import Wanted, import_files

    same = True
    for relative, figures in FIGURES.items():
        if not (data / relative).is_file():
            print(f"{relative:<36} not there")
            continue
        total = import_files(Wanted((data / relative,)), None).total
        for name, published in figures.items():
            if name in _SAYS:
                ours: object = sum(one.what.startswith(_SAYS[name]) for one in total.problems)
            else:
                ours = getattr(total, name)
            ours = [round(value, 4) for value in ours] if isinstance(ours, list) else ours
            same = same and ours == published
            print(
                f"{relative:<36} {name:<12} published {published!s:<30} ours {ours!s:<30} {'' if ours == published else 'NO'}"
            )
    return same


def one_size(path: Path) -> None:
    """Measure one file and print a row."""
    from perturb.importing import Wanted, import_files, read_files

    size = path.stat().st_size / 1e6
    wanted = Wanted((path,))
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Callable[[], object]] = {
            "read": lambda: sum(1 for _ in read_files(wanted)),
            "counted": lambda: import_files(wanted, None),
            "stored": lambda: import_files(wanted, Path(folder) / "s.sqlite"),
        }
        rates = {}
        for name, way in ways.items():
            started = time.process_time()
            way()
            rates[name] = size / (time.process_time() - started)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    json.loads(path.read_text(encoding="utf-8"))
    plain = size / (time.process_time() - started)
    print(
        f"{size:>10,.0f} {plain:>12.1f} " + " ".join(f"{rate:>10.1f}" for rate in rates.values()) + f" {memory:>10.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--copies", default="25,250", help="how many times the file is written into one array")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one_size(options.data)
        return
    same = reproduce(options.data)
    print("\n        MB  json.loads       read    counted     stored   peak MiB   (MB a processor second)")
    for copies in map(int, options.copies.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "large.json"
            with path.open("w", encoding="utf-8") as opened:
                opened.writelines(_repeated(options.data / TAU, copies))
            subprocess.run([sys.executable, __file__, str(path), "--one"], check=True)
    if not same:
        raise SystemExit("a published figure does not come out")


def _repeated(path: Path, copies: int) -> Iterator[str]:
    inside = path.read_text(encoding="utf-8").strip()[1:-1]
    for number in range(copies):
        yield ("[" if number == 0 else ",") + inside
    yield "]"


if __name__ == "__main__":
    main()
