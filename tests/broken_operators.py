"""Operators that break one law each, to show that the law notices. Each is modelled on a defect seen in a real tool."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import msgspec

from perturb.mentions import Mentions
from perturb.operator import (
    Handling,
    Lens,
    NotApplicable,
    Operator,
    Performing,
    Phase,
    Pick,
    Retired,
    RewritingLens,
    Setup,
    StateLens,
)
from perturb.schemas import Edit
from perturb.types import Axis, Call, Failure, Kind, Result, Tool


class Broken(Operator, frozen=True, kw_only=True):
    """What the broken operators share: they claim to touch every tool."""

    axis: ClassVar[Axis] = "tools"
    phase: ClassVar[Phase] = "names"
    law: ClassVar[int]

    touched: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Any:
        names = [name for tool in setup.tools for name in tool.stands_for]
        return cls(touched={name: name + "_x" for name in pick.chosen(names, intensity)})


class _Renaming(Lens):
    """A correct renaming of tools, for the broken ones to spoil."""

    def __init__(self, real: Setup, names: dict[str, str]) -> None:
        super().__init__(real)
        self.names = {tool.name: names[tool.stands_for[0]] for tool in real.tools if tool.stands_for[0] in names}
        self.back = {new: old for old, new in self.names.items()}
        self.mentions = Mentions(self.names)
        self.retired = tuple(Retired("tool", name) for name in self.names)
        if self.names:
            self.setup = self.shown(system=self.mentions(real.system), tools=[self.retold(tool) for tool in real.tools])

    def retold(self, tool: Tool) -> Tool:
        from perturb.mentions import reworded

        return reworded(msgspec.structs.replace(tool, name=self.names.get(tool.name, tool.name)), self.mentions)

    def show_text(self, text: str) -> str:
        return self.mentions(text)

    def show_call(self, call: Call) -> Call:
        return Call(self.names.get(call.name, call.name), call.arguments)

    def read_call(self, call: Call) -> Call | Failure:
        if call.name in self.names:
            return self.real.refusal("unknown_tool", tool=call.name)
        return Call(self.back.get(call.name, call.name), call.arguments)

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        return msgspec.structs.replace(failure, message=self.mentions(failure.message))

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        back = Mentions(self.back)
        return msgspec.structs.replace(failure, message=back(failure.message))


class Sound(Broken, frozen=True, kw_only=True):
    """Breaks nothing: shows that the laws can be kept by this family."""

    id: ClassVar[str] = "broken.none"
    retires_calls: ClassVar[bool] = True
    law: ClassVar[int] = 0

    def lens(self, setup: Setup) -> Lens:
        return _Renaming(setup, self.touched)


class OneWay(Broken, frozen=True, kw_only=True):
    """Law 1: what is shown is not read back."""

    id: ClassVar[str] = "broken.one_way"
    law: ClassVar[int] = 1

    def lens(self, setup: Setup) -> Lens:
        class Forgetful(_Renaming):
            def read_call(self, call: Call) -> Call | Failure:
                return call

        return Forgetful(setup, self.touched)


class Untyped(Broken, frozen=True, kw_only=True):
    """Law 1: values come back as another type."""

    id: ClassVar[str] = "broken.untyped"
    law: ClassVar[int] = 1

    def lens(self, setup: Setup) -> Lens:
        class Stringly(_Renaming):
            def read_result(self, call: Call, result: Result) -> Result:
                data = result.data
                return Result({k: str(v) for k, v in data.items()} if isinstance(data, dict) else data, result.renderer)

        return Stringly(setup, self.touched)


class Invalid(Broken, frozen=True, kw_only=True):
    """Law 2: the shown schema requires what it does not declare."""

    id: ClassVar[str] = "broken.invalid"
    law: ClassVar[int] = 2

    def lens(self, setup: Setup) -> Lens:
        class Demanding(_Renaming):
            def retold(self, tool: Tool) -> Tool:
                made = super().retold(tool)
                return msgspec.structs.replace(made, parameters={**made.parameters, "required": ["api_version"]})

        return Demanding(setup, self.touched)


class Colliding(Broken, frozen=True, kw_only=True):
    """Law 3: a rename onto a name that was left untouched, as a proxy's transform once allowed."""

    id: ClassVar[str] = "broken.colliding"
    law: ClassVar[int] = 3

    def lens(self, setup: Setup) -> Lens:
        names = [name for tool in setup.tools for name in tool.stands_for]
        return _Renaming(setup, {names[0]: setup.tools[1].name} if self.touched else {})


class Leaking(Broken, frozen=True, kw_only=True):
    """Law 4: the prompt and the descriptions go on naming the tool by its old name, as a published benchmark's did."""

    id: ClassVar[str] = "broken.leaking"
    law: ClassVar[int] = 4

    def lens(self, setup: Setup) -> Lens:
        class Talkative(_Renaming):
            def __init__(self, real: Setup, names: dict[str, str]) -> None:
                super().__init__(real, names)
                tools = [msgspec.structs.replace(tool, name=self.names.get(tool.name, tool.name)) for tool in real.tools]
                self.setup = self.shown(tools=tools) if names else real

            def show_text(self, text: str) -> str:
                return text

        return Talkative(setup, self.touched)


class Complaining(Broken, frozen=True, kw_only=True):
    """Law 4: failures go on naming the tool by its old name."""

    id: ClassVar[str] = "broken.complaining"
    law: ClassVar[int] = 4

    def lens(self, setup: Setup) -> Lens:
        class Plaintive(_Renaming):
            def show_failure(self, call: Call, failure: Failure) -> Failure:
                return msgspec.structs.replace(failure, message=f"{failure.message} (from {call.name})")

            def read_failure(self, call: Call, failure: Failure) -> Failure:
                return msgspec.structs.replace(failure, message=failure.message.removesuffix(f" (from {call.name})"))

        return Plaintive(setup, self.touched)


class Titled(Broken, frozen=True, kw_only=True):
    """Law 4: a title in the schema holds the old name."""

    id: ClassVar[str] = "broken.titled"
    law: ClassVar[int] = 4

    def lens(self, setup: Setup) -> Lens:
        class Keeping(_Renaming):
            def retold(self, tool: Tool) -> Tool:
                return msgspec.structs.replace(super().retold(tool), parameters={**tool.parameters, "title": tool.name})

        return Keeping(setup, self.touched)


class Merging(Broken, frozen=True, kw_only=True):
    """Law 4: the description of merged tools goes on naming an argument that is gone."""

    id: ClassVar[str] = "broken.merging"
    law: ClassVar[int] = 4

    def lens(self, setup: Setup) -> Lens:
        class Joined(Lens):
            def __init__(self, real: Setup) -> None:
                super().__init__(real)
                first, second = real.tools[0], real.tools[1]
                both = msgspec.structs.replace(
                    first, description="Takes `owner_name`.", stands_for=(*first.stands_for, *second.stands_for)
                )
                self.retired = (Retired(f"argument:{first.stands_for[0]}", "owner_name"),)
                self.setup = self.shown(tools=[both, *real.tools[1:]])

        return Joined(setup) if self.touched else Lens(setup)


class Prompting(Broken, frozen=True, kw_only=True):
    """Law 4: the system prompt goes on naming an argument that is gone."""

    id: ClassVar[str] = "broken.prompting"
    law: ClassVar[int] = 4

    def lens(self, setup: Setup) -> Lens:
        class Reminding(Lens):
            def __init__(self, real: Setup) -> None:
                super().__init__(real)
                self.retired = (Retired(f"argument:{real.tools[0].stands_for[0]}", "owner_name"),)
                self.setup = self.shown(system=real.system + " Ask for the owner_name first.")

        return Reminding(setup) if self.touched else Lens(setup)


class Recalling(Broken, frozen=True, kw_only=True):
    """Law 4: replaced names are left in the results."""

    id: ClassVar[str] = "broken.recalling"
    law: ClassVar[int] = 4
    phase: ClassVar[Phase] = "state"

    def lens(self, setup: Setup) -> Lens:
        class Halfway(StateLens):
            def __init__(self, real: Setup) -> None:
                super().__init__(real)
                self.retired = (Retired("entity", "Casimir Dunleavy"),)

            def show_text(self, text: str) -> str:
                return text.replace("Casimir Dunleavy", "Boris Elmgren")

            def show_call(self, call: Call) -> Call:
                return Call(
                    call.name,
                    {key: _other(value, "Casimir Dunleavy", "Boris Elmgren") for key, value in call.arguments.items()},
                )

            def handle(self, call: Call, memory: Any) -> Handling:
                inner = {key: _other(value, "Boris Elmgren", "Casimir Dunleavy") for key, value in call.arguments.items()}
                return (yield from super().handle(Call(call.name, inner), memory))

        return Halfway(setup) if self.touched else Lens(setup)


class Defaulting(Broken, frozen=True, kw_only=True):
    """Law 2: the default is still the value that the enum no longer lists."""

    id: ClassVar[str] = "broken.defaulting"
    law: ClassVar[int] = 2

    def lens(self, setup: Setup) -> Lens:
        class Coding(RewritingLens):
            part = "arguments"

        edit = Edit(
            schema=lambda schema: {
                **schema,
                "enum": ["E", "S", "A"],
                "description": "Codes: E = express; S = standard; A = any.",
            },
            show=lambda value: {"express": "E", "standard": "S", "any": "A"}.get(value, value),
            read=lambda value: {"E": "express", "S": "standard", "A": "any"}.get(value, value),
        )
        return Coding(setup, {"find_parcels.speed": edit} if self.touched else {})


class Misquoting(Broken, frozen=True, kw_only=True):
    """Law 1: the answer is shown in other words and not read back."""

    id: ClassVar[str] = "broken.misquoting"
    law: ClassVar[int] = 1

    def lens(self, setup: Setup) -> Lens:
        class Shouting(_Renaming):
            def show_answer(self, text: str) -> str:
                return text.upper()

        return Shouting(setup, self.touched)


class Repairing(Broken, frozen=True, kw_only=True):
    """Law 5: the old name of a tool still works."""

    id: ClassVar[str] = "broken.repairing"
    law: ClassVar[int] = 5
    retires_calls: ClassVar[bool] = True

    def lens(self, setup: Setup) -> Lens:
        class Obliging(_Renaming):
            def read_call(self, call: Call) -> Call | Failure:
                return Call(self.back.get(call.name, call.name), call.arguments)

        return Obliging(setup, self.touched)


class Lenient(Broken, frozen=True, kw_only=True):
    """Law 5: a call in the old form is quietly repaired."""

    id: ClassVar[str] = "broken.lenient"
    law: ClassVar[int] = 5
    retires_calls: ClassVar[bool] = True

    def lens(self, setup: Setup) -> Lens:
        class Nesting(Lens):
            def __init__(self, real: Setup, names: dict[str, str]) -> None:
                super().__init__(real)
                self.places = set(names)
                self.setup = self.shown(tools=[self.nested(tool) for tool in real.tools])

            def nested(self, tool: Tool) -> Tool:
                if tool.stands_for[0] not in self.places:
                    return tool
                parameters = {"type": "object", "properties": {"body": tool.parameters}, "required": ["body"]}
                return msgspec.structs.replace(tool, parameters=parameters)

            def show_call(self, call: Call) -> Call:
                return Call(call.name, {"body": call.arguments}) if call.name in self.touched_names() else call

            def touched_names(self) -> set[str]:
                return {tool.name for tool in self.real.tools if tool.stands_for[0] in self.places}

            def read_call(self, call: Call) -> Call | Failure:
                body = call.arguments.get("body") if call.name in self.touched_names() else None
                return Call(call.name, body) if isinstance(body, dict) else call

        return Nesting(setup, self.touched)


class Unseeded(Broken, frozen=True, kw_only=True):
    """Law 6: a choice from the global random generator, as two fault injectors make it."""

    id: ClassVar[str] = "broken.unseeded"
    law: ClassVar[int] = 6

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Any:
        names = [name for tool in setup.tools for name in tool.stands_for]
        return cls(touched={name: f"{name}_{random.random()}"[:60] for name in pick.chosen(names, intensity)})

    def lens(self, setup: Setup) -> Lens:
        return _Renaming(setup, {name: new.replace(".", "") for name, new in self.touched.items()})


class Meddling(Broken, frozen=True, kw_only=True):
    """Law 6: changes the schemas it was given in place."""

    id: ClassVar[str] = "broken.meddling"
    law: ClassVar[int] = 6

    def lens(self, setup: Setup) -> Lens:
        for tool in setup.tools:
            tool.parameters["description"] = tool.parameters.get("description", "") + "!"
        return _Renaming(setup, self.touched)


class Unstorable(Broken, frozen=True, kw_only=True):
    """Law 7: what it shows depends on the order in which its plan lists things, which JSON does not keep."""

    id: ClassVar[str] = "broken.unstorable"
    law: ClassVar[int] = 7

    def lens(self, setup: Setup) -> Lens:
        numbered = {name: f"tool_{number}" for number, name in enumerate(self.touched)}
        return _Renaming(setup, numbered)


class Faking(Broken, frozen=True, kw_only=True):
    """Law 8: answers writes itself, so nothing is done."""

    id: ClassVar[str] = "broken.faking"
    law: ClassVar[int] = 8

    def lens(self, setup: Setup) -> Lens:
        touched = self.touched

        class Pretending(Lens):
            def handle(self, call: Call, memory: Any) -> Handling:
                tool = self.real.by_name.get(call.name)
                if tool is not None and tool.effect == "write" and set(tool.stands_for) & set(touched):
                    return Result({"parcel_id": "P004", "status": "sent", "cost": 4.5})
                return (yield from super().handle(call, memory))

        return Pretending(setup)


class Hiding(Broken, frozen=True, kw_only=True):
    """Law 9: values are recoded and nothing says how."""

    id: ClassVar[str] = "broken.hiding"
    law: ClassVar[int] = 9

    def lens(self, setup: Setup) -> Lens:
        class Secret(Lens):
            def show_call(self, call: Call) -> Call:
                return Call(call.name, {k: _rot(v) for k, v in call.arguments.items()})

            read_call = show_call

        return Secret(setup) if self.touched else Lens(setup)


def _rot(value: Any) -> Any:
    return value[::-1].swapcase() if isinstance(value, str) and value.isalpha() else value


class Unnamed(Broken, frozen=True, kw_only=True):
    """Law 9: an argument goes by another name, which no schema tells."""

    id: ClassVar[str] = "broken.unnamed"
    law: ClassVar[int] = 9

    def lens(self, setup: Setup) -> Lens:
        class Nameless(Lens):
            def show_call(self, call: Call) -> Call:
                return Call(call.name, {_other(key, "labels", "tags"): value for key, value in call.arguments.items()})

            def read_call(self, call: Call) -> Call | Failure:
                return Call(call.name, {_other(key, "tags", "labels"): value for key, value in call.arguments.items()})

        return Nameless(setup) if self.touched else Lens(setup)


def _other(name: Any, old: str, new: str) -> Any:
    return new if name == old else name


class Unexplained(Broken, frozen=True, kw_only=True):
    """Law 9: the schema lists codes, and nothing says what they stand for."""

    id: ClassVar[str] = "broken.unexplained"
    law: ClassVar[int] = 9

    codes: ClassVar[dict[str, str]] = {"road": "C1", "rail": "C2", "air": "C3"}

    def lens(self, setup: Setup) -> Lens:
        codes = self.codes

        class Coding(RewritingLens):
            part = "arguments"

        back = {code: value for value, code in codes.items()}
        edit = Edit(
            schema=lambda schema: {**schema, "enum": list(back)},
            show=lambda value: codes.get(value, value),
            read=lambda value: back.get(value, value),
        )
        return Coding(setup, {"send_parcel.carrier": edit} if self.touched else {})


class Cryptic(Broken, frozen=True, kw_only=True):
    """Law 9: the retry of a failed call needs a word that no reply tells."""

    id: ClassVar[str] = "broken.cryptic"
    law: ClassVar[int] = 9
    promises: ClassVar[Kind] = "fault"

    def lens(self, setup: Setup) -> Lens:
        class Asking(Lens):
            def handle(self, call: Call, memory: Any) -> Handling:
                if call.arguments.get("again") != "xyzzy":
                    return self.real.source.refusal("unavailable", tool=call.name)
                inner = Call(call.name, {key: value for key, value in call.arguments.items() if key != "again"})
                return (yield from super().handle(inner, memory))

            def perform(self, call: Call) -> Performing:
                yield call
                return (yield Call(call.name, {**call.arguments, "again": "xyzzy"}))

        return Asking(setup) if self.touched else Lens(setup)


class Curt(Broken, frozen=True, kw_only=True):
    """Law 9: the first call fails, and nothing says that another try may work."""

    id: ClassVar[str] = "broken.curt"
    law: ClassVar[int] = 9
    promises: ClassVar[Kind] = "fault"

    def lens(self, setup: Setup) -> Lens:
        class Failing(Lens):
            def start(self) -> set[str]:
                return set()

            def handle(self, call: Call, memory: Any) -> Handling:
                if call.name not in memory:
                    memory.add(call.name)
                    return Failure("internal", "Error 17.")
                return (yield from super().handle(call, memory))

            def perform(self, call: Call) -> Performing:
                answer = yield call
                return (yield call) if isinstance(answer, Failure) and answer.message == "Error 17." else answer

        return Failing(setup) if self.touched else Lens(setup)


class Idle(Broken, frozen=True, kw_only=True):
    """Law 10: a listed change that is never made, as a published benchmark's argument scramble."""

    id: ClassVar[str] = "broken.idle"
    law: ClassVar[int] = 10

    def lens(self, setup: Setup) -> Lens:
        return Lens(setup)


class Jumping(Broken, frozen=True, kw_only=True):
    """Law 11: a lower dose is not part of a higher one."""

    id: ClassVar[str] = "broken.jumping"
    law: ClassVar[int] = 11

    @classmethod
    def plan(cls, setup: Setup, pick: Pick, intensity: float) -> Any:
        names = [name for tool in setup.tools for name in tool.stands_for]
        count = round(intensity * len(names))
        return cls(touched={name: name + "_x" for name in (names[:count] if intensity > 0.6 else names[len(names) - count :])})

    def lens(self, setup: Setup) -> Lens:
        return _Renaming(setup, self.touched)


class Always(Broken, frozen=True, kw_only=True):
    """Law 11: intensity 0 changes something."""

    id: ClassVar[str] = "broken.always"
    law: ClassVar[int] = 11

    def lens(self, setup: Setup) -> Lens:
        return _Renaming(setup, {name: name + "_x" for tool in setup.tools for name in tool.stands_for})


class Alone(Broken, frozen=True, kw_only=True):
    """Law 12: works on the toolset's own tools, whatever lies between."""

    id: ClassVar[str] = "broken.alone"
    law: ClassVar[int] = 12

    def lens(self, setup: Setup) -> Lens:
        lens = _Renaming(Setup.of(setup.source), self.touched)
        lens.real = setup
        return lens


class Boastful(Broken, frozen=True, kw_only=True):
    """Law 12: goes with no other operator of its kind, and is in a stack with one all the same."""

    id: ClassVar[str] = "broken.boastful"
    law: ClassVar[int] = 12
    conflicts: ClassVar[frozenset[str]] = frozenset({"broken.boastful"})
    promises: ClassVar[Kind] = "equivalent"

    def lens(self, setup: Setup) -> Lens:
        return _Renaming(setup, self.touched)


BROKEN: tuple[type[Broken], ...] = (
    OneWay,
    Untyped,
    Invalid,
    Colliding,
    Leaking,
    Complaining,
    Titled,
    Merging,
    Prompting,
    Recalling,
    Defaulting,
    Misquoting,
    Repairing,
    Lenient,
    Unseeded,
    Meddling,
    Unstorable,
    Faking,
    Hiding,
    Unnamed,
    Unexplained,
    Cryptic,
    Curt,
    Idle,
    Jumping,
    Always,
    Alone,
    Boastful,
)

__all__ = ["BROKEN", "NotApplicable", "Sound"]
