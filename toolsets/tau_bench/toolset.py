"""tau-bench's tasks, from a checkout of its repository: tau-bench:DIR:airline (50), tau-bench:DIR:retail (115).

An adapter: tools, data, gold actions and reward are those of the checkout. tau-bench lets a language model play the user; here
what that model would have been told is the prompt.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from perturb import texts
from perturb.errors import ConfigurationError
from perturb.toolset import Task, Toolset, plain_refusal
from perturb.types import JSON, Answer, Call, Failure, FailureKind, Result, Tool, digest, to_json

from .checkout import URL, module, package_in

DOMAINS = ("airline", "retail")
SPACED = "tau-bench-json"
SCENARIO = "The customer cannot be asked anything. This is what the customer was told to want:\n\n"
READS = frozenset(
    {"calculate", "find_user_id_by_email", "find_user_id_by_name_zip", "get_order_details", "get_product_details"}
    | {"get_reservation_details", "get_user_details", "list_all_airports", "list_all_product_types", "search_direct_flight"}
    | {"search_onestop_flight", "think"}
)
"""The tools that leave the data as they are."""

texts.register_result(SPACED, json.dumps)


def create(option: str) -> Toolset:
    """The domain of a checkout: `DIR:airline`, `DIR:retail`; `DIR` alone is the airline."""
    folder, colon, domain = option.rpartition(":")
    if not colon or domain not in DOMAINS:
        folder, domain = (option, "airline") if not colon or "/" in domain or "\\" in domain else (folder, domain)
    if not folder:
        raise ConfigurationError(f"toolset 'tau-bench' needs a checkout: git clone {URL}, and write tau-bench:DIR:airline")
    if domain not in DOMAINS:
        raise ConfigurationError(f"toolset 'tau-bench:{option}': there is no domain {domain!r}; write {' or '.join(DOMAINS)}")
    return _domain(Path(folder).resolve(), domain)


@cache
def _domain(folder: Path, domain: str) -> TauBenchToolset:
    return TauBenchToolset(folder, domain)


class TauBenchEnvironment:
    """One episode's data, and the tools of tau-bench over them."""

    def __init__(self, data: dict[str, Any], tools: dict[str, Any]) -> None:
        self.data = data
        self._tools = tools

    def call(self, call: Call) -> Answer:
        tool = self._tools.get(call.name)
        if tool is None:
            return Failure(kind="unknown_tool", message=f"Unknown action {call.name}", tool=call.name)
        try:
            text = texts.writable(str(tool.invoke(data=self.data, **call.arguments)))
        except Exception as error:  # as tau-bench's own step does
            kind: FailureKind = "invalid_argument" if isinstance(error, TypeError) else "unknown"
            return Failure(kind=kind, message=texts.writable(f"Error: {error}"), tool=call.name)
        if text.startswith("Error"):
            kind = "not_found" if "not found" in text else "precondition_failed"
            return Failure(kind=kind, message=text, tool=call.name, in_band=True)
        if text[:1] not in ("{", "["):
            return Result(text, "text")
        try:
            data = json.loads(text)
        except ValueError:
            return Result(text, "text")
        return Result(data, SPACED) if json.dumps(data) == text else Result(text, "text")

    def dump(self) -> JSON:
        return self.data

    def load(self, state: JSON) -> None:
        self.data = json.loads(json.dumps(state))

    def close(self) -> None:
        """Nothing is held open."""


class TauBenchToolset(Toolset):
    """One domain of one checkout."""

    def __init__(self, folder: Path, domain: str) -> None:
        package_in(folder)
        self.name = f"tau-bench:{domain}"
        environments = module(f"envs.{domain}.env", folder)
        strategy = module("envs.user", folder).UserStrategy.HUMAN
        (kind,) = (one for name, one in vars(environments).items() if name.startswith("Mock"))
        # It is made once, for its tools, tasks and reward; nobody plays the user.
        self._theirs = kind(user_strategy=strategy, task_split="test", task_index=0)
        self._fresh = pickle.dumps(self._theirs.data, pickle.HIGHEST_PROTOCOL)
        self._theirs.data_load_func = lambda: pickle.loads(self._fresh)
        # Its own hash is of one text of several megabytes that Python writes; equal data have equal hashes all the same.
        self._theirs.get_data_hash = lambda: hashlib.sha256(to_json(self._theirs.data)).hexdigest()
        self._action = module("types", folder).Action
        self.system = str(self._theirs.wiki)
        self.tools = tuple(_tool(info["function"]) for info in self._theirs.tools_info)
        self.tasks = tuple(self._task(number, task) for number, task in enumerate(self._theirs.tasks))
        self.notice = "tau-bench lets a language model play the user; here one scripted turn stands in for it."
        self._sources = [
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((folder / "tau_bench" / "envs" / domain).rglob("*"))
            if path.suffix in (".py", ".json", ".md")
        ]

    def _task(self, number: int, theirs: Any) -> Task:
        actions = [action for action in theirs.actions if action.name != "respond"]
        return Task(
            id=str(number),
            prompt=SCENARIO + theirs.instruction,
            gold=tuple(Call(action.name, json.loads(json.dumps(action.kwargs))) for action in actions),
            answer=". ".join(theirs.outputs),
        )

    def environment(self, task: Task) -> TauBenchEnvironment:
        return TauBenchEnvironment(pickle.loads(self._fresh), self._theirs.tools_map)

    def check(self, task: Task, environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        """tau-bench's own reward. It is reckoned once, and over a copy: it puts the gold data in the place of the episode's."""
        theirs = self._theirs
        theirs.task = theirs.tasks[int(task.id)]
        theirs.data = environment.data
        theirs.actions = [self._action(name="respond", kwargs={"content": answer})]
        try:
            return bool(theirs.calculate_reward().reward == 1.0)
        finally:
            theirs.data, theirs.actions = {}, []

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        if kind == "unknown_tool":
            return Failure(kind=kind, message=f"Unknown action {tool}", tool=tool)
        return plain_refusal(kind, tool=tool, field=field, value=value)

    def digest(self) -> str:
        sources = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(__file__).parent.glob("*.py"))]
        return digest([super().digest(), self._sources, sources])


def _tool(told: dict[str, Any]) -> Tool:
    return Tool(
        name=told["name"],
        description=told["description"],
        parameters=told["parameters"],
        effect="read" if told["name"] in READS else "write",
        idempotent=told["name"] in READS,
        renderer="text",
    )
