"""How many small faults in the boundary and in the operators the tests notice.

    python benchmarks/mutation.py [--sample 150] [--seed 1] [--jobs 1] [--only boundary.py]

needs `python -m pip install mutmut`, whose mutations these are (inside functions, as mutmut itself makes them). A sample is
drawn from all of them; each is tried in a copy of the checkout, first on the tests whose file names the module or an operator
of it, then, if those pass, on the law suite and on every other test of operators and of the boundary. Prints each survivor as a
diff, and the score with its 95 % interval (Wilson). A mutant that runs longer than the time limit counts as noticed.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from perturb.statistics.proportions import wilson  # noqa: E402

OURS = ("perturb/boundary.py", "perturb/operator", "perturb/operators")
COPIED = ("perturb", "toolsets", "agents", "reports", "tests", "benchmarks", "pyproject.toml", "README.md")
LAWS = ("test_laws.py", "test_boundary.py", "test_state_within_an_episode.py", "test_parts.py", "test_reference_agents.py")
LIMIT = 300.0


class Mutant(NamedTuple):
    """One changed source of a module, `path` from the root of the checkout."""

    path: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), self.path, self.path, lineterm="", n=1)
        return "\n".join(lines)


def modules() -> list[Path]:
    found = [path for one in OURS for path in ([ROOT / one] if one.endswith(".py") else sorted((ROOT / one).rglob("*.py")))]
    return [path for path in found if path.name != "__init__.py"]


def mutants(path: Path) -> Iterator[Callable[[], Mutant]]:
    """What makes each mutant of a module: its text is only written where it is asked for."""
    create_mutations: Any = import_module("mutmut.mutation.file_mutation").create_mutations
    before = path.read_text(encoding="utf-8")
    module, found, _, _ = create_mutations(str(path), before)
    for one in found:
        if one.contained_by_top_level_function is not None:
            yield partial(_written, str(path.relative_to(ROOT)), before, module, one)


def _written(path: str, before: str, module: Any, one: Any) -> Mutant:
    return Mutant(path, before, module.deep_replace(one.original_node, one.mutated_node).code)


def told_by(path: str) -> tuple[list[str], list[str]]:
    """The files of tests that name a module or an operator of it, and the other ones about operators."""
    text = (ROOT / path).read_text(encoding="utf-8")
    module = path.removesuffix(".py").replace("/", ".")
    names = {module, *re.findall(r'\bid: ClassVar\[str\] = "([\w.]+)"', text)}
    parent, _, last = module.rpartition(".")
    named = re.compile("|".join([*map(re.escape, names), rf"from {re.escape(parent)} import [^\n]*\b{re.escape(last)}\b"]))
    files = {one.name: one.read_text(encoding="utf-8") for one in sorted((ROOT / "tests").glob("test_*.py"))}
    first = [name for name, words in files.items() if named.search(words) and name != "test_laws.py"]
    second = [name for name in files if name in LAWS or re.match(r"test_(operator|renaming)", name)]
    return first, [name for name in second if name not in first]


def noticed(mutant: Mutant, tree: Path) -> bool:
    """Whether a test fails with a mutant in a copy of the checkout; the copy is as it was afterwards."""
    target = tree / mutant.path
    target.write_text(mutant.after, encoding="utf-8")
    try:
        return any(files and not _pass(files, tree) for files in told_by(mutant.path))
    finally:
        target.write_text(mutant.before, encoding="utf-8")


def _pass(files: Sequence[str], tree: Path) -> bool:
    command = [
        *(sys.executable, "-m", "pytest", "-n0", "-x", "-q", "-p", "no:cacheprovider"),
        *(f"tests/{one}" for one in files),
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode in (0, 5)  # 5: no test is left of these files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="modules whose path has this in it")
    given = parser.parse_args()
    os.chdir(ROOT)  # where mutmut looks for its settings
    every = [make for path in modules() if given.only in str(path.relative_to(ROOT)) for make in mutants(path)]
    chosen = [make() for make in random.Random(given.seed).sample(every, min(given.sample, len(every)))]
    print(f"{len(every):,} mutants, of which {len(chosen)} are tried", flush=True)
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.jobs):
            tree = Path(folder, str(number))
            for name in COPIED:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                tree.mkdir(exist_ok=True)
                copy(ROOT / name, tree / name)
            trees.put(tree)

        def tried(one: Mutant) -> bool:
            tree = trees.get()
            try:
                return noticed(one, tree)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(given.jobs) as pool:
            for number, (one, killed) in enumerate(zip(chosen, pool.map(tried, chosen), strict=True), start=1):
                if not killed:
                    survivors.append(one)
                    print(f"\nnot noticed:\n{one.diff}\n", flush=True)
                print(f"{number} of {len(chosen)} tried, {len(survivors)} not noticed", file=sys.stderr, flush=True)
    low, high = wilson(len(chosen) - len(survivors), len(chosen))
    score = 1.0 - len(survivors) / len(chosen)
    print(f"noticed {len(chosen) - len(survivors)} of {len(chosen)}: {score:.1%} [{low:.1%}, {high:.1%}]")
    return 0


if __name__ == "__main__":
    sys.exit(main())
