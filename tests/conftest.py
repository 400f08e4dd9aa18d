"""How hard Hypothesis looks: `quick` by default, `--hypothesis-profile full` as .ci/full does, `thorough` for longer; the same
examples each time."""

from __future__ import annotations

import os
import signal

from examples import FULL
from hypothesis import HealthCheck, settings

# Many tests start processes: without bytecode each of them would compile the whole package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What a shell runs in the background ignores interrupts, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for a server, a process or a deadline."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) + 1


COMMON = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}

settings.register_profile("quick", max_examples=FULL // 5, **COMMON)
settings.register_profile("full", max_examples=FULL, **COMMON)
settings.register_profile("thorough", max_examples=100, **COMMON)
settings.load_profile("quick")
