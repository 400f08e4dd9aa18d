"""What a setup is to the public: the toolset's own wherever a lens leaves it as it is, however many tools there are."""

from __future__ import annotations

import pytest
from depot import DEPOT

from perturb import schemas
from perturb.kept import Kept
from perturb.operator import SeededPick, Setup, lens_for
from perturb.operators.descriptions.doc_style import DocStyle


def test_a_half_of_a_tool_that_is_left_as_it_is_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a catalogue of more tools than the store of stripped schemas holds.
    monkeypatch.setattr(schemas, "_stripped_once", Kept(lambda schema: schemas._stripped(schema, False), 2))
    setup = Setup.of(DEPOT)
    own = {tool.name: tool for tool in setup.public_tools}
    plan = DocStyle.plan(setup, SeededPick(1), 1.0)
    assert isinstance(plan, DocStyle)
    shown = [tool for tool in lens_for(plan, setup).setup.public_tools if tool is not own[tool.name]]
    assert [tool.name for tool in shown if tool.returns is not None]
    assert all(tool.returns is own[tool.name].returns for tool in shown)
    assert all("x-place" not in str(tool.parameters) for tool in shown)
