"""tau2-bench's tasks as inspect-evals has them: tau2:airline (50), tau2:retail (114), tau2:telecom (2,285).

An adapter: tools, databases, gold actions and evaluation are those of the installed package. Where tau2 lets a language model
play the user, what that model would have been told is the prompt; in telecom it is the ticket that tau2 itself gives to an
agent who works alone and has the user's phone in hand, whose tools therefore are the agent's too.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from perturb.errors import ConfigurationError, nearest
from perturb.toolset import Task, Toolset, plain_refusal
from perturb.types import JSON, Call, Failure, FailureKind, Tool, digest

from .declarations import WRITES, returns_of

if TYPE_CHECKING:
    from .environment import Tau2Environment

OPTIONS = ("airline", "retail", "telecom")
"""The domains, as they stand behind the colon of `tau2:…`."""
VERSION = "0.26.0"
INSTALL = '  pip install "perturb-agents[tau2]"'
SCENARIO = "The customer cannot be asked anything. This is all that is known of the customer and of what is wanted:\n\n"
"""What stands before the text that tau2 gives to the model which plays the user."""


def create(option: str) -> Toolset:
    """The domain called `option`. Raises `ConfigurationError` for another name, and where inspect-evals is not installed."""
    if option not in OPTIONS:
        wanted = f"there is no domain {option!r}; {nearest(option, OPTIONS)}" if option else "name one of its domains"
        known = ", ".join(f"tau2:{domain}" for domain in OPTIONS)
        raise ConfigurationError(f"toolset 'tau2': {wanted} (choose from {known})")
    if find_spec("inspect_evals") is None:
        raise ConfigurationError(f"toolset 'tau2:{option}' needs the package inspect-evals {VERSION}; install it:\n{INSTALL}")
    if version("inspect-evals") != VERSION:
        raise ConfigurationError(
            f"toolset 'tau2:{option}' is written for inspect-evals {VERSION}, and {version('inspect-evals')} is installed; "
            f"install the right one:\n{INSTALL}"
        )
    return _domain(option)


@cache
def _domain(name: str) -> Tau2Toolset:
    with warnings.catch_warnings():
        # As inspect-evals is imported, it is told of by Pydantic; that is no business of those who make warnings errors.
        warnings.simplefilter("ignore", DeprecationWarning)
        import_module("inspect_evals.tau2")
    return Tau2Toolset(name)


class Tau2Toolset(Toolset):
    """One domain."""

    loads_state = False

    def __init__(self, domain: str) -> None:
        from inspect_evals.tau2.data_model.tasks import Task as TheirTask

        from .environment import register

        register()
        self.name = f"tau2:{domain}"
        self.domain = domain
        agents, users = _tools(domain)
        returns = returns_of(domain)
        self._functions = agents | users
        self._user_tools = frozenset(users)
        self.tools = tuple(_tool(name, tool, returns.get(name)) for name, tool in self._functions.items())
        self._returning = {tool.name: tool.returns is not None for tool in self.tools}
        self.system = _policy(domain)
        data = _data(domain)
        self._sources = hashlib.sha256(data).hexdigest()
        chosen = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        self._theirs = {told["id"]: TheirTask.model_validate(told) for told in chosen}
        self._expected: dict[str, JSON] = {}
        self.tasks = tuple(map(self._task, self._theirs.values()))
        played = (
            "the ticket stands in for the user, whose phone the agent has in hand"
            if users
            else "one scripted turn stands in for it"
        )
        self.notice = f"tau2 lets a language model play the user; here {played}."

    def _task(self, theirs: Any) -> Task:
        criteria = theirs.evaluation_criteria
        return Task(
            id=theirs.id,
            prompt=theirs.ticket or SCENARIO + str(theirs.user_scenario),
            gold=tuple(Call(action.name, action.arguments) for action in criteria.actions or ()),
            answer=". ".join(criteria.communicate_info or ()),
        )

    def environment(self, task: Task) -> Tau2Environment:
        from .environment import Tau2Environment

        return Tau2Environment(self.domain, self._theirs[task.id], self._functions, self._returning)

    def check(self, task: Task, environment: Any, answer: str, calls: Sequence[Call]) -> bool:
        """tau2's own verdict: the database and what the user was told, or in telecom its assertions and required actions.

        tau2 compares hashes of two whole databases, each parsed anew. That their dumps are equal says the same in a thousandth
        of the time.
        """
        from .judging import communicated, telecom_passed

        theirs = self._theirs[task.id]
        if self.domain == "telecom":
            return telecom_passed(theirs, environment, calls, self._user_tools)
        if not communicated(theirs, answer):
            return False
        if task.id not in self._expected:
            wanted = self.environment(task)
            for call in task.gold or ():
                wanted.call(call)
            self._expected[task.id] = wanted.dump()
        return bool(environment.dump() == self._expected[task.id])

    def refusal(self, kind: FailureKind, *, tool: str, field: str | None = None, value: JSON = None) -> Failure:
        from .environment import unknown

        return unknown(tool) if kind == "unknown_tool" else plain_refusal(kind, tool=tool, field=field, value=value)

    def digest(self) -> str:
        sources = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(__file__).parent.glob("*.py"))]
        return digest([super().digest(), version("inspect-evals"), self._sources, sources])


def _tools(domain: str) -> tuple[dict[str, Callable[..., Any]], dict[str, Callable[..., Any]]]:
    """The tools of the agent and those of the user, by name: what the package lists are what makes each of them."""
    from inspect_ai.tool import ToolDef

    def named(factories: Sequence[Callable[[], Any]]) -> dict[str, Callable[..., Any]]:
        return {ToolDef(tool).name: tool for tool in (factory() for factory in factories)}

    if domain == "airline":
        from inspect_evals.tau2.airline.tools import all_airline_tools

        return named(all_airline_tools), {}
    if domain == "retail":
        from inspect_evals.tau2.retail.tools import all_retail_tools

        return named(all_retail_tools), {}
    from inspect_evals.tau2.telecom.tools import all_telecom_agent_tools
    from inspect_evals.tau2.telecom.user_tools import all_telecom_user_tools

    return named(all_telecom_agent_tools), named(all_telecom_user_tools)


def _tool(name: str, tool: Callable[..., Any], returns: Mapping[str, Any] | None) -> Tool:
    from inspect_ai.tool import ToolDef

    described = ToolDef(tool)
    parameters = described.parameters.model_dump(exclude_none=True)
    if not parameters["required"]:
        del parameters["required"]
    made = Tool(
        name=name,
        description=described.description,
        parameters=parameters,
        returns=None if returns is None else dict(returns),
        effect="write" if name in WRITES else "read",
        idempotent=name not in WRITES,
        renderer="text" if returns is None else "json",
    )
    return msgspec.convert(msgspec.to_builtins(made), Tool)


def _policy(domain: str) -> str:
    from inspect_evals.tau2.utils import TAU2_DATA_DIR

    if domain == "airline":
        from inspect_evals.tau2.airline.agents import get_domain_policy

        return str(get_domain_policy())
    if domain == "retail":
        from inspect_evals.tau2.retail.agents import get_domain_policy as get_retail_policy

        return str(get_retail_policy())
    folder = TAU2_DATA_DIR / "domains" / "telecom"
    parts = {"main_policy": "main_policy_solo.txt", "tech_support_policy": "tech_support_workflow_solo.txt"}
    return "\n".join(f"<{tag}>\n{(folder / file).read_text(encoding='utf-8')}\n</{tag}>" for tag, file in parts.items())


def _data(domain: str) -> bytes:
    from inspect_evals.tau2.utils import TAU2_DATA_DIR

    file = "tasks.json.gz" if domain == "telecom" else "tasks.json"
    return bytes((TAU2_DATA_DIR / "domains" / domain / file).read_bytes())
