"""Files of JSON are read a record at a time, whatever their size and however they are cut, and broken records do not end it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import recorded_files as files
import test_import_otel as otel
from command_line import ENVIRONMENT
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError

from perturb.importers import values as values_of
from perturb.importers.formats import FORMATS
from perturb.importers.reading import At, Problem, Source, members, records
from perturb.importing import Wanted, import_files
from perturb.recorded import Recorded, keyed

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=6), PLAIN, min_size=1, max_size=4), min_size=1, max_size=6)


def values(path: Path, marks: tuple[str, ...] = ()) -> list[Any]:
    return [one.value if isinstance(one, At) else one for one in records(Source(path), marks)]


@given(
    wanted=OBJECTS,
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    ascii=st.booleans(),
    ending=st.sampled_from(["json", "jsonl"]),
)
@pytest.mark.slow
def test_what_is_read_is_what_json_itself_reads(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[Any], chunk: int, indent: int | None, ascii: bool, ending: str
) -> None:
    path = tmp_path_factory.mktemp("r") / f"r.{ending}"
    lines = [json.dumps(one, ensure_ascii=ascii) for one in wanted]
    text = "\n".join(lines) if ending == "jsonl" else json.dumps(wanted, ensure_ascii=ascii, indent=indent)
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values_of, "CHUNK", chunk)
        assert values(path) == [json.loads(line) for line in lines]


@given(wanted=OBJECTS, chunk=st.integers(1, 40), before=PLAIN)
def test_the_members_of_an_object_are_read_with_one_list_in_pieces(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[Any], chunk: int, before: Any
) -> None:
    path = files.write(tmp_path_factory.mktemp("r") / "r.json", {"info": before, "rows": wanted, "end": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values_of, "CHUNK", chunk)
        got = list(members(Source(path), ("rows",)))
    assert got == [At("info", before), *(At(f"rows[{i}]", one) for i, one in enumerate(wanted)), At("end", 1)]


@pytest.mark.parametrize("chunk", [7, 64, 1 << 20])
@pytest.mark.parametrize(
    "broken", ['{"task": 2, "x": {"task": 9}, "y": [1, }', '{"task": 2 "x": 1}', '{"task": 2, "x": "open}', "nonsense"]
)
def test_behind_a_broken_item_reading_goes_on_at_the_next(
    tmp_path: Path, broken: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values_of, "CHUNK", chunk)
    whole = ['{"task": 1, "said": [{"role": "user"}]}', '{"task": 3, "said": [{"role": "user"}]}']
    path = tmp_path / "r.json"
    path.write_text(f"[{whole[0]},\n{broken},\n{whole[1]}]")
    got = values(path, ("task", "said"))
    assert [one["task"] for one in got if isinstance(one, dict)] == [1, 3]
    [problem] = [one for one in got if isinstance(one, Problem)]
    assert problem.where == "[1]"


def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    text = json.dumps([files.tau(task, 0, 1.0) for task in range(5)])
    for length in range(len(text) // 2, len(text), 37):
        path.write_text(text[:length])
        counted = import_files(Wanted((path,), "tau-bench"), None).total
        assert counted.episodes >= 2
        assert counted.found == 1
        assert "ends" in counted.problems[0].what


def test_bytes_that_are_no_text_spoil_their_own_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": "\xff"}\n{"a": 3}\n')
    first, second, third = values(path)
    assert (first, third) == ({"a": 1}, {"a": 3})
    assert second.where == "line 2"


def test_a_compressed_file_is_read_like_another(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n{"a": 2}\n'))
    assert values(path) == [{"a": 1}, {"a": 2}]


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    one, two = (files.write(tmp_path / name, [files.tau(1, 0, 1.0)]) for name in ("a.json", "b.json"))
    import_files(Wanted((one, two)), None, lambda *where: told.append(where))
    total = one.stat().st_size + two.stat().st_size
    assert [where[0] for where in told] == sorted(where[0] for where in told)
    assert max(done for _, done, _ in told) == total
    assert {all for _, _, all in told} == {total}


LARGE = """
import resource, sys
from pathlib import Path
from perturb.importing import Wanted, import_files
counted = import_files(Wanted((Path(sys.argv[1]),)), Path(sys.argv[2])).total
print(counted.episodes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_file_takes_no_more_memory_for_being_larger(tmp_path: Path) -> None:
    taken = {}
    for number in (40, 1200):
        path = tmp_path / f"{number}.json"
        episode = files.tau(1, 0, 1.0)
        with path.open("w") as opened:
            opened.write("[")
            for index in range(number):
                episode["traj"][0]["content"] = f"{index} " * 20_000
                opened.write((", " if index else "") + json.dumps(episode))
            opened.write("]")
        done = subprocess.run(
            [sys.executable, "-c", LARGE, str(path), str(tmp_path / f"{number}.sqlite")],
            env=ENVIRONMENT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        episodes, memory = map(int, done.stdout.split())
        assert episodes == number
        taken[number] = memory / 1024
    assert path.stat().st_size > 95e6
    assert taken[1200] - taken[40] < 15, taken  # MB


# Any record


WHOLE: dict[str, tuple[str, Any]] = {
    "tau-bench": ("t.json", [files.tau(1, 0, 1.0), files.tau(2, 0, 0.0)]),
    "tau2-bench": ("t.json", files.tau2()),
    "agentdojo": ("t.json", files.dojo()),
    "bfcl": ("t.jsonl", files.bfcl()),
    "inspect": ("t.json", {"status": "success", "eval": {"task": "t"}, "samples": [files.sample("a", 1, "C")]}),
    "rotbench": ("t.json", files.rotbench()),
    "otel": ("t.jsonl", [otel.request(*otel.in_attributes(True)), otel.request(*otel.in_events())]),
    "openai-chat": ("t.jsonl", [{"messages": files.conversation(), "tools": [{"name": "count"}]}]),
}


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something could be put in place of something else."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(spot for key, one in inner for spot in spots(one, (*path, key)))]


@pytest.mark.parametrize("form", WHOLE)
@given(data=st.data())
def test_whatever_stands_in_a_record_it_is_read_or_told(
    form: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name, whole = WHOLE[form]
    changed = json.loads(json.dumps(whole))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(spots(changed)[1:]))
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()):
            holder[path[-1]] = data.draw(PLAIN)
        else:
            del holder[path[-1]]
        if not spots(changed)[1:]:
            return
    file = files.write(tmp_path_factory.mktemp("f") / name, changed)
    for one in FORMATS[form].read(Source(file)):
        assert isinstance(one, (Recorded, Problem))
        if isinstance(one, Recorded):
            with suppress(ValidationError):  # which is told as a problem of the record
                assert keyed(one).key


def test_a_field_of_another_type_is_told_with_its_place(tmp_path: Path) -> None:
    wrong = files.tau(1, 0, 1.0)
    wrong["info"]["task"]["actions"][0]["kwargs"] = [1]
    path = files.write(tmp_path / "t.json", [wrong, files.tau(2, 0, 1.0)])
    total = import_files(Wanted((path,)), None).total
    assert (total.episodes, total.found) == (1, 1)
    assert total.problems[0].where.endswith("t.json [0]")
    assert "gold" in total.problems[0].what
