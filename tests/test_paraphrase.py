"""`perturb paraphrase` against a scripted model on a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from command_line import Ended, Here
from test_rewordings import MODULE, OTHER, PROMPT

from perturb.loading import load_toolset
from perturb.operator import Operator, SeededPick, Setup, lens_for
from perturb.operators import by_id
from perturb.rewordings import read


class Model:
    """A server that speaks chat completions: it answers with the next of its script, and keeps what it was asked."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.asked.append(body)
                model.keys.append(self.headers["Authorization"])
                answer = model.script.pop(0) if model.script else "[]"
                status, payload = answer if isinstance(answer, tuple) else (200, _completion(body["model"], answer))
                text = json.dumps(payload).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _completion(model: str, text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}


@pytest.fixture
def model() -> Iterator[Model]:
    served = Model()
    yield served
    served.close()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.py"
    file.write_text(MODULE)
    return file


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def perturb(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


@pytest.fixture
def paraphrased(perturb: Here, shop: Path, model: Model) -> Callable[..., Ended]:
    def run(*more: str) -> Ended:
        return perturb("paraphrase", "--toolset", str(shop), "--model", "m-1", "--base-url", model.url, *more)

    return run


BAD = "I'd like some copies of Dune, please."


def test_what_has_survived_is_stored_and_the_rest_is_told(shop: Path, model: Model, paraphrased: Callable[..., Ended]) -> None:
    model.script = [json.dumps([OTHER, BAD, PROMPT, "Sure, here is another: 2 copies of Dune."])]
    ran = paraphrased()
    assert ran.status == 0
    held = read(shop.with_name("shop.rewordings.json"))
    assert [(one.new, one.by, one.reviewed) for one in held.rewordings] == [(OTHER, "m-1", False)]
    assert {one.new: one.why for one in held.refused}[BAD] == ("lacks the number 2", "hides the value '2'")
    assert "refused, task dune: lacks the number 2" in ran.out
    assert "is the same text" in ran.out
    assert "speaks of itself" in ran.out
    assert "1 wording kept, 3 refused" in ran.out
    assert 'set "reviewed" to true' in ran.out


def test_the_model_is_asked_for_the_text_and_told_what_must_stay(
    shop: Path, model: Model, paraphrased: Callable[..., Ended]
) -> None:
    model.script = [json.dumps([OTHER])]
    paraphrased("--number", "3")
    (asked,) = model.asked
    assert asked["model"] == "m-1"
    assert [one["role"] for one in asked["messages"]] == ["system", "user"]
    assert json.loads(asked["messages"][1]["content"]) == {"text": PROMPT, "wordings": 3}
    assert "stay to the letter" in asked["messages"][0]["content"]
    assert model.keys == ["Bearer sk-test"]


def test_running_again_asks_for_nothing_twice(
    shop: Path, model: Model, paraphrased: Callable[..., Ended], perturb: Here
) -> None:
    model.script = [json.dumps([BAD])]
    paraphrased()
    again = paraphrased()
    assert len(model.asked) == 1
    assert "0 texts asked for, 1 text had been before" in again.out
    model.script = [json.dumps([OTHER])]
    another = perturb("paraphrase", "-t", str(shop), "--model", "m-2", "--base-url", model.url)
    assert another.status == 0
    assert [one["model"] for one in model.asked] == ["m-1", "m-2"]


def test_descriptions_are_asked_for_where_they_are_wanted(shop: Path, model: Model, paraphrased: Callable[..., Ended]) -> None:
    model.script = [json.dumps([OTHER]), json.dumps(["Place an order for copies of a book.", "Order copies of books."])]
    paraphrased("--descriptions")
    held = read(shop.with_name("shop.rewordings.json"))
    assert [one.what for one in held.rewordings] == ["task dune", "tool order_book", "tool order_book"]
    assert "describes a tool" in model.asked[1]["messages"][0]["content"]


def test_what_a_person_has_reviewed_is_used(shop: Path, model: Model, paraphrased: Callable[..., Ended]) -> None:
    model.script = [json.dumps([OTHER])]
    paraphrased()
    path = shop.with_name("shop.rewordings.json")
    path.write_text(path.read_text().replace('"reviewed": false', '"reviewed": true'))
    loaded = load_toolset(str(shop))
    plan = by_id("user.paraphrase").plan(Setup.of(loaded), SeededPick(1, "x"), 1.0)
    assert isinstance(plan, Operator)
    assert lens_for(plan, Setup.of(loaded)).show_turns((PROMPT,)) == (OTHER,)
    assert "to be read" not in paraphrased().out


@pytest.mark.parametrize(
    "answer",
    [
        f"Here you are:\n```json\n{json.dumps([OTHER])}\n```",
        json.dumps({"wordings": [OTHER]}),
        f"[1] {json.dumps([OTHER])}",
    ],
)
def test_a_list_is_found_within_other_words(shop: Path, model: Model, answer: str, paraphrased: Callable[..., Ended]) -> None:
    model.script = [answer]
    paraphrased()
    assert [one.new for one in read(shop.with_name("shop.rewordings.json")).rewordings] == [OTHER]


def test_an_answer_that_is_no_list_is_refused_and_kept(shop: Path, model: Model, paraphrased: Callable[..., Ended]) -> None:
    model.script = ["I can't do that."]
    ran = paraphrased()
    assert ran.status == 0
    assert "the answer is no JSON list of texts" in ran.out


def test_a_given_file_is_used(shop: Path, model: Model, tmp_path: Path, paraphrased: Callable[..., Ended]) -> None:
    model.script = [json.dumps([OTHER])]
    ran = paraphrased("--file", str(tmp_path / "deep" / "mine.json"), "--json")
    told = json.loads(ran.out)
    assert told["path"].endswith("mine.json")
    assert [one["new"] for one in told["kept"]] == [OTHER]
    assert read(tmp_path / "deep" / "mine.json").rewordings[0].new == OTHER


@pytest.mark.slow
def test_what_was_stored_before_a_fault_stays(shop: Path, model: Model, paraphrased: Callable[..., Ended]) -> None:
    model.script = [json.dumps([OTHER]), *[(500, {"error": {"message": "broken"}})] * 3]
    ran = paraphrased("--descriptions")
    assert ran.status == 3
    assert "answered 500" in ran.err
    assert "run the same command again: what is stored stays" in ran.err
    assert len(read(shop.with_name("shop.rewordings.json")).rewordings) == 1


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "set OPENAI_API_KEY"), (404, "name another model or --base-url"), (400, "run the same command again")],
)
def test_a_refusal_of_the_provider_names_the_remedy(
    shop: Path, model: Model, status: int, remedy: str, paraphrased: Callable[..., Ended]
) -> None:
    model.script = [(status, {"error": {"message": "no such thing"}})]
    ran = paraphrased()
    assert ran.status == 3
    assert remedy in ran.err
    assert "no such thing" in ran.err
    assert "Traceback" not in ran.err
    assert "sk-test" not in ran.err


@pytest.mark.slow
def test_a_server_that_is_not_there_is_told(shop: Path, model: Model, perturb: Here) -> None:
    ran = perturb("paraphrase", "-t", str(shop), "--model", "m", "--base-url", "http://bo:secret@127.0.0.1:9/v1")
    assert ran.status == 3
    assert "http://127.0.0.1:9/v1" in ran.err
    assert "secret" not in ran.err


def test_an_endpoint_of_another_kind_is_told(shop: Path, model: Model, paraphrased: Callable[..., Ended]) -> None:
    model.script = [(200, {"hello": "world"})]
    ran = paraphrased()
    assert ran.status == 3
    assert "speaks OpenAI's chat completions" in ran.err


def test_without_a_key_it_says_so(shop: Path, monkeypatch: pytest.MonkeyPatch, perturb: Here) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    ran = perturb("paraphrase", "-t", str(shop), "--model", "m")
    assert ran.status == 2
    assert "set OPENAI_API_KEY, or name a server of your own with --base-url" in ran.err


def test_an_unknown_task_is_a_mistake(shop: Path, model: Model, paraphrased: Callable[..., Ended]) -> None:
    ran = paraphrased("--task", "dun")
    assert ran.status == 2
    assert "did you mean 'dune'?" in ran.err
    assert model.asked == []
