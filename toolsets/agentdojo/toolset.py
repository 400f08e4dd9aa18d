"""AgentDojo's user tasks, 97 in four suites: agentdojo:banking, agentdojo:slack, agentdojo:travel, agentdojo:workspace.

An adapter: tools, data, gold calls and checks are those of the installed package (benchmark version v1.2.2).
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perturb import schemas
from perturb.errors import ConfigurationError, nearest
from perturb.toolset import Task, Toolset, plain_refusal
from perturb.types import JSON, Call, Failure, FailureKind, Schema, Tool, digest

from .declarations import DECLARED, IDENTIFIERS, MISSING_RETURNS, RESULT_MEANINGS, Declared
from .entities import names_in
from .rendering import PLAIN, RECORDS, register

if TYPE_CHECKING:
    from agentdojo.functions_runtime import Function
    from agentdojo.task_suite.task_suite import TaskSuite

    from .environment import DojoEnvironment

OPTIONS = ("banking", "slack", "travel", "workspace")
"""The suites, as they stand behind the colon of `agentdojo:…`."""
VERSION = "v1.2.2"
"""The benchmark version whose tasks and data are used."""


def create(option: str) -> Toolset:
    """The suite called `option`. Raises `ConfigurationError` for another name, and where AgentDojo is not installed."""
    if option not in OPTIONS:
        wanted = f"there is no suite {option!r}; {nearest(option, OPTIONS)}" if option else "name one of its suites"
        known = ", ".join(f"agentdojo:{suite}" for suite in OPTIONS)
        raise ConfigurationError(f"toolset 'agentdojo': {wanted} (choose from {known})")
    if find_spec("agentdojo") is None:
        raise ConfigurationError(
            f"toolset 'agentdojo:{option}' needs the package agentdojo; install it:\n"
            '  pip install "perturb-agents[agentdojo]"'
        )
    return _suite(option)


@cache
def _suite(name: str) -> DojoToolset:
    from agentdojo.task_suite.load_suites import get_suite

    return DojoToolset(get_suite(VERSION, name))


class DojoToolset(Toolset):
    """One suite. The environment is parsed once, and each episode gets a copy by `pickle`."""

    # In the state, and in the result of a call: times of now, and the length of a text in which names may be others.
    volatile = (
        r"/inbox/(emails|trash)/\d+/timestamp",
        r"/cloud_drive/files/\d+/last_modified",
        r"(/\d+)?/(timestamp|last_modified|size)",
    )

    def __init__(self, suite: TaskSuite[Any]) -> None:
        from agentdojo.agent_pipeline.agent_pipeline import load_system_message
        from agentdojo.functions_runtime import FunctionsRuntime

        register()
        unknown = {function.name for function in suite.tools} ^ DECLARED[suite.name].keys()
        if unknown:
            raise ConfigurationError(
                f"toolset 'agentdojo:{suite.name}' is written for another version of agentdojo, whose tools differ "
                f'({", ".join(sorted(unknown))}); install the right one:\n  pip install "perturb-agents[agentdojo]"'
            )
        self.name = f"agentdojo:{suite.name}"
        self.system = load_system_message("default")
        self.identifiers = IDENTIFIERS[suite.name]
        self.tools = tuple(_tool(function, DECLARED[suite.name][function.name]) for function in suite.tools)
        self._suite = suite
        self._runtime = FunctionsRuntime(suite.tools)
        self._renderers = {tool.name: tool.renderer for tool in self.tools}
        self._fresh = pickle.dumps(suite.load_and_inject_default_environment({}), pickle.HIGHEST_PROTOCOL)
        self._user_tasks = suite.user_tasks
        self.tasks = tuple(self._task(task_id) for task_id in sorted(self._user_tasks, key=_number))
        self.entities = names_in(suite.name, self.environment(self.tasks[0]).dump(), self.tasks, self.system)

    def _task(self, task_id: str) -> Task:
        user_task = self._user_tasks[task_id]
        gold = user_task.ground_truth(self._state(task_id))
        return Task(
            id=task_id,
            prompt=user_task.PROMPT,
            gold=tuple(Call(call.function, dict(call.args)) for call in gold),
            answer=user_task.GROUND_TRUTH_OUTPUT,
        )

    def _state(self, task_id: str) -> Any:
        return self._user_tasks[task_id].init_environment(pickle.loads(self._fresh))

    def environment(self, task: Task) -> DojoEnvironment:
        from .environment import DojoEnvironment

        return DojoEnvironment(self._state(task.id), self._runtime, self._renderers)

    def check(self, task: Task, environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        """The task's own judgement: by the trace where it judges traces, else by answer, first state and last state.

        Its checks look things up without asking first whether they are there; one that finds nothing has found that the
        task is not solved.
        """
        from agentdojo.functions_runtime import FunctionCall

        from .environment import list_arguments_read
        from .sharing import share_unchanged

        user_task = self._user_tasks[task.id]
        before, after = self._state(task.id), environment.state
        share_unchanged(before, after)
        trace = [FunctionCall(function=call.name, args=list_arguments_read(call.arguments)) for call in calls]
        try:
            verdict = user_task.utility_from_traces(answer, before, after, trace)
            if verdict is None:
                verdict = user_task.utility(answer, before, after)
        except LookupError:
            return False
        return bool(verdict)

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        if kind == "unknown_tool":
            message = f"ToolNotFoundError: The requested function `{tool}` is not available."
        elif kind != "invalid_argument":
            return plain_refusal(kind, tool=tool, field=field, value=value)
        else:
            place = "" if field is None else f"{field}\n  "
            message = (
                f"ValidationError: 1 validation error for Input schema for `{tool}`\n"
                f"{place}Input should be valid [type=value_error, input_value={value!r}, input_type={type(value).__name__}]"
            )
        return Failure(kind=kind, message=message, tool=tool, field=field, value=value)

    def digest(self) -> str:
        from importlib.metadata import version

        sources = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(__file__).parent.glob("*.py"))]
        return digest([super().digest(), version("agentdojo"), VERSION, self.environment(self.tasks[0]).dump(), sources])


def _number(task_id: str) -> int:
    return int(task_id.rpartition("_")[2])


def _tool(function: Function[Any, Any], declared: Declared) -> Tool:
    parameters = _untitled(schemas.inline(function.parameters.model_json_schema()))
    for argument, form in declared.dates.items():
        _mark(parameters["properties"][argument], {"x-date": form})
    for argument, kind in declared.identifiers.items():
        _mark(parameters["properties"][argument], {"x-identifier": kind})
    for argument, kinds in declared.keys.items():
        _mark(parameters["properties"][argument], {"x-identifiers": kinds})
    returns, renderer = _returns(function)
    return Tool(
        name=function.name,
        description=function.description,
        parameters={"type": "object", "properties": {}} | parameters,
        returns=returns,
        effect=declared.effect,
        idempotent=declared.idempotent,
        ordered=declared.ordered,
        batch=declared.batch,
        renderer=renderer,
    )


def _returns(function: Function[Any, Any]) -> tuple[Schema, str]:
    """The schema of the result, and the renderer that AgentDojo's formatter comes to for such a result."""
    from pydantic import TypeAdapter

    if function.name in MISSING_RETURNS:
        return MISSING_RETURNS[function.name], PLAIN
    schema = TypeAdapter(function.return_type).json_schema(mode="serialization")
    for record in (schema, *schema.get("$defs", {}).values()):
        for field, meaning in RESULT_MEANINGS.get(record.get("title", ""), {}).items():
            _mark(record["properties"][field], meaning)
    prints_yaml = schema.get("type") == "array" or "properties" in schema or "$ref" in schema
    return _untitled(schemas.inline(schema)), RECORDS if prints_yaml else PLAIN


def _mark(schema: Schema, meaning: dict[str, Any]) -> None:
    """Declare what a value means, at the value itself: within a list its items, within a choice what is not null."""
    if "items" in schema:
        _mark(schema["items"], meaning)
    elif "anyOf" in schema:
        for choice in schema["anyOf"]:
            if choice.get("type") != "null" and "$ref" not in choice:
                _mark(choice, meaning)
    else:
        schema.update(meaning)


def _untitled(schema: Any, *, named: bool = False) -> Any:
    """`schema` without the titles that pydantic derives from names: under a new name they would tell the old one.

    `named` says that the keys of `schema` are names of properties, one of which may be `title`.
    """
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value
        if key in ("default", "enum", "const", "examples") and not named
        else _untitled(value, named=key == "properties" and not named)
        for key, value in schema.items()
        if named or key != "title"
    }
