"""The budget of a whole pytest run (`--perturb-budget`): what each of its tests may still take."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from perturb.errors import ConfigurationError


class SessionBudget:
    """What is left of the budget of a pytest run. Its names are those of `perturb.planning.Limits`.

    The processes of a parallel run get equal shares of all but the time, which passes for all of them at once: so together they
    never take more than was given.
    """

    def __init__(self, limits: Mapping[str, float | int], processes: int = 1) -> None:
        shares = {name: number / processes if name == "cost" else int(number) // processes for name, number in limits.items()}
        self.left: dict[str, float | int] = shares | ({"seconds": limits["seconds"]} if "seconds" in limits else {})

    def spend(self, **taken: float | int) -> None:
        """Take off what a test has taken."""
        for name in self.left:
            self.left[name] = max(0, self.left[name] - taken.get(name, 0))

    @property
    def spent(self) -> str | None:
        """What there is none left of, `None` where something is left of everything."""
        return next((name for name, left in self.left.items() if left <= 0), None)

    def within(self, own: Mapping[str, float | int]) -> dict[str, float | int]:
        """The limits of one test that has a budget of its own."""
        return {name: min(one[name] for one in (own, self.left) if name in one) for name in {**own, **self.left}}


_KEY = pytest.StashKey[SessionBudget]()


def session_budget(config: pytest.Config) -> SessionBudget:
    """The budget of this run, by the option or the setting; one without limits where neither is given."""
    if _KEY not in config.stash:
        option = config.getoption("perturb_budget")
        text = option or config.getini("perturb_budget")
        processes = getattr(config, "workerinput", {}).get("workercount", 1)
        limits = read(text, "--perturb-budget" if option else "the setting perturb_budget")
        config.stash[_KEY] = SessionBudget(limits, processes)
    return config.stash[_KEY]


def read(text: str | None, where: str) -> dict[str, float | int]:
    """The limits that a budget sets. Raises `ConfigurationError` for what is none; `where` says where it stands."""
    from perturb.cli.budget import read_budget

    try:
        return read_budget([text]) if text else {}
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from None
