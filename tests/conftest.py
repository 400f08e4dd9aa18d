"""How hard Hypothesis looks: `quick` by default, `--hypothesis-profile thorough` for longer; the same examples each time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}

settings.register_profile("quick", max_examples=20, **COMMON)
settings.register_profile("thorough", max_examples=100, **COMMON)
settings.load_profile("quick")
