"""A small toolset whose schemas hold every shape that operators must cope with; it needs nothing but the package."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from perturb.authoring import AuthoredToolset, ToolError, read, toolset, write
from perturb.toolset import Task
from perturb.types import Call


class Address(TypedDict):
    street: str
    city: str


ParcelId = Annotated[str, Field(json_schema_extra={"x-identifier": "parcel"})]


class Parcel(TypedDict):
    parcel_id: ParcelId
    owner: Annotated[str, Field(json_schema_extra={"x-entity": "person"})]
    weight: float
    pieces: int
    express: bool
    arrived: Annotated[str, Field(json_schema_extra={"format": "date", "x-date": {"format": "date", "zone": "none"}})]
    note: str | None
    address: Address
    tags: list[str]


class Receipt(TypedDict):
    parcel_id: ParcelId
    status: str
    cost: NotRequired[Annotated[float, Field(json_schema_extra={"x-unit": "EUR"})]]


class Depot:
    """Parcels that are found, sent, and labelled."""

    def __init__(self) -> None:
        names = ["Ottilie Branner", "Casimir Dunleavy", "Philippa Esterhaus"]
        self.parcels: dict[str, dict[str, Any]] = {
            f"P{number:03d}": {
                "parcel_id": f"P{number:03d}",
                "owner": names[number % 3],
                "weight": number / 2,
                "pieces": number,
                "express": number % 2 == 0,
                "arrived": f"2026-03-{number + 9:02}",
                "note": None if number % 4 else "fragile: glass",
                "address": {"street": f"{number} Quay Row", "city": "Bergen" if number % 2 else "Turku"},
                "tags": ["cold", "tall"][: number % 3],
            }
            for number in range(1, 12)
        }
        self.sent: list[dict[str, Any]] = []

    @read
    def find_parcels(self, owner: str, speed: Literal["express", "standard", "any"] = "any") -> list[Parcel]:
        """Find the parcels of one owner. Use `send_parcel` to send one.

        Args:
            owner: The full name of the owner.
            speed: Which parcels to list; `any` lists all of them.
        """
        found = [one for one in self.parcels.values() if one["owner"] == owner]
        return [one for one in found if speed == "any" or one["express"] == (speed == "express")]  # type: ignore[misc]

    @read
    def count_by_city(self) -> dict[str, int]:
        """Count the parcels of each city."""
        counts: dict[str, int] = {}
        for one in self.parcels.values():
            counts[one["address"]["city"]] = counts.get(one["address"]["city"], 0) + 1
        return counts

    def send_parcel(
        self,
        parcel_id: ParcelId,
        carrier: Literal["road", "rail", "air"],
        insured: bool,
        pieces: int,
        address: Address | None = None,
        labels: list[str] | None = None,
    ) -> Receipt:
        """Send a parcel that `find_parcels` has found.

        Args:
            parcel_id: The id of the parcel.
            carrier: How it travels: `road`, `rail` or `air`.
            insured: Whether it is insured.
            pieces: How many pieces there must be.
            address: Where it goes, if not to its own address.
            labels: What is written on it.
        """
        if parcel_id not in self.parcels:
            raise ToolError(
                "not_found", f"There is no parcel '{parcel_id}'; see 'parcel_id'.", field="parcel_id", value=parcel_id
            )
        if self.parcels[parcel_id]["pieces"] != pieces:
            has = self.parcels[parcel_id]["pieces"]
            raise ToolError("precondition_failed", f"Parcel '{parcel_id}' has {has} pieces.", field="pieces", value=pieces)
        self.sent.append({"parcel_id": parcel_id, "carrier": carrier, "insured": insured, "address": address, "labels": labels})
        return {"parcel_id": parcel_id, "status": "sent", "cost": 4.5}

    def rename_parcel(self, parcel_id: ParcelId, note: str) -> Receipt:
        """Write another note on a parcel.

        Args:
            parcel_id: The id of the parcel.
            note: The new note.
        """
        if parcel_id not in self.parcels:
            raise ToolError("not_found", f"There is no parcel '{parcel_id}'.", field="parcel_id", value=parcel_id)
        self.parcels[parcel_id]["note"] = note
        return {"parcel_id": parcel_id, "status": "renamed"}

    @write(batch="parcel_ids")
    def tag_parcels(self, parcel_ids: list[str], tag: str) -> list[Receipt]:
        """Put one more tag on each of several parcels; one that is not there is passed over and reported.

        Args:
            parcel_ids: The ids of the parcels.
            tag: The tag.
        """
        found: list[Receipt] = []
        for parcel_id in parcel_ids:
            if parcel_id in self.parcels:
                self.parcels[parcel_id]["tags"].append(tag)
            found.append({"parcel_id": parcel_id, "status": "tagged" if parcel_id in self.parcels else "missing"})
        return found


def sent(number: int, **fields: Any) -> Any:
    def check(depot: Depot, answer: str, calls: Any) -> bool:
        return len(depot.sent) == number and all(depot.sent[-1][name] == value for name, value in fields.items())

    return check


DEPOT: AuthoredToolset = toolset(
    Depot,
    name="depot",
    system="You work in a parcel depot. Never call `send_parcel` twice for one parcel.",
    entities={"person": ["Ottilie Branner", "Casimir Dunleavy", "Philippa Esterhaus"]},
    identifiers={"parcel": r"P\d{3}"},
    failures="json",
    tasks=[
        Task(
            id="send",
            prompt="Send Casimir Dunleavy's parcel P004 by rail, insured, to 3 Elm Walk in Oslo, labelled cold and tall.",
            gold=(
                Call("find_parcels", {"owner": "Casimir Dunleavy"}),
                Call(
                    "send_parcel",
                    {
                        "parcel_id": "P004",
                        "carrier": "rail",
                        "insured": True,
                        "pieces": 4,
                        "address": {"street": "3 Elm Walk", "city": "Oslo"},
                        "labels": ["cold", "tall"],
                    },
                ),
            ),
            answer="P004 was sent for Casimir Dunleavy.",
            check=sent(1, parcel_id="P004", carrier="rail", labels=["cold", "tall"]),
        ),
        Task(
            id="recover",
            prompt="Send parcel P003 of Ottilie Branner by air, uninsured; it should be 2 pieces, else as many as there are.",
            gold=(
                Call("find_parcels", {"owner": "Ottilie Branner", "speed": "standard"}),
                Call("send_parcel", {"parcel_id": "P003", "carrier": "air", "insured": False, "pieces": 2}),
                Call("send_parcel", {"parcel_id": "P003", "carrier": "air", "insured": False, "pieces": 3}),
            ),
            answer="P003 was sent in 3 pieces.",
            check=sent(1, parcel_id="P003", carrier="air", address=None),
        ),
        Task(
            id="count",
            prompt="How many parcels go to Turku, and please write 'call first' on parcel P005.",
            gold=(Call("count_by_city", {}), Call("rename_parcel", {"parcel_id": "P005", "note": "call first"})),
            answer="5 parcels go to Turku.",
            check=lambda depot, answer, calls: "5" in answer and depot.parcels["P005"]["note"] == "call first",
        ),
        Task(
            id="tag",
            prompt="Tag every parcel of Philippa Esterhaus as urgent.",
            gold=(
                Call("find_parcels", {"owner": "Philippa Esterhaus"}),
                Call("tag_parcels", {"parcel_ids": ["P002", "P005", "P008", "P011"], "tag": "urgent"}),
            ),
            answer="P002, P005, P008 and P011 are tagged.",
            check=lambda depot, answer, calls: (
                [one for one in depot.parcels if "urgent" in depot.parcels[one]["tags"]] == ["P002", "P005", "P008", "P011"]
            ),
        ),
        Task(
            id="make-sure",
            prompt="Write 'ring twice' on P008 of Philippa Esterhaus, and make sure that it stands there.",
            gold=(
                Call("find_parcels", {"owner": "Philippa Esterhaus", "speed": "express"}),
                Call("rename_parcel", {"parcel_id": "P008", "note": "ring twice"}),
                Call("find_parcels", {"owner": "Philippa Esterhaus", "speed": "express"}),
            ),
            answer="It stands on P008.",
            check=lambda depot, answer, calls: depot.parcels["P008"]["note"] == "ring twice",
        ),
    ],
)
