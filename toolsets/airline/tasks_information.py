"""Tasks that only ask: nothing may be changed, and the answer holds what was asked for."""

from __future__ import annotations

from .judging import call, solved

INFORMATION = (
    solved(
        "cheapest-premium",
        "Which is the cheapest flight in premium with a flexible fare from Stockholm (ARN) to Amsterdam (AMS) on 2026-05-26 "
        "for 2 people, and what do we pay together? I don't want to book yet.",
        call(
            "search_flights",
            origin="ARN",
            destination="AMS",
            date="2026-05-26",
            cabin="premium",
            fare="flex",
            passengers=2,
        ),
        answer="The cheapest is NV212; for two it comes to 533.00.",
        facts=["NV212", 533],
    ),
    solved(
        "what-if-i-cancel",
        "Suppose I cancelled the business class trip to Paris with Erika, 2 June: what would come back to me after all fees? "
        "Just asking, don't cancel it. Tuomas Cusano",
        call("find_customer", last_name="Cusano", first_name="Tuomas"),
        call("list_reservations", customer_id="C-46495", status="confirmed", upcoming_only=True),
        call("list_payments", reservation_id="S92CCF"),
        call("get_fare_rules", fare="standard", cabin="business"),
        answer="You paid 2,023.00 and 60.00 for each of you is kept, so 1,903.00 would come back.",
        facts=[1903],
    ),
    solved(
        "gate-tomorrow",
        "Good morning, this is Cirillo Tamborini. From which gate do I leave for Amsterdam tomorrow, and is the flight on "
        "time?",
        call("find_customer", last_name="Tamborini", first_name="Cirillo"),
        call("list_reservations", customer_id="C-47503", status="confirmed", upcoming_only=True),
        call("get_flight", flight_number="NV214", date="2026-05-12"),
        answer="NV214 leaves from gate B20, 50 minutes late.",
        facts=["B20", [50, "14:20", "2:20"]],
    ),
    solved(
        "free-aisle-seats",
        "How many aisle seats are still open in our cabin from Edinburgh to Copenhagen on 9 June, and which is furthest "
        "forward? I only want to know. Rosalia Porcellato",
        call("find_customer", last_name="Porcellato", first_name="Rosalia"),
        call("list_reservations", customer_id="C-44771", status="confirmed", upcoming_only=True),
        call("list_seats", flight_number="NV315", date="2026-06-09", cabin="economy", position="aisle"),
        answer="2 are open; 11C is furthest forward.",
        facts=["11C", [2, "two"]],
    ),
    solved(
        "picked-up-at-the-airport",
        "My sister wants to pick me up in Paris on Wednesday. At what local time do I land? Eleanora Tamminen is the name on "
        "the ticket.",
        call("find_customer", last_name="Tamminen", first_name="Eleanora"),
        call("list_reservations", customer_id="C-49482", status="confirmed", upcoming_only=True),
        call("get_flight", flight_number="NV514", date="2026-05-13"),
        answer="NV514 lands at 15:55 local time.",
        facts=[["15:55", "15.55", "3:55", "3.55"]],
    ),
    solved(
        "largest-balance",
        "Tell me, of the vouchers and gift cards you keep for me, which has the most on it and how much is that? Vittorio "
        "Puhakka",
        call("find_customer", last_name="Puhakka", first_name="Vittorio"),
        call("get_customer", customer_id="C-49856"),
        answer="voucher_9633 has the most: 275.00.",
        facts=["voucher_9633", 275],
    ),
)
