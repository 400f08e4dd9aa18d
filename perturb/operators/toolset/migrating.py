"""The stages of a migration: before it, between it and the first error that tells of it, and after it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from perturb import schemas, texts
from perturb.operator import Handling, Lens, Performing, Setup
from perturb.operators.arguments.synonym import ArgumentSynonymLens
from perturb.operators.renaming import ToolNamesLens
from perturb.types import JSON, Answer, Call, Failure, Result, Schema, digest


class Calls(msgspec.Struct):
    """Within one episode: how many calls there have been, and whether an error has told of the change."""

    made: int = 0
    told: bool = False


class MigratedLens(Lens):
    """The tools after the change: names and arguments are the new ones, and refusals of the old ones name them."""

    def __init__(self, real: Setup, names: Mapping[str, str], arguments: Mapping[str, str]) -> None:
        super().__init__(real)
        self._tools = ToolNamesLens(real, names)
        self._arguments = ArgumentSynonymLens(self._tools.setup, arguments)
        self.setup = self._arguments.setup
        self.retired = (*self._tools.retired, *self._arguments.retired)
        self.changes = [*self._tool_changes(), *self._argument_changes(arguments)]
        """What has come in the place of what, in sentences."""
        self._instead = {
            tool.name: {one.name: arguments[one.place] for one in schemas.places(tool.parameters) if one.place in arguments}
            for tool in self._tools.setup.tools
        }

    def _tool_changes(self) -> list[str]:
        now = [(old.name, new.name) for old, new in zip(self.real.tools, self._tools.setup.tools, strict=True)]
        return [f"`{old}` is now called `{new}`." for old, new in now if old != new]

    def _argument_changes(self, arguments: Mapping[str, str]) -> list[str]:
        found = []
        for tool in self._tools.setup.tools:
            changed = [(one.name, arguments[one.place]) for one in schemas.places(tool.parameters) if one.place in arguments]
            listed = ", ".join(f"`{old}` is now `{new}`" for old, new in dict(changed).items())
            if listed:
                found.append(f"In `{tool.name}`, {listed}.")
        return found

    def gone(self, call: Call) -> Failure | None:
        """The refusal of a call in an old form, which names the new one; `None` for any other call."""
        read = self.read_call(call)
        return read if isinstance(read, Failure) and read.stale else None

    def show_call(self, call: Call) -> Call:
        return self._arguments.show_call(self._tools.show_call(call))

    def read_call(self, call: Call) -> Call | Failure:
        new = self._tools.show_call(Call(call.name)).name
        if new != call.name:
            return self._refused(self._tools.read_call(call), f"`{call.name}` is gone. Nothing was done: use `{new}` instead.")
        read = self._arguments.read_call(call)
        if isinstance(read, Failure):
            instead = self._instead.get(call.name, {}).get(str(read.field))
            told = f"The argument `{read.field}` of `{call.name}` is gone. Nothing was done: use `{instead}` instead."
            return self._refused(read, told) if instead is not None else read
        return self._tools.read_call(read)

    def _refused(self, read: Call | Failure, told: str) -> Call | Failure:
        return msgspec.structs.replace(read, message=told) if isinstance(read, Failure) else read

    def show_text(self, text: str) -> str:
        return self._arguments.show_text(self._tools.show_text(text))

    def show_failure(self, call: Call, failure: Failure) -> Failure:
        return self._arguments.show_failure(self._tools.show_call(call), self._tools.show_failure(call, failure))

    def read_failure(self, call: Call, failure: Failure) -> Failure:
        return self._tools.read_failure(call, self._arguments.read_failure(self._tools.show_call(call), failure))

    def show_returns(self, call: Call, schema: Schema) -> Schema:
        return self._arguments.show_returns(self._tools.show_call(call), self._tools.show_returns(call, schema))


class _BeforeLens(Lens):
    """The tools as they are before the change; calls are counted."""

    def __init__(self, real: Setup, after: int) -> None:
        super().__init__(real)
        self._after = after

    def start(self) -> Calls:
        return Calls()

    def moves(self, memory: Calls) -> bool:
        return memory.made >= self._after


class AnnouncedLens(_BeforeLens):
    """The answer to the last call before the change says what changes."""

    def __init__(self, real: Setup, names: Mapping[str, str], arguments: Mapping[str, str], after: int) -> None:
        super().__init__(real, after)
        self.later = migrated = MigratedLens(real, names, arguments)
        self._notice = (
            f"Notice: the list of tools has changed. {' '.join(migrated.changes)} Use the new names from the next call on; the "
            "old ones no longer work."
        )
        self._mark = f"+notice-{digest(self._notice, 8)}"

    def handle(self, call: Call, memory: Calls) -> Handling:
        answer = yield call
        assert answer is not None
        memory.made += 1
        return self._noticed(answer) if memory.made == self._after else answer

    def perform(self, call: Call) -> Performing:
        return self._without_notice((yield call))

    def _noticed(self, answer: Answer) -> Answer:
        if isinstance(answer, Failure):
            return msgspec.structs.replace(answer, message=f"{answer.message}\n\n{self._notice}")
        within, notice = answer.renderer, self._notice

        def render(data: JSON) -> str:
            return f"{texts.result_text(Result(data, within))}\n\n{notice}"

        texts.register_result(within + self._mark, render)
        return Result(answer.data, within + self._mark)

    def _without_notice(self, answer: Answer) -> Answer:
        if isinstance(answer, Failure):
            return msgspec.structs.replace(answer, message=answer.message.removesuffix(f"\n\n{self._notice}"))
        return Result(answer.data, answer.renderer.removesuffix(self._mark))


class UnannouncedLens(_BeforeLens):
    """Nothing is said of the change."""

    def __init__(self, real: Setup, names: Mapping[str, str], arguments: Mapping[str, str], after: int) -> None:
        super().__init__(real, after)
        self.later = GoneLens(real, MigratedLens(real, names, arguments))

    def handle(self, call: Call, memory: Calls) -> Handling:
        memory.made += 1
        answer = yield call
        assert answer is not None
        return answer


class GoneLens(Lens):
    """The tools have changed and the list that was given of them has not: calls in an old form are refused, and the first such
    refusal is when the list is asked for again."""

    def __init__(self, real: Setup, migrated: MigratedLens) -> None:
        super().__init__(real)
        self.later = self._migrated = migrated

    def moves(self, memory: Calls) -> bool:
        return memory.told

    def handle(self, call: Call, memory: Calls) -> Handling:
        gone = self._migrated.gone(call)
        if gone is not None:
            memory.told = True
            return gone
        answer = yield call
        assert answer is not None
        return answer

    def perform(self, call: Call) -> Performing:
        answer: Answer = yield call
        if not isinstance(answer, Failure) or self._migrated.gone(call) is None:
            return answer
        answer = yield self._migrated.show_call(call)
        return self._migrated.read(call, answer)
