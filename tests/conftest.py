"""How hard Hypothesis looks: `quick` by default, `--hypothesis-profile thorough` for longer; the same examples each time."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# What a shell runs in the background ignores interrupts, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

COMMON = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}

settings.register_profile("quick", max_examples=20, **COMMON)
settings.register_profile("thorough", max_examples=100, **COMMON)
settings.load_profile("quick")
