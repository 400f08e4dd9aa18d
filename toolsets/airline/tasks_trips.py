"""Tasks around trips to come: timetables, connections, holds, waiting lists, documents, receipts, equipment."""

from __future__ import annotations

from .judging import call, solved

TRIPS = (
    solved(
        "last-plane-in-june",
        "A friend lives in Edinburgh and I am in Copenhagen. On which days from 2026-06-01 to 2026-06-10 can I fly "
        "over, when does the last plane of the last of these days take off, and from which gate? Nothing to book for now.",
        call("list_airports"),
        call("list_timetable", origin="CPH", destination="EDI", first_day="2026-06-01", last_day="2026-06-10"),
        call("get_flight", flight_number="NV316", date="2026-06-09"),
        answer="You can fly on 2 and 9 June; the last plane on the 9th leaves at 18:05 from gate B8.",
        facts=["B8", ["18:05", "18.05", "6:05", "6.05"], ["2", "2nd", "2026-06-02"], ["9", "9th", "2026-06-09"]],
    ),
    solved(
        "timetable-too-long",
        "For our company's travel plan I need to know on how many different days you fly from Helsinki to Frankfurt from "
        "2026-05-12 up to and including 2026-06-30.",
        call("list_airports"),
        call("list_timetable", origin="HEL", destination="FRA", first_day="2026-05-12", last_day="2026-06-30"),
        call("list_timetable", origin="HEL", destination="FRA", first_day="2026-05-12", last_day="2026-06-11"),
        call("list_timetable", origin="HEL", destination="FRA", first_day="2026-06-12", last_day="2026-06-30"),
        answer="We fly on 9 days in that time, the last of them 9 June.",
        facts=[[9, "nine"]],
    ),
    solved(
        "are-they-all-on-time",
        "I collect three colleagues tomorrow, 2026-05-12: one comes in on NV113 from London, the others on NV217 and NV311. "
        "Does any of these not go as planned, and which gates do they start from? And what is the code of my own next trip? "
        "Aulikki Saarinen",
        call("find_customer", last_name="Saarinen", first_name="Aulikki"),
        call(
            "check_flights",
            flights=[
                {"flight_number": "NV113", "date": "2026-05-12"},
                {"flight_number": "NV217", "date": "2026-05-12"},
                {"flight_number": "NV311", "date": "2026-05-12"},
            ],
        ),
        call("list_reservations", customer_id="C-43170", status="confirmed", upcoming_only=True),
        answer="All three are on time: NV113 from gate A12, NV217 from D11, NV311 from A32. Your next trip is T8D4MD.",
        facts=["A12", "D11", "A32", "T8D4MD"],
    ),
    solved(
        "london-to-paris",
        "Napoleone Rissanen. How do I get from London (LHR) to Paris (CDG) on 2026-05-26 with you, and when would I be "
        "there? I want at least 90 minutes to change. If it works in economy on the standard fare, book both flights for me, "
        "card, no insurance, and tell me what the two cost together.",
        call("find_customer", last_name="Rissanen", first_name="Napoleone"),
        call("get_customer", customer_id="C-47033"),
        call(
            "find_connections",
            origin="LHR",
            destination="CDG",
            date="2026-05-26",
            cabin="economy",
            fare="standard",
            shortest_stop=90,
        ),
        *(
            call(
                "book_flight",
                customer_id="C-47033",
                flight_number=number,
                date="2026-05-26",
                cabin="economy",
                fare="standard",
                passengers=[{"first_name": "Napoleone", "last_name": "Rissanen"}],
                payment_id="card_2023",
                insurance=False,
            )
            for number in ("NV111", "NV514")
        ),
        answer="You fly on NV111 and, after a change in Oslo, NV514, and arrive at 15:55; together they cost 383.00.",
        facts=["NV111", "NV514", 383],
    ),
    solved(
        "shortest-way-back",
        "Giada Salmela here, in Paris. For 2026-06-02 I look for the connection to London, flex fare in economy, that gets me "
        "there first and keeps me in Oslo for the shortest time. What does it cost and how long is the stop? Put it on nothing "
        "yet, I just want to hear.",
        call("find_customer", last_name="Salmela", first_name="Giada"),
        call("list_airports"),
        call("find_connections", origin="CDG", destination="LHR", date="2026-06-02", cabin="economy", fare="flex"),
        answer="NV513 and NV114, with 110 minutes in Oslo, for 370.50.",
        facts=[370.5, [110, "1:50", "1 hour 50", "one hour and 50"]],
    ),
    solved(
        "keep-two-seats",
        "Ottone Tarantini. Would you keep two economy seats at the flex fare for me on the cheapest plane from Stockholm "
        "(ARN) to Amsterdam (AMS) on 2026-05-26? What is one of them, and until when are they mine?",
        call("find_customer", last_name="Tarantini", first_name="Ottone"),
        call(
            "search_flights",
            origin="ARN",
            destination="AMS",
            date="2026-05-26",
            cabin="economy",
            fare="flex",
            passengers=2,
        ),
        call(
            "hold_seats",
            customer_id="C-44668",
            flight_number="NV212",
            date="2026-05-26",
            cabin="economy",
            fare="flex",
            passengers=2,
        ),
        call("get_customer", customer_id="C-44668"),
        call(
            "book_hold",
            hold_id="H-89694",
            passengers=[
                {"first_name": "Ottone", "last_name": "Tarantini"},
                {"first_name": "Biagio", "last_name": "Tarantini"},
            ],
            payment_id="card_7634",
            insurance=False,
        ),
        follow_ups=(
            "That suits us. Turn it into a booking for Biagio Tarantini and me, on my card and without insurance, and give "
            "me the code.",
        ),
        answer="The seats on NV212 are booked as F5DWSC for 367.00.",
        facts=["F5DWSC"],
    ),
    solved(
        "hold-for-a-week",
        "I may have to go to Paris on business, from Oslo (OSL) to CDG on 2026-05-22. Keep one premium seat, standard fare, "
        "on the first flight of the day for me, please. Telling me when that runs out is enough. Cirillo Tamborini",
        call("find_customer", last_name="Tamborini", first_name="Cirillo"),
        call(
            "search_flights",
            origin="OSL",
            destination="CDG",
            date="2026-05-22",
            cabin="premium",
            fare="standard",
            passengers=1,
        ),
        call(
            "hold_seats",
            customer_id="C-47503",
            flight_number="NV510",
            date="2026-05-22",
            cabin="premium",
            fare="standard",
            passengers=1,
        ),
        answer="A seat on NV510 is kept for you until 20:00 tomorrow, 12 May.",
        facts=["NV510", ["20:00", "20.00", "8 pm", "8:00 pm"]],
    ),
    solved(
        "wait-for-the-afternoon",
        "Teuvo Kukkonen. Salvi and I would rather come from Amsterdam on NV215 on 2026-05-26 than a week earlier; my card "
        "pays for it. Should that plane be full, do not put us on any other: enter our booking on its waiting list, and tell "
        "us our place.",
        call("find_customer", last_name="Kukkonen", first_name="Teuvo"),
        call("list_reservations", customer_id="C-48033", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-48033"),
        call("change_flight", reservation_id="D7QW9F", leg=1, flight_number="NV215", date="2026-05-26", payment_id="card_4754"),
        call("waiting_list", mode="join", reservation_id="D7QW9F", flight_number="NV215", date="2026-05-26"),
        answer="NV215 is full, so D7QW9F waits for it, at place 3.",
        facts=[[3, "3rd", "third", "three"]],
    ),
    solved(
        "off-the-waiting-list",
        "On what place of the waiting list for NV110 on 2026-05-19 are Tanja and I by now? Whatever it is, we are happy with "
        "the later plane: strike us off. Giuliana Cusano",
        call("find_customer", last_name="Cusano", first_name="Giuliana"),
        call("list_reservations", customer_id="C-44536", status="confirmed", upcoming_only=True),
        call("waiting_list", mode="look", reservation_id="8SV6TP", flight_number="NV110", date="2026-05-19"),
        call("waiting_list", mode="leave", reservation_id="8SV6TP", flight_number="NV110", date="2026-05-19"),
        answer="You were second on the list and are off it now; 8SV6TP keeps its flights.",
        facts=[[2, "2nd", "second", "two"]],
    ),
    solved(
        "passports-for-edinburgh",
        "You asked for our passports for Edinburgh on 22 May. Mine: P0417732, Inkeri Porcellato: P0881265, both from Denmark "
        "and valid until 2031-08-30. Which booking did you add them to? Maaria Porcellato",
        call("find_customer", last_name="Porcellato", first_name="Maaria"),
        call("list_reservations", customer_id="C-47083", status="confirmed", upcoming_only=True),
        call(
            "add_travel_documents",
            reservation_id="KR2PR3",
            documents=[
                {
                    "first_name": "Maaria",
                    "last_name": "Porcellato",
                    "kind": "passport",
                    "number": "P0417732",
                    "country": "Denmark",
                    "expires_on": "2031-08-30",
                },
                {
                    "first_name": "Inkeri",
                    "last_name": "Porcellato",
                    "kind": "passport",
                    "number": "P0881265",
                    "country": "Denmark",
                    "expires_on": "2031-08-30",
                },
            ],
        ),
        answer="Both passports are with reservation KR2PR3.",
        facts=["KR2PR3"],
    ),
    solved(
        "identity-card-is-not-enough",
        "For our way home from London on 22 May: Samuli has an identity card, 88120-FI of Finland, valid until 2029-01-31, "
        "and I the passport N4471203 of Norway, until 2031-03-14. If they insist on a passport for him, it is F5520914 from "
        "Finland and expires on 2028-11-02. Alessandra Virtanen. Is anything missing?",
        call("find_customer", last_name="Virtanen", first_name="Alessandra"),
        call("list_reservations", customer_id="C-44079", status="confirmed", upcoming_only=True),
        call(
            "add_travel_documents",
            reservation_id="ZD65R3",
            documents=[
                {
                    "first_name": "Alessandra",
                    "last_name": "Virtanen",
                    "kind": "passport",
                    "number": "N4471203",
                    "country": "Norway",
                    "expires_on": "2031-03-14",
                },
                {
                    "first_name": "Samuli",
                    "last_name": "Virtanen",
                    "kind": "identity_card",
                    "number": "88120-FI",
                    "country": "Finland",
                    "expires_on": "2029-01-31",
                },
            ],
        ),
        call(
            "add_travel_documents",
            reservation_id="ZD65R3",
            documents=[
                {
                    "first_name": "Samuli",
                    "last_name": "Virtanen",
                    "kind": "passport",
                    "number": "F5520914",
                    "country": "Finland",
                    "expires_on": "2028-11-02",
                },
            ],
        ),
        answer="The card was not enough, so Samuli's passport F5520914 was added; nothing is missing in ZD65R3.",
        facts=["F5520914"],
    ),
    solved(
        "receipts-for-the-books",
        "Rosalia Porcellato once more. Mail the receipts of all my upcoming trips in economy to books@ledger.example, and "
        "what do they add up to?",
        call("find_customer", last_name="Porcellato", first_name="Rosalia"),
        call("list_reservations", customer_id="C-44771", status="confirmed", upcoming_only=True),
        call("send_receipts", reservation_ids=["BNGB84", "3X8LHK", "8G9HGQ"], email="books@ledger.example"),
        answer="Three receipts went to books@ledger.example; they add up to 444.00.",
        facts=[444],
    ),
    solved(
        "receipts-of-two-codes",
        "Coriolano Vianello, C-43250. I need the receipts of W8N3RT and of GW3V3R at my usual address. If one of these codes "
        "is no longer in use, take what it is called now.",
        call("get_customer", customer_id="C-43250"),
        call("send_receipts", reservation_ids=["W8N3RT", "GW3V3R"]),
        call("send_receipts", reservation_ids=["LDB5J3"]),
        answer="The receipts of GW3V3R and of LDB5J3, as W8N3RT is called now, were sent.",
        facts=["LDB5J3"],
    ),
    solved(
        "bicycle-from-frankfurt",
        "Giuseppe Tuominen brings his bicycle on our trip that begins in Frankfurt on 26 May: boxed it has 18.5 kg and 160 x "
        "80 x 30 cm. Register it, on my voucher. What do you take for it? Mikko Tuominen",
        call("find_customer", last_name="Tuominen", first_name="Mikko"),
        call("list_reservations", customer_id="C-43473", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-43473"),
        call(
            "register_equipment",
            reservation_id="3ZQ44D",
            first_name="Giuseppe",
            last_name="Tuominen",
            item="bicycle",
            weight=18.5,
            size={"length": 160, "width": 80, "height": 30},
            payment_id="voucher_8437",
        ),
        answer="The bicycle is registered on 3ZQ44D for both flights, for 120.00.",
        facts=[120],
    ),
    solved(
        "cello-too-heavy",
        "I play the cello, and it comes with me from Edinburgh on 9 June. In its case it weighs 33.5 kg and measures 140 x "
        "52 x 40 cm; should that be too much, I leave the stand at home, which makes it 29 kg. By card, please, and say the "
        "price. Ottone Tarantini, travelling with Biagio",
        call("find_customer", last_name="Tarantini", first_name="Ottone"),
        call("list_reservations", customer_id="C-44668", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-44668"),
        *(
            call(
                "register_equipment",
                reservation_id="QHFV92",
                first_name="Ottone",
                last_name="Tarantini",
                item="instrument",
                weight=weight,
                size={"length": 140, "width": 52, "height": 40},
                payment_id="card_7634",
            )
            for weight in (33.5, 29.0)
        ),
        answer="With the stand it is too heavy; at 29 kg it is registered on QHFV92 for 80.00.",
        facts=[80],
    ),
)
