"""The desk's tools around the schedule: airports, timetables, several flights at once, connections, the conditions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import product

from perturb.authoring import ToolError, read

from .customer_tools import dollars
from .flight_tools import price_cents
from .records import Cabin, Day, Fare, Minutes
from .reservation_tools import ReservationTools
from .service_records import Airport, Chapter, Connection, Departure, FirstDay, FlightChecked, FlightOnDay, LastDay

MOST_DAYS = 31
LONGEST_STOP = 300
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ScheduleTools(ReservationTools):
    @read(ordered=False)
    def list_airports(self) -> list[Airport]:
        """List the airports that are served, each with its `code`, its `city` and the time `zone` of its clocks."""
        return [Airport(**row) for row in self._database.rows("SELECT code, city, zone FROM airports")]  # type: ignore[typeddict-item]

    @read
    def list_timetable(self, origin: str, destination: str, first_day: FirstDay, last_day: LastDay) -> list[Departure]:
        """List every direct flight between two airports on the days of a period of at most 31 days, in the order of departure,
        full ones included. Each has its `flight_number`, its `date` and `weekday`, the local times of `departure` and
        `arrival`, and a `status`: `scheduled`, `arrived`, `cancelled` or `withdrawn`.

        Args:
            origin: Code of the airport of departure, such as OSL.
            destination: Code of the airport of arrival.
            first_day: The first day of the period, as YYYY-MM-DD.
            last_day: The last day of the period, as YYYY-MM-DD.
        """
        latest = (self._day("first_day", first_day) + timedelta(days=MOST_DAYS - 1)).isoformat()
        self._day("last_day", last_day)
        if last_day > latest:
            message = f"A timetable has at most {MOST_DAYS} days; one that begins on {first_day} ends on {latest}."
            raise ToolError("precondition_failed", message, field="last_day", value=last_day)
        flights = self._database.rows(
            "SELECT * FROM flights WHERE origin = ? AND destination = ? AND date BETWEEN ? AND ? ORDER BY departure",
            origin,
            destination,
            first_day,
            last_day,
        )
        return [
            Departure(
                flight_number=flight["flight_number"],
                date=flight["date"],
                weekday=WEEKDAYS[date.fromisoformat(flight["date"]).weekday()],
                departure=flight["departure"],
                arrival=flight["arrival"],
                status=flight["status"],
            )
            for flight in flights
        ]

    @read(batch="flights")
    def check_flights(self, flights: list[FlightOnDay]) -> list[FlightChecked]:
        """Get the status, delay in minutes and gate of several flights at once, one row for each in the order given. The status
        of a flight that there is not is unknown.

        Args:
            flights: The flights to look up.
        """
        return [self._checked(each["flight_number"], each["date"]) for each in flights]

    @read
    def find_connections(
        self, origin: str, destination: str, date: Day, cabin: Cabin, fare: Fare, shortest_stop: Minutes = 45
    ) -> list[Connection]:
        """Find ways between two airports that no direct flight joins: two flights on one day with a change between them of at
        most five hours and a free seat on both, by the earliest arrival. The price is that of both flights for one passenger.

        Args:
            origin: Code of the airport where the journey begins.
            destination: Code of the airport where it ends.
            date: The day of departure, as YYYY-MM-DD.
            cabin: The cabin to sit in.
            fare: The fare of both flights.
            shortest_stop: How many minutes there must be to change, at least.
        """
        both = "SELECT * FROM flights WHERE {} = ? AND date = ? AND status = 'scheduled' ORDER BY departure"
        out = self._database.rows(both.format("origin"), origin, date)
        onward = self._database.rows(both.format("destination"), destination, date)
        taken = self._taken(date)
        found = []
        for first, second in product(out, onward):
            if first["destination"] != second["origin"]:
                continue
            stop = _minutes(first["arrival"], second["departure"])
            if shortest_stop <= stop <= LONGEST_STOP and all(self._free(one, cabin, taken) for one in (first, second)):
                found.append((first, second, stop))
        found.sort(key=lambda way: (datetime.fromisoformat(way[1]["arrival"]), way[2], way[0]["flight_number"]))
        return [
            {
                "first": {key: first[key] for key in ("flight_number", "departure", "arrival")},  # type: ignore[typeddict-item]
                "second": {key: second[key] for key in ("flight_number", "departure", "arrival")},  # type: ignore[typeddict-item]
                "via": first["destination"],
                "stop": stop,
                "price": {"amount": dollars(sum(price_cents(one, cabin, fare) for one in (first, second))), "currency": "USD"},
            }
            for first, second, stop in found
        ]

    @read
    def read_conditions(self, chapter: Chapter) -> str:
        """Read the conditions of carriage, which say what holds beyond the rules of the desk: limits, fees, periods.

        Args:
            chapter: The chapter to read, or all of them.
        """
        articles = self._database.rows(
            "SELECT * FROM conditions WHERE ? IN ('all', chapter) ORDER BY article",
            chapter,
        )
        lines = []
        for index, article in enumerate(articles):
            if index == 0 or article["chapter"] != articles[index - 1]["chapter"]:
                lines.append(f"# {article['article'][0]} {article['chapter'].capitalize()}")
            lines.append(f"## {article['article']} {article['heading']}\n{article['text']}")
        return "\n\n".join(lines)

    def _checked(self, flight_number: str, day: str) -> FlightChecked:
        row = self._database.row("SELECT * FROM flights WHERE flight_number = ? AND date = ?", flight_number, day)
        if row is None:
            row = {"status": "unknown", "delay_minutes": 0, "gate": None, "replaced_by": None}
        return {
            "flight_number": flight_number,
            "date": day,
            "status": row["status"],
            "delay": row["delay_minutes"],
            "gate": row["gate"],
            "replaced_by": row["replaced_by"],
        }

    def _day(self, field: str, value: str) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ToolError("invalid_argument", f"{value} is no day; write YYYY-MM-DD.", field=field, value=value) from None


def _minutes(start: str, end: str) -> int:
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 60)
