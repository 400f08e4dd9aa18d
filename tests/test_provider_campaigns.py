"""The campaigns of `benchmarks/providers.py`: a part of each here, the whole by its own command."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import reference_server  # noqa: F401 - leaves these tests out where the extra is not installed
from command_line import ROOT

from perturb.agent import LimitReached
from perturb.models.asking import Conversation
from perturb.models.records import Said


def campaigns() -> Any:
    spec = importlib.util.spec_from_file_location("providers", ROOT / "benchmarks" / "providers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_responses_of_which_one_in_five_is_spoiled_leave_no_wrong_outcome(tmp_path: Path) -> None:
    """Without hangs and dates, which take their time; the whole campaign has them."""
    module = campaigns()
    kinds = [kind for kind in module.FAULTS if kind not in ("hang", "rate_limit_date")]
    assert module.faults(600, kinds=kinds, folder=tmp_path) == []


@pytest.mark.slow
def test_a_few_spoiled_responses_leave_no_wrong_outcome(tmp_path: Path) -> None:
    assert campaigns().faults(0, 0.4, ["length", "malformed", "server_error"], folder=tmp_path, limit=8) == []


@pytest.mark.slow
def test_the_campaign_notices_a_wrong_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = campaigns()
    ask = Conversation.ask

    async def careless(self: Any, *arguments: Any) -> Any:
        """Takes a response that was cut at its limit of tokens for a whole one."""
        try:
            return await ask(self, *arguments)
        except LimitReached:
            return Said()

    monkeypatch.setattr(Conversation, "ask", careless)
    wrong = module.faults(0, kinds=["length"], folder=tmp_path, limit=8)
    assert wrong
    assert all("not in budget_exceeded" in one for one in wrong)


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been() -> None:
    assert campaigns().kills(3, limit=3) == []


@pytest.mark.slow
def test_a_larger_part_of_both_campaigns(tmp_path: Path) -> None:
    module = campaigns()
    assert module.faults(3000, seed=2, folder=tmp_path) == []
    assert module.kills(20, seed=2) == []
