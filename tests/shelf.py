"""A small toolset in a file, for commands that are run in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perturb.authoring import toolset
from perturb.toolset import Task
from perturb.types import Call


class Shelf:
    def __init__(self) -> None:
        self.stock = {"lamp": 3, "vase": 1}

    def order_items(self, item: str, number: int) -> dict[str, int]:
        """Order items from the supplier."""
        self.stock[item] = self.stock.get(item, 0) + number
        return {"now": self.stock[item]}


def has(number: int) -> Callable[..., Any]:
    return lambda shelf, answer, calls: shelf.stock["lamp"] == number


TOOLSET = toolset(
    Shelf,
    name="shelf",
    tasks=[
        Task(
            id=f"lamps-{n}",
            prompt=f"Order {n} more lamps.",
            gold=(Call("order_items", {"item": "lamp", "number": n}),),
            check=has(3 + n),
        )
        for n in (1, 2)
    ],
)
