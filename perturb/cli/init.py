"""`perturb init`: the folders, settings, and a first toolset, agent and test that run as they are."""

from __future__ import annotations

from pathlib import Path

import click

from perturb.cli.options import json_option

EXAMPLES = """\b
Examples:
  perturb init                 here
  perturb init my-project      in a folder that is made where it is not there
"""

TOOLSET = '''"""A bookshop with three tools: a first toolset of your own."""

from perturb.authoring import ToolError, read, toolset
from perturb.toolset import Task
from perturb.types import Call


class Bookshop:
    """One shop; a new one is made for each episode."""

    def __init__(self) -> None:
        self.stock = {"Dune": 3, "Emma": 0, "Ulysses": 5}
        self.orders: list[dict[str, object]] = []

    @read
    def search_books(self, text: str) -> list[str]:
        """Search for books by a part of their title.

        Args:
            text: A part of the title, in any case.
        """
        return [title for title in self.stock if text.lower() in title.lower()]

    @read
    def get_stock(self, title: str) -> int:
        """How many copies of a book are left.

        Args:
            title: The whole title.
        """
        if title not in self.stock:
            raise ToolError(f"There is no book called {title!r}.")
        return self.stock[title]

    def order_book(self, title: str, copies: int) -> dict[str, int]:
        """Order copies of a book for the customer.

        Args:
            title: The whole title.
            copies: How many copies.
        """
        if self.get_stock(title) < copies:
            raise ToolError(f"Only {self.stock[title]} copies of {title!r} are left.")
        self.stock[title] -= copies
        self.orders.append({"title": title, "copies": copies})
        return {"left": self.stock[title]}


# A check is given the shop at the end, the agent's answer, and the calls that were made. It accepts every right way.
def ordered(title: str, copies: int):
    return lambda shop, answer, calls: shop.orders == [{"title": title, "copies": copies}]


TASKS = [
    Task(
        id="order-dune",
        prompt="Please order 2 copies of Dune.",
        gold=(Call("get_stock", {"title": "Dune"}), Call("order_book", {"title": "Dune", "copies": 2})),
        answer="I have ordered 2 copies of Dune.",
        check=ordered("Dune", 2),
    ),
    Task(
        id="order-ulysses",
        prompt="Find the book with 'uly' in its title and order 4 copies of it.",
        gold=(Call("search_books", {"text": "uly"}), Call("order_book", {"title": "Ulysses", "copies": 4})),
        answer="I have ordered 4 copies of Ulysses.",
        check=ordered("Ulysses", 4),
    ),
    Task(
        id="stock-of-emma",
        prompt="How many copies of Emma are left? Answer with the number alone.",
        gold=(Call("get_stock", {"title": "Emma"}),),
        answer="0",
        check=lambda shop, answer, calls: answer.strip() == "0" and not shop.orders,
    ),
]

TOOLSET = toolset(Bookshop, name="bookshop", system="You work in a bookshop.", tasks=TASKS)
'''

AGENT = '''"""A first agent of your own: it knows nothing but what it is shown.

Put your model here. `episode.prompt` is the task, `episode.tools` are the tools as they are now, and
`await episode.call(name, arguments)` calls one. What you return is the answer.
"""

import re


async def agent(episode):
    """Order what the prompt names, by tools that are chosen from their descriptions alone."""
    search = tool_that(episode, "search")
    stock = tool_that(episode, "left")
    order = tool_that(episode, "order copies")
    part = re.search(r"with '(.+?)' in its title", episode.prompt)
    if part:
        found = await episode.call(search.name, fill(search, part.group(1)))
        title = re.search(r"[A-Z]\\w+", found.text).group()
    else:
        title = re.search(r"copies of ([A-Z]\\w+)", episode.prompt).group(1)
    if "How many" in episode.prompt:
        return (await episode.call(stock.name, fill(stock, title))).text
    copies = int(re.search(r"\\d+", episode.prompt).group())
    reply = await episode.call(order.name, fill(order, title, copies))
    return "Not ordered: " + reply.text if reply.is_error else f"I have ordered {copies} copies of {title}."


def tool_that(episode, words):
    return next(tool for tool in episode.tools if words in tool.description.lower())


def fill(tool, *values):
    """The values under the names that the tool gives its arguments."""
    return dict(zip(tool.parameters["properties"], values))
'''

TEST = '''"""How much success the first agent may lose when the setup is unfamiliar."""

import pytest


@pytest.mark.perturb(agent="agents/first.py", toolset="toolsets/bookshop.py", operators="tools.*,descriptions.*", max_drop=0.1)
def test_first_agent_keeps_its_success(robustness):
    assert robustness.clean == 1.0


# The test function itself may be the agent too:
@pytest.mark.perturb(toolset="toolsets/bookshop.py", operators="descriptions.*", tasks=("stock-of-emma",), max_drop=0.1)
async def test_an_agent_that_asks_for_the_stock(episode):
    tool = next(tool for tool in episode.tools if "left" in tool.description)
    return (await episode.call(tool.name, {"title": "Emma"})).text
'''

SETTINGS = """agent = "agents/first.py"
toolset = "toolsets/bookshop.py"
operators = ["*"]
"""


@click.command("init", epilog=EXAMPLES, short_help="Begin a project: folders, settings, a first toolset, agent and test.")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@json_option
def command(folder: str, as_json: bool) -> None:
    """Make the folders toolsets, agents and reports, perturb.toml, and a first toolset, agent and test.

    All of them run as they are, with `perturb run` and with `pytest`. A file that exists is never overwritten.
    """
    root = Path(folder)
    files = {
        "perturb.toml": SETTINGS,
        "toolsets/bookshop.py": TOOLSET,
        "agents/first.py": AGENT,
        "tests/test_robustness.py": TEST,
        "reports/.gitignore": "runs/\n",
    }
    made, kept = [], []
    for name, text in files.items():
        path = root / name
        if path.exists():
            kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        made.append(name)
    if as_json:
        import json

        click.echo(json.dumps({"folder": folder, "made": made, "kept": kept}, indent=2))
        return
    for name in made:
        click.echo(f"made  {root / name}")
    for name in kept:
        click.echo(f"kept  {root / name}, which exists already")
    at = "" if root.resolve() == Path.cwd() else f"cd {folder} && "
    click.echo(f"now: {at}perturb run        and then: {at}python -m pytest tests")
