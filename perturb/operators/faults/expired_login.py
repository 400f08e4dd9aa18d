"""`faults.expired_login`: the session expires, and calls are turned away with 401 until a documented tool has renewed it."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from perturb.operator import Example, Handling, Lens, NotApplicable, Operator, Performing, Phase, Pick, Setup
from perturb.operators.added_tool import free_names
from perturb.types import Answer, Axis, Call, Failure, Kind, Result, Schema, Tool

_NAMES = ("refresh_session", "renew_session", "refresh_login", "renew_access_token", "sign_in_again")
_TRIES = 20
"""How often an informed agent renews the session for one call: others may use it up meanwhile."""
_RENEWED = {"status": "ok"}
_RETURNS: Schema = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}


class ExpiredLogin(Operator, frozen=True, kw_only=True):
    """The session expires after a few calls: they are turned away with 401 until a documented tool has renewed it.

    Before: `get_user {"id": 7}` → `{"name": "Ada"}`
    After: `get_user {"id": 7}` → "The session has expired. … Call `refresh_session`, then make the same call again. (401
    Unauthorized)"; `refresh_session {}` → `{"status": "ok"}`; again `get_user {"id": 7}` → `{"name": "Ada"}`

    The first session lasts for `first` calls, each later one for `lasts`, or for good where that is 0. A call that is turned
    away does nothing. The tool that renews it is added, and the descriptions of all tools that need the session name it.
    Places are tools that need the session; intensity is the share of them. Applies wherever there are tools.
    """

    id: ClassVar[str] = "faults.expired_login"
    axis: ClassVar[Axis] = "responses"
    phase: ClassVar[Phase] = "faults"
    promises: ClassVar[Kind] = "fault"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            what="exchange",
            plan={
                "op": "faults.expired_login",
                "version": 1,
                "tools": ["get_user"],
                "renews": "refresh_session",
                "first": 0,
                "lasts": 3,
            },
            tool=Tool(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "integer"}}}, effect="read"),
            before={
                "calls": [
                    {"name": "get_user", "arguments": {"id": 7}},
                    {"name": "refresh_session", "arguments": {}},
                    {"name": "get_user", "arguments": {"id": 7}},
                ],
                "result": {"name": "Ada"},
            },
            after=[
                "The session has expired. Please sign in again. Nothing was changed: call `refresh_session`, then make the "
                "same call again. (401 Unauthorized)",
                {"status": "ok"},
                {"name": "Ada"},
            ],
        ),
    )

    tools: tuple[str, ...] = ()
    renews: str = ""
    first: int = 0
    lasts: int = 0

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> ExpiredLogin | NotApplicable:
        places = [name for tool in setup.tools for name in tool.stands_for]
        if not places:
            return NotApplicable("nothing_to_change", "there are no tools")
        free = free_names(setup, _NAMES)
        if not free:
            return NotApplicable("names_exhausted", "every name for the tool that renews the session is taken")
        chosen = pick.chosen(places, intensity)
        if not chosen:
            return cls()
        return cls(
            tools=tuple(chosen),
            renews=pick.choice("renews", free),
            first=pick.integer("first", 0, 1),
            lasts=pick.choice("lasts", (0, 2, 3, 5)),
        )

    def places(self) -> frozenset[str]:
        return frozenset(self.tools)

    def lens(self, setup: Setup) -> Lens:
        return ExpiredLoginLens(setup, self)


class Session(msgspec.Struct):
    """One episode's session: how many calls it is still good for, `None` for any number."""

    left: int | None


class ExpiredLoginLens(Lens):
    """Lets calls through for as long as the session lasts."""

    def __init__(self, real: Setup, plan: ExpiredLogin) -> None:
        super().__init__(real)
        self._plan = plan
        self._places = frozenset(plan.tools)
        self._renews = plan.renews if plan.tools and plan.renews not in real.by_name else ""
        if self._renews:
            note = f"Needs a session that has not expired: after a 401, call `{self._renews}`, then make the same call again."
            tools = [
                msgspec.structs.replace(tool, description=f"{tool.description}\n{note}".strip())
                if self._places.intersection(tool.stands_for)
                else tool
                for tool in real.tools
            ]
            self.setup = self.shown(tools=[*tools, self._tool()])

    def _tool(self) -> Tool:
        return Tool(
            name=self._renews,
            description="Renews the session when it has expired. A session is good for a number of calls; those made after it "
            "has expired are turned away with 401 and do nothing.",
            parameters={"type": "object", "properties": {}, "additionalProperties": False},
            returns=_RETURNS,
            idempotent=True,
        )

    def start(self) -> Session:
        return Session(self._plan.first)

    def handle(self, call: Call, memory: Session) -> Handling:
        if self._renews and call.name == self._renews:
            memory.left = self._plan.lasts or None
            return Result(dict(_RENEWED))
        if self._needs_session(call) and memory.left is not None:
            if memory.left == 0:
                return self._expired(call)
            memory.left -= 1
        answer = yield call
        assert answer is not None
        return answer

    def _needs_session(self, call: Call) -> bool:
        return bool(self._renews) and self.real.origin(call) in self._places

    def _expired(self, call: Call) -> Failure:
        refused = self.real.source.refusal("unauthenticated", tool=call.name)
        way = f"Nothing was changed: call `{self._renews}`, then make the same call again. (401 Unauthorized)"
        return msgspec.structs.replace(refused, message=f"{refused.message} {way}".strip())

    def perform(self, call: Call) -> Performing:
        answer: Answer = yield call
        for _ in range(_TRIES if self._needs_session(call) else 0):
            if not (isinstance(answer, Failure) and answer.kind == "unauthenticated"):
                break
            yield Call(self._renews)
            answer = yield call
        return answer
