"""Inspect's logs become episodes: attachments are put back, images kept, logs that were cut off read as far as they go."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import recorded_files as files
from recorded_files import found, read

from perturb.errors import ConfigurationError
from perturb.recorded import pair


def test_inspect_puts_attachments_back_and_keeps_images(tmp_path: Path) -> None:
    path = files.eval_log(tmp_path / "log.eval", [files.sample("one", 1, "C"), files.sample("one", 2, "I")])
    assert found(path) == "inspect"
    (first, second), problems = read(path)
    assert problems == []
    assert (first.passed, second.passed, first.trial, second.trial) == (True, False, 0, 1)
    [call] = pair(first.messages).calls
    assert call.call.arguments == {"item": "a long text"}
    assert first.messages[3].text == "a long text"
    assert first.messages[0].rest == ({"type": "image", "image": "attachment://abc"},)
    assert (first.messages[2].is_error, first.messages[2].text) == (True, "too slow")
    assert first.messages[1].reasoning == "hm"
    assert [tool.name for tool in first.tools] == ["count"]
    assert (first.model, first.suite, first.usage.input_tokens) == ("mock/x", "lamps", 5)


@pytest.mark.slow
def test_inspect_logs_that_inspect_itself_writes(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="inspect_ai is not installed")
    pytest.importorskip("zstandard", reason="the extra [import] is not installed")
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
    from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser
    from inspect_ai.scorer import Score
    from inspect_ai.tool import ToolCall

    call = ToolCall(id="x", function="count", arguments={"item": "lamp"})
    said: list[Any] = [
        ChatMessageUser(content="How many?"),
        ChatMessageAssistant(content="", tool_calls=[call]),
        ChatMessageTool(content="3", tool_call_id="x", function="count"),
        ChatMessageAssistant(content="There are 3."),
    ]
    sample = EvalSample(id="a", epoch=1, input="How many?", target="3", messages=said, scores={"match": Score(value="C")})
    spec = EvalSpec(
        task="lamps", model="mock/x", created="2026-11-01T00:00:00+00:00", dataset=EvalDataset(), config=EvalConfig()
    )
    log = EvalLog(eval=spec, samples=[sample], status="success")
    for name in ("log.eval", "log.json"):
        write_eval_log(log, str(tmp_path / name))
        assert found(tmp_path / name) == "inspect"
        [episode], problems = read(tmp_path / name)
        assert problems == []
        assert [one.text for one in episode.messages] == ["How many?", "", "3", "There are 3."]
        assert [(one.call.name, one.answered) for one in pair(episode.messages).calls] == [("count", 2)]
        assert (episode.passed, episode.model, episode.task) == (True, "mock/x", "a")


def test_a_log_of_inspect_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({"eval": {"task": "lamps", "model": "mock/x"}}))
        archive.writestr("samples/a_epoch_1.json", json.dumps(files.sample("a", 1, "C")))
        archive.writestr("samples/b_epoch_1.json", '{"id": "b", "mess')
    [episode], problems = read(path)
    assert episode.model == "mock/x"
    assert [problem.where for problem in problems] == ["header.json", "samples/b_epoch_1.json"]


def test_zstandard_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    path = files.eval_log(tmp_path / "log.eval", [files.sample("one", 1, "C")])
    real_list = zipfile.ZipFile.infolist

    def packed(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        entries = real_list(archive)
        for entry in entries:
            entry.compress_type = 93
        return entries

    monkeypatch.setattr(zipfile.ZipFile, "infolist", packed)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(ConfigurationError, match=r'pip install "perturb-agents\[import\]"'):
        read(path)
