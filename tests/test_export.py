"""Episodes as rows for other programs: every column as documented, nothing lost on the way out and back in."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import recorded_files as files
from command_line import ENVIRONMENT, SHELF, Here, apart, command

from perturb.cli import BROKEN_PIPE
from perturb.exporting import COLUMNS, FORMS, SCHEMA, TRAINED, TRAINING, chat_messages, row
from perturb.importing import Wanted, read_files
from perturb.recorded import Recorded, RecordedMessage, pair
from perturb.store import Store

pytestmark = pytest.mark.slow

TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "whole": (int,),
    "number": (int, float),
    "flag": (bool,),
    "json": (list, dict),
}


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a run of a reference agent was made, clean and under one operator."""
    folder = tmp_path_factory.mktemp("run")
    done = apart("run", "--toolset", SHELF, "--operators", "tools.opaque", "--agent", "reader", folder=folder)
    assert done.status == 0, done.err
    return folder


def read(path: Path) -> list[Recorded]:
    return [one for _, _, one in read_files(Wanted((path,))) if isinstance(one, Recorded)]


@cache
def exported(folder: Path, *words: str) -> list[dict[str, Any]]:
    done = apart("export", *words, folder=folder)
    assert done.status == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


@cache
def first_run(folder: Path) -> str:
    with Store(folder / "reports" / "runs" / "episodes.sqlite") as store:
        return store.runs()[0][0]


@pytest.mark.slow
def test_each_row_has_the_columns_with_the_types_that_are_documented(run: Path, tmp_path: Path) -> None:
    recorded = files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    for made in (*exported(run, first_run(run)), *exported(run, str(recorded))):
        assert list(made) == list(COLUMNS)
        assert made["schema"] == SCHEMA
        for name, value in made.items():
            kinds = TYPES[COLUMNS[name].type]
            assert value is None or type(value) in kinds, name


@pytest.mark.slow
def test_a_run_is_exported_clean_and_perturbed_with_plan_seed_and_real_calls(run: Path) -> None:
    rows = exported(run, first_run(run))
    assert {(one["arm"], one["setup"]) for one in rows} == {("clean", ""), ("perturbed", "tools.opaque")}
    assert {one["seed"] for one in rows} == {7}
    clean = next(one for one in rows if one["arm"] == "clean")
    perturbed = next(one for one in rows if one["arm"] == "perturbed" and one["task"] == clean["task"])
    [shown] = perturbed["plan"]["names"].values()
    assert (clean["plan"], perturbed["plan"]["op"]) == (None, "tools.opaque")
    called = [one["function"]["name"] for message in perturbed["messages"] for one in message.get("tool_calls", ())]
    assert called == [shown]
    assert [tool["function"]["name"] for tool in perturbed["tools"]] == [shown]
    assert [tool["function"]["name"] for tool in clean["tools"]] == ["order_items"]
    assert perturbed["real_calls"] == clean["real_calls"]
    assert clean["real_calls"][0][0]["name"] == clean["gold"][0]["name"] == "order_items"
    assert {one["outcome"] for one in rows} == {"passed"}


def test_training_records_are_flat_and_bear_their_version(run: Path) -> None:
    rows = exported(run, first_run(run), "--as", "training")
    assert all(list(one) == ["schema", *TRAINED] and one["schema"] == TRAINING for one in rows)
    assert {"outcome", "process", "plan", "seed", "input_tokens", "output_tokens"} <= set(TRAINED)


def test_chat_records_hold_nothing_but_what_the_interface_takes(run: Path) -> None:
    for one in exported(run, first_run(run), "--as", "chat"):
        assert set(one) == {"messages", "tools"}
        for message in one["messages"]:
            assert set(message) <= {"role", "content", "tool_calls", "tool_call_id", "name"}


def test_parquet_is_a_dataframe_in_one_line(run: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [export] is not installed")
    path = tmp_path / "run.parquet"
    assert apart("export", first_run(run), "--as", "parquet", "--out", str(path), folder=run).status == 0
    table = parquet.read_table(path)
    assert table.schema.names == list(COLUMNS)
    assert table.schema.metadata[b"schema"] == SCHEMA.encode()
    assert table.schema.field("plan").metadata[b"meaning"].decode() == COLUMNS["plan"].meaning
    rows = table.to_pylist()
    for one, plain in zip(rows, exported(run, first_run(run)), strict=True):
        for name, column in COLUMNS.items():
            value = json.loads(one[name]) if column.type == "json" and one[name] is not None else one[name]
            assert value == plain[name], name


def test_real_episodes_come_back_as_they_went(tmp_path: Path) -> None:
    for relative in ("tau-bench/gpt-4o-airline.json", "tau2-bench/gpt-4.1_retail.json"):
        before = read(files.real(relative))
        path = tmp_path / "out.jsonl"
        path.write_text("".join(json.dumps(row(one)) + "\n" for one in before))
        after = read(path)
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            told = [(m.role, m.text, m.is_error, [(c.name, c.arguments) for c in m.calls]) for m in one.messages]
            assert [(m.role, m.text, m.is_error, [(c.name, c.arguments) for c in m.calls]) for m in other.messages] == told
            assert [call.answered for call in pair(other.messages).calls] == [
                call.answered for call in pair(one.messages).calls
            ]
            assert (other.task, other.trial, other.suite, other.passed, other.reward) == (
                one.task, one.trial, one.suite, one.passed, one.reward,
            )  # fmt: skip


def test_calls_without_ids_get_them_and_their_results_name_them(tmp_path: Path) -> None:
    [episode] = read(files.write(tmp_path / "none.json", files.dojo()))
    told = chat_messages(episode)
    ids = [call["id"] for message in told for call in message.get("tool_calls", ())]
    assert [message["tool_call_id"] for message in told if message["role"] == "tool"] == ids == ["a", "call_1"]
    assert [message["is_error"] for message in told if message["role"] == "tool"] == [False, True]
    assert [message.get("reasoning_content") for message in told if message.get("tool_calls")] == ["hm"]


def test_images_and_orphans_stay_in_the_conversation() -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    said = (RecordedMessage("user", "See.", rest=(image,)), RecordedMessage("tool", "late", tool="look"))
    told = chat_messages(Recorded(format="x", task="t", source="s", place="p", messages=said))
    assert told[0]["content"] == [{"type": "text", "text": "See."}, image]
    assert (told[1]["tool_call_id"], told[1]["name"]) == ("result_1", "look")


def test_the_columns_are_told_on_request(here: Here) -> None:
    out = here("export", "--columns").out
    assert SCHEMA in out
    assert TRAINING in out
    assert all(f"  {name}" in out and one.meaning in out for name, one in COLUMNS.items())
    assert list(here("export", "--columns", "--json").json["columns"]) == list(COLUMNS)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name the episodes: a run, an import (perturb list imports) or a file"),
        (("nothing",), "there is no file nothing, and no store"),
        (("t.json", "--as", "parquet"), "Parquet is no text; name the file to write with --out"),
        (("t.json", "--json"), "--json goes with --columns"),
        (("strange.json",), "strange.json is in no format that is known"),
    ],
)
def test_a_mistake_gets_one_message_with_the_remedy(here: Here, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    files.write(tmp_path / "strange.json", {"hello": 1})
    got = here("export", *words)
    assert (got.status, says in got.err) == (2, True), got.err


def test_pyarrow_is_asked_for_by_name(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(tmp_path / "t.json", [files.tau(1, 0, 1.0)])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    got = here("export", "t.json", "--as", "parquet", "--out", "x.parquet")
    assert (got.status, 'pip install "perturb-agents[export]"' in got.err) == (2, True)
    assert not Path("x.parquet").exists()


def test_a_reader_that_has_had_enough_ends_it_quietly(tmp_path: Path) -> None:
    files.write(tmp_path / "t.json", [files.tau(task, 0, 1.0) for task in range(400)])
    words = command("export", "t.json")
    with subprocess.Popen(
        words, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["task"] == "0"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == BROKEN_PIPE


def test_the_forms_of_the_command_are_those_there_are() -> None:
    from perturb.cli.export import command as export

    [option] = [param for param in export.params if param.name == "form"]
    assert tuple(option.type.choices) == FORMS  # type: ignore[attr-defined]
