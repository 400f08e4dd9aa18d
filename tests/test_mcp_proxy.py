"""The MCP proxy with clients and servers in one process: what any client sees, clean and under every operator."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastmcp", reason="the extra [mcp] is not installed")

import anyio
import mcp_types as mcp
from fastmcp import FastMCP
from mcp import Client, ClientSession
from mcp.client._memory import InMemoryTransport
from mcp.server.lowlevel import Server as LowServer
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_wire import GOLD, Informed, a_proxy, client_of, itself, notes, tools_of

from perturb.errors import ConfigurationError
from perturb.mcp import connecting
from perturb.mcp.remote import Remote, ServerToolset, introduction
from perturb.operator import Setup
from perturb.operators import TABLE, from_json
from perturb.plan_files import PlanFile, write_plan_file
from perturb.proxies.plans import Wanted, drawn
from perturb.replay import same_answer
from perturb.store import Store
from perturb.types import Answer, Call

# What is deprecated in the newest version of MCP is still what its clients and servers do.
pytestmark = pytest.mark.filterwarnings(f"ignore::{MCPDeprecationWarning.__module__}.{MCPDeprecationWarning.__name__}")
__all__ = ["notes"]

Behind = list[FastMCP[Any]]


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test within a time that none of them needs."""

    async def within() -> None:
        with anyio.fail_after(30):
            await test()

    anyio.run(within)


async def everything(client: Client) -> dict[str, Any]:
    """All that a client can see of a server, as it comes over the wire."""
    found: dict[str, Any] = {
        "tools": (await client.list_tools()).tools,
        "resources": (await client.list_resources()).resources,
        "templates": (await client.list_resource_templates()).resource_templates,
        "prompts": (await client.list_prompts()).prompts,
        "prompt": await client.get_prompt("review", {"tag": "garden"}),
        "resource": (await client.read_resource("notes://all")).contents,
        "from a template": (await client.read_resource("notes://3")).contents,
        "completion": (await client.complete(mcp.PromptReference(name="review"), {"name": "tag", "value": "g"})).completion,
        "instructions": client.instructions,
        "server": client.server_info,
    }
    calls = [*GOLD, Call("draw_note", {"note_id": 1}), Call("no_such_tool"), Call("get_note", {"note_id": "three"})]
    found["results"] = [await client.call_tool(call.name, call.arguments) for call in calls]
    return found


def test_a_clean_proxy_cannot_be_told_from_the_server(notes: Behind) -> None:
    async def test() -> None:
        async with itself() as client:
            told = await everything(client)
        async with client_of(await a_proxy()) as client:
            assert await everything(client) == told

    run(test)


@pytest.fixture(scope="module")
def real() -> list[Answer]:
    """What the server itself answers."""
    found: list[Answer] = []

    async def ask() -> None:
        async with itself() as client:
            toolset = ServerToolset(await introduction(client.session))
            environment = Remote(toolset.own, toolset.listed, client.session)
            found.extend([await environment.call(call) for call in GOLD])

    anyio.run(ask)
    return found


PRESETS = ("preset:vendor-swap", "preset:api-v2", "preset:mcp-catalogue", "preset:rough-day")


@pytest.mark.parametrize("name", [*(operator.id for operator in TABLE), *PRESETS])
def test_the_gold_calls_come_through_under_every_operator(name: str, notes: Behind, real: list[Answer]) -> None:
    """The client of `mcp` itself holds each result against the schema that was shown for it."""

    async def test() -> None:
        try:
            proxy = await a_proxy(name)
        except ConfigurationError:
            assert name not in PRESETS
            return  # how many there are of these the next test holds
        informed = Informed(proxy)
        async with client_of(proxy, message_handler=informed.notified) as client:
            informed.session = client
            found = [await informed(call) for call in GOLD]
            resource = await client.read_resource("notes://all")
        for call, mine, theirs in zip(GOLD, found, real, strict=True):
            if any(layer.withholds for layer in informed.lens.layers):
                assert type(mine) is type(theirs)
            else:
                assert same_answer(mine, theirs), f"{call}: {mine} where the server says {theirs}"
        assert "Water the roses" in resource.contents[0].text
        assert "Call the office" in resource.contents[0].text

    run(test)


def test_most_operators_apply_to_a_server(notes: Behind) -> None:
    async def test() -> None:
        applied = dict.fromkeys(("tools", "responses", "system", "user", "environment", "scaffold"), 0)
        setup = Setup.of((await a_proxy()).toolset)
        for operator in TABLE:
            try:
                drawn(Wanted(operators=(operator.id,)), setup)
            except ConfigurationError:
                continue
            applied[operator.axis] += 1
        assert applied["tools"] >= 20
        assert applied["responses"] >= 20
        assert applied["system"] >= 3
        # What the user says, the state and the agent's loop do not pass through a proxy.
        assert not applied["user"] + applied["environment"] + applied["scaffold"]

    run(test)


def test_schemas_change_together_with_results(notes: Behind) -> None:
    async def test() -> None:
        async with client_of(await a_proxy("results.paginate", "results.rename_keys")) as client:
            tools = {tool.name: tool for tool in await tools_of(client)}
            first = await client.call_tool("list_notes", {})
            shown = tools["list_notes"].output_schema
            assert shown is not None
            assert set(first.structured_content) == set(shown["properties"])
            assert '"note_id"' not in first.content[0].text
            assert len(next(value for value in first.structured_content.values() if isinstance(value, list))) < 8

    run(test)


def test_a_new_name_takes_the_title_with_it_and_an_old_one_fails_as_any_other_would(notes: Behind) -> None:
    async def test() -> None:
        async with client_of(await a_proxy("tools.opaque")) as client:
            tools = await tools_of(client)
            assert not any("note" in tool.model_dump_json(include={"name", "title", "annotations", "meta"}) for tool in tools)
            gone = await client.call_tool("list_notes", {})
            unheard = await client.call_tool("list_votes", {})
        assert gone.is_error
        assert gone.content[0].text.replace("list_notes", "list_votes") == unheard.content[0].text

    run(test)


def test_prompts_and_instructions_name_tools_as_they_are_shown_and_resources_stay(notes: Behind) -> None:
    async def test() -> None:
        proxy = await a_proxy("tools.opaque")
        new = next(tool.name for tool in proxy.setup.tools if tool.stands_for == ("list_notes",))
        async with client_of(proxy) as client:
            prompt = await client.get_prompt("review", {"tag": "garden"})
            assert prompt.messages[0].content.text == f"Review all notes with the tag garden: begin with `{new}`."
            assert client.instructions == f"Find notes with `{new}` first."
            assert '"note_id": 3' in (await client.read_resource("notes://all")).contents[0].text

    run(test)


def test_an_image_goes_along_with_changed_text(notes: Behind) -> None:
    async def test() -> None:
        async with client_of(await a_proxy("results.log_noise")) as client:
            drawn = await client.call_tool("draw_note", {"note_id": 1})
        assert [block.type for block in drawn.content] == ["text", "image"]

    run(test)


def test_a_migration_is_announced_by_the_list_of_tools(notes: Behind, tmp_path: Path) -> None:
    plan = {
        "op": "toolset.live_migration",
        "version": 1,
        "names": {"get_note": "fetch_memo"},
        "arguments": {},
        "after": 1,
        "announced": "notice",
    }
    write_plan_file(tmp_path / "plan.json", PlanFile(plan=plan))
    heard: list[Any] = []

    async def hear(message: Any) -> None:
        heard.append(message)

    async def test() -> None:
        proxy = await a_proxy(plan=tmp_path / "plan.json")
        async with client_of(proxy, message_handler=hear) as client, client_of(proxy) as other:
            assert client.server_capabilities.tools.list_changed
            before = {tool.name for tool in await tools_of(client)}
            first = await client.call_tool("get_note", {"note_id": 3})
            assert "is now called `fetch_memo`" in first.content[0].text
            after = {tool.name for tool in await tools_of(client)}
            assert after == before - {"get_note"} | {"fetch_memo"}
            assert (await client.call_tool("get_note", {"note_id": 3})).is_error
            assert (await client.call_tool("fetch_memo", {"note_id": 3})).structured_content["title"] == "Note 3"
            # Another client has not come so far.
            assert {tool.name for tool in await tools_of(other)} == before
        assert [type(message).__name__ for message in heard] == ["ToolListChangedNotification"]

    run(test)


def test_calls_made_at_once_are_one_batch_within_which_nothing_migrates(notes: Behind, tmp_path: Path) -> None:
    plan = {
        "op": "toolset.live_migration",
        "version": 1,
        "names": {"get_note": "fetch_memo"},
        "arguments": {},
        "after": 1,
        "announced": "notice",
    }
    write_plan_file(tmp_path / "plan.json", PlanFile(plan=plan))

    async def test() -> None:
        async with client_of(await a_proxy(plan=tmp_path / "plan.json")) as client:
            await tools_of(client)
            found: dict[int, bool] = {}

            async def get(number: int) -> None:
                found[number] = (await client.call_tool("get_note", {"note_id": number})).is_error

            async with anyio.create_task_group() as tasks:
                for number in range(1, 6):
                    tasks.start_soon(get, number)
            assert found == dict.fromkeys(range(1, 6), False)
            assert (await client.call_tool("get_note", {"note_id": 1})).is_error

    run(test)


def test_two_sessions_share_neither_pages_nor_faults_nor_notes(notes: Behind) -> None:
    async def test() -> None:
        proxy = await a_proxy("results.paginate")
        async with client_of(proxy) as one, client_of(proxy) as other:
            page = (await one.call_tool("list_notes", {})).structured_content
            (key,) = [key for key, value in page.items() if isinstance(value, str)]
            cursor = {proxy.drawn.operator.argument: page[key]}
            assert (await other.call_tool("list_notes", cursor)).is_error
            assert not (await one.call_tool("list_notes", cursor)).is_error
            await one.call_tool("add_note", {"title": "Mine", "tag": "office"})
            assert (await one.call_tool("count_notes", {})).content[0].text == "There are 9 notes."
            assert (await other.call_tool("count_notes", {})).content[0].text == "There are 8 notes."
        proxy = await a_proxy("faults.transient")
        for _ in range(2):
            async with client_of(proxy) as client:
                tries = [(await client.call_tool("get_note", {"note_id": 3})).is_error for _ in range(6)]
                assert tries[0]
                assert not tries[-1]

    run(test)


def test_logging_progress_and_questions_reach_the_client_that_called(notes: Behind) -> None:
    logged: list[Any] = []
    progress: list[tuple[float, float | None]] = []

    async def log(params: Any) -> None:
        logged.append(params.data["msg"] if isinstance(params.data, dict) else params.data)

    async def advance(done: float, total: float | None, message: str | None) -> None:
        progress.append((done, total))

    async def answer(context: Any, params: Any) -> mcp.ElicitResult:
        return mcp.ElicitResult(action="accept", content={"value": f"about {params.message}"})

    async def test() -> None:
        proxy = await a_proxy("tools.prefix")
        watch, ask = (
            next(tool.name for tool in proxy.setup.tools if tool.stands_for == (name,)) for name in ("watch_notes", "ask_owner")
        )
        async with client_of(proxy, logging_callback=log, elicitation_callback=answer) as client, client_of(proxy) as other:
            assert (await client.call_tool(watch, {}, progress_callback=advance)).content[0].text == "done"
            asked = await client.call_tool(ask, {"question": "roses"})
            assert asked.content[0].text == "accept: about roses"
            # A server knows of each client what that one can do.
            assert (await other.call_tool(ask, {"question": "roses"})).is_error
        assert logged == ["nothing has happened"]
        assert progress == [(1, 3), (2, 3), (3, 3)]

    run(test)


def test_a_server_asks_the_model_and_the_folders_of_the_client_that_called(notes: Behind) -> None:
    def folders(name: str) -> Any:
        async def tell(context: Any) -> mcp.ListRootsResult:
            return mcp.ListRootsResult(roots=[mcp.Root(uri=f"file:///{name}")])

        return tell

    async def sample(context: Any, params: mcp.CreateMessageRequestParams) -> mcp.CreateMessageResult:
        asked = params.messages[0].content
        assert isinstance(asked, mcp.TextContent)
        told = mcp.TextContent(type="text", text=f"{len(asked.text.split(';'))} notes")
        return mcp.CreateMessageResult(role="assistant", content=told, model="m")

    async def test() -> None:
        proxy = await a_proxy("results.envelope")
        one = client_of(proxy, sampling_callback=sample, list_roots_callback=folders("one"))
        async with one as client, client_of(proxy, list_roots_callback=folders("two")) as other:
            assert '"8 notes"' in (await client.call_tool("sum_up", {})).content[0].text
            for each, name in ((client, "one"), (other, "two")):
                assert f'"file:///{name}"' in (await each.call_tool("where", {})).content[0].text
            assert (await other.call_tool("sum_up", {})).is_error

    run(test)


def test_a_tool_that_the_server_adds_is_shown_too(notes: Behind) -> None:
    changed = anyio.Event()

    async def hear(message: Any) -> None:
        if isinstance(message, mcp.ToolListChangedNotification):
            changed.set()

    async def test() -> None:
        proxy = await a_proxy("tools.prefix")
        learn = next(tool.name for tool in proxy.setup.tools if tool.stands_for == ("learn_tool",))
        async with client_of(proxy, message_handler=hear) as client:
            await client.call_tool(learn, {})
            await changed.wait()
            names = [tool.name for tool in await tools_of(client)]
            assert "newest_note" in names
            assert learn in names
            assert (await client.call_tool("newest_note", {})).structured_content["note_id"] == 8

    run(test)


def test_a_tool_that_no_operator_can_work_with_is_passed_on_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema of draft 3, and a name with a slash: both are seen among servers."""
    old = {"type": "object", "properties": {"id": {"type": "string", "required": True}}}
    tools = [
        mcp.Tool(name="get_vote", input_schema={"type": "object"}),
        mcp.Tool(name="get_old_vote", input_schema=old),
        mcp.Tool(name="votes/get", input_schema={"type": "object"}),
    ]

    async def lists(context: Any, params: Any) -> mcp.ListToolsResult:
        return mcp.ListToolsResult(tools=tools)

    async def calls(context: Any, params: mcp.CallToolRequestParams) -> mcp.CallToolResult:
        if params.name not in {tool.name for tool in tools}:
            raise MCPError(mcp.INVALID_PARAMS, f"no tool is called {params.name}", {"of": "the protocol"})
        return mcp.CallToolResult(content=[mcp.TextContent(type="text", text=f"{params.name} {params.arguments}")])

    class ToServer:
        def connect_session(self, transport_options: Any, **options: Any) -> Any:
            return connected(options)

    @asynccontextmanager
    async def connected(options: dict[str, Any]) -> AsyncGenerator[ClientSession]:
        behind = LowServer("odd", on_list_tools=lists, on_call_tool=calls)
        async with InMemoryTransport(behind) as streams, ClientSession(*streams, **options) as session:
            yield session

    monkeypatch.setattr(connecting, "transport_of", lambda server, errors: ToServer())

    async def test() -> None:
        proxy = await a_proxy("tools.opaque")
        assert set(proxy.toolset.apart) == {"get_old_vote", "votes/get"}
        async with client_of(proxy) as client:
            new, *others = await tools_of(client)
            assert new.name != "get_vote"
            assert others == tools[1:]
            assert (await client.call_tool("get_old_vote", {"id": "7"})).content[0].text == "get_old_vote {'id': '7'}"
            assert (await client.call_tool(new.name, {})).content[0].text == "get_vote {}"
            # An error of the protocol is one for names that have been changed too, and keeps its code.
            for name in ("get_vote", "get_note"):
                with pytest.raises(MCPError, match=f"no tool is called {name}") as caught:
                    await client.call_tool(name, {})
                assert caught.value.code == mcp.INVALID_PARAMS

    run(test)


def test_a_session_is_kept_as_an_episode_with_what_was_shown_and_what_it_was(notes: Behind) -> None:
    async def test(store: Store) -> None:
        proxy = await a_proxy("tools.opaque", store=store)
        new = next(tool.name for tool in proxy.setup.tools if tool.stands_for == ("get_note",))
        async with client_of(proxy) as client:
            await client.call_tool(new, {"note_id": 3})
            await client.call_tool("get_note", {"note_id": 3})
        async with client_of(proxy) as client:
            await tools_of(client)

    with Store(":memory:") as store:
        run(lambda: test(store))
        (key,) = [row[0] for row in store._db.execute("select key from episodes")]
        episode = store.get(key)
    assert episode is not None
    assert [step.call.name for step in episode.steps][1] == "get_note"
    assert episode.steps[0].real == (Call("get_note", {"note_id": 3}),)
    assert [step.stale for step in episode.steps] == [False, True]
    assert (episode.arm, episode.operator, episode.outcome) == ("perturbed", "tools.opaque", "not_applicable")
    assert from_json(episode.plan) == from_json(episode.plan)
    assert episode.exposed


@pytest.mark.parametrize(
    ("operators", "told"),
    [
        (("environment.clock",), "does not apply"),
        (("user.typos",), "does not apply"),
        (("toolset.withhold",), "changes what the user says"),
        (("system.role",), "in whose name"),
        (("scaffold.call_format",), "it changes the loop of the agent"),
        (("preset:vendor-swap", "tools.opaque"), "shows one mixture alone"),
        (("tools.opake",), "did you mean 'tools.opaque'"),
        (("environment.*",), "none of the operators applies"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(operators: tuple[str, ...], told: str, notes: Behind) -> None:
    async def test() -> None:
        with pytest.raises(ConfigurationError, match=told) as caught:
            await a_proxy(*operators)
        assert "\n" not in str(caught.value)

    run(test)


def test_several_operators_are_laid_over_one_another_and_those_left_out_are_named(notes: Behind) -> None:
    async def test() -> None:
        proxy = await a_proxy("tools.synonym", "results.paginate", "environment.clock")
        assert set(proxy.drawn.left_out) == {"environment.clock"}
        assert [one.id for one in proxy.drawn.operator.operators] == ["tools.synonym", "results.paginate"]

    run(test)
