"""The package `tau_bench` out of a checkout, which is on no package index.

Its user simulator imports `litellm`; no user is simulated here, so where that is not installed something stands in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from perturb.errors import ConfigurationError

URL = "https://github.com/sierra-research/tau-bench"


def package_in(folder: Path) -> ModuleType:
    """The package of the checkout in a folder. Raises `ConfigurationError` where there is none, or another is imported."""
    folder = folder.resolve()
    if not (folder / "tau_bench" / "envs" / "base.py").is_file():
        raise ConfigurationError(f"{folder} is no checkout of tau-bench; make one: git clone {URL}")
    with _importable(folder):
        package = import_module("tau_bench.envs")
    if Path(str(package.__file__)).resolve().parents[2] != folder:
        raise ConfigurationError(f"tau_bench has been imported from {package.__file__} already; one process has one checkout")
    return package


def module(name: str, folder: Path) -> Any:
    """A module of the package."""
    with _importable(folder.resolve()):
        return import_module(f"tau_bench.{name}")


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    stands_in = "litellm" not in sys.modules and find_spec("litellm") is None
    if stands_in:
        made = ModuleType("litellm")
        made.completion = _nobody  # type: ignore[attr-defined]
        sys.modules["litellm"] = made
    sys.path.insert(0, str(folder))
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
        sys.path.remove(str(folder))
        if stands_in:
            del sys.modules["litellm"]


def _nobody(*given: Any, **options: Any) -> Any:
    raise RuntimeError("no user is simulated here")
