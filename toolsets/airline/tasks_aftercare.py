"""Tasks around trips that went wrong or are being thought over: bags, costs, calls, conditions, and talks of several turns."""

from __future__ import annotations

from .judging import call, solved

AFTERCARE = (
    solved(
        "suitcase-left-behind",
        "My suitcase, black with a yellow ribbon, was not on the belt in London when I arrived on 9 May. Report it, and have "
        "it brought to 14 Garden Row, London, SE1 6HE, United Kingdom. Under what number can I ask for it? Alessandra "
        "Virtanen",
        call("find_customer", last_name="Virtanen", first_name="Alessandra"),
        call("list_reservations", customer_id="C-44079", status="flown", upcoming_only=False),
        call(
            "report_bag",
            reservation_id="8S3QQ7",
            first_name="Alessandra",
            last_name="Virtanen",
            flight_number="NV112",
            problem="missing",
            description="black with a yellow ribbon",
        ),
        call(
            "deliver_bag",
            report_id="B-57490",
            address={"street": "14 Garden Row", "city": "London", "postal_code": "SE1 6HE", "country": "United Kingdom"},
        ),
        answer="Your suitcase is reported as B-57490 and will be brought to 14 Garden Row.",
        facts=["B-57490"],
    ),
    solved(
        "reported-before",
        "The green suitcase that you lost between Stockholm and Amsterdam on 6 May has still not turned up. In case nobody "
        "took it down yet, do so. I am at my sister's now: 5 Tulip Quay, Haarlem, 2011, Netherlands. Bring it there. Heikki "
        "Maderno",
        call("find_customer", last_name="Maderno", first_name="Heikki"),
        call("list_reservations", customer_id="C-46425", status="flown", upcoming_only=False),
        call(
            "report_bag",
            reservation_id="T85H3G",
            first_name="Heikki",
            last_name="Maderno",
            flight_number="NV214",
            problem="missing",
            description="green suitcase",
        ),
        call(
            "deliver_bag",
            report_id="B-62417",
            address={"street": "5 Tulip Quay", "city": "Haarlem", "postal_code": "2011", "country": "Netherlands"},
        ),
        answer="It had been reported as B-62417; once found it comes to 5 Tulip Quay in Haarlem.",
        facts=["B-62417"],
    ),
    solved(
        "still-in-time",
        "My bag came off the Paris flight of 9 May with its handle torn away. Look up how many days I have to report such a "
        "thing, and if I am not too late, report it. Olavi Maggioli",
        call("find_customer", last_name="Maggioli", first_name="Olavi"),
        call("list_reservations", customer_id="C-46498", status="flown", upcoming_only=False),
        call("read_conditions", chapter="baggage"),
        call(
            "report_bag",
            reservation_id="QSL73V",
            first_name="Olavi",
            last_name="Maggioli",
            flight_number="NV514",
            problem="damaged",
            description="handle torn away",
        ),
        answer="You have 7 days, so you are in time: the report is B-53723.",
        facts=[[7, "seven"], "B-53723"],
    ),
    solved(
        "dog-on-the-lap",
        "I'm taking our terrier along to Stockholm on 19 May; with its bag it has 7 kilos. May it sit with me, and what is "
        "that for the one flight? Please also tell me which gate. Giuliana Cusano",
        call("find_customer", last_name="Cusano", first_name="Giuliana"),
        call("list_reservations", customer_id="C-44536", status="confirmed", upcoming_only=True),
        call("read_conditions", chapter="animals"),
        call("check_flights", flights=[{"flight_number": "NV217", "date": "2026-05-19"}]),
        answer="Up to 8 kg it may sit under the seat in front, for 55.00; NV217 leaves from gate D30.",
        facts=[55, "D30"],
    ),
    solved(
        "where-to-complain",
        "Before I sign anything: which article of your conditions says what a complaint to the board costs, and how much is "
        "it? Have somebody ring me about it on 2026-05-14 between 09:00 and 11:00 in Oslo. Karoliina Mattila",
        call("find_customer", last_name="Mattila", first_name="Karoliina"),
        call("read_conditions", chapter="all"),
        call(
            "schedule_call",
            customer_id="C-41863",
            topic="other",
            earliest="2026-05-14T09:00+02:00",
            latest="2026-05-14T11:00+02:00",
        ),
        answer="Article 9.2: it costs 25.00. We call you on 14 May at 09:00.",
        facts=["9.2", 25],
    ),
    solved(
        "dinner-during-the-delay",
        "We were stuck in Copenhagen on 6 May and I had dinner for 52.80. Claim it back for me, or as much of it as there "
        "is. How much will that be? Marita Coardi",
        call("find_customer", last_name="Coardi", first_name="Marita"),
        call("list_reservations", customer_id="C-44046", status="flown", upcoming_only=False),
        *(
            call(
                "file_claim",
                customer_id="C-44046",
                reservation_id="8J4RVX",
                kind="meals",
                amount={"amount": amount, "currency": "USD"},
                incurred_on="2026-05-06",
            )
            for amount in (52.8, 40.0)
        ),
        answer="At most 40.00 can be claimed for meals, and that is approved as K-85002.",
        facts=[40],
    ),
    solved(
        "a-night-and-a-taxi",
        "Juhani Laitinen, on the late plane to Edinburgh last Wednesday, 6 May. I had to take a room for 96.40 and a taxi "
        "for 31.50 that night. I would like both back; under which numbers?",
        call("find_customer", last_name="Laitinen", first_name="Juhani"),
        call("list_reservations", customer_id="C-41371", status="flown", upcoming_only=False),
        *(
            call(
                "file_claim",
                customer_id="C-41371",
                reservation_id="3HPS7N",
                kind=kind,
                amount={"amount": amount, "currency": "USD"},
                incurred_on="2026-05-06",
            )
            for kind, amount in (("hotel", 96.4), ("taxi", 31.5))
        ),
        answer="The room is approved as K-22930 and the taxi as K-45831.",
        facts=["K-22930", "K-45831"],
    ),
    solved(
        "ring-me-on-thursday",
        "I want to talk to a human about a refund, on Thursday, 2026-05-14, between 13:00 and 15:00 Oslo time. My number is "
        "+47 555 0199 now. When exactly does it ring? Pierangelo Nissinen",
        call("find_customer", last_name="Nissinen", first_name="Pierangelo"),
        call("update_contact", customer_id="C-46976", phone="+47 555 0199"),
        call(
            "schedule_call",
            customer_id="C-46976",
            topic="refund",
            earliest="2026-05-14T13:00+02:00",
            latest="2026-05-14T15:00+02:00",
        ),
        answer="We call you on 14 May at 13:00.",
        facts=[["13:00", "13.00", "1 pm", "1:00 pm", "1 p.m.", "1:00 p.m."]],
    ),
    solved(
        "lines-are-busy",
        "Somebody should call me tomorrow, 2026-05-12, between 10:00 and 12:00 Oslo time about the booking of Henrik and me. "
        "If nobody can, the next free time after that is fine. When is it? Heikki Maderno",
        call("find_customer", last_name="Maderno", first_name="Heikki"),
        call(
            "schedule_call",
            customer_id="C-46425",
            topic="booking",
            earliest="2026-05-12T10:00+02:00",
            latest="2026-05-12T12:00+02:00",
        ),
        call(
            "schedule_call",
            customer_id="C-46425",
            topic="booking",
            earliest="2026-05-12T12:30+02:00",
            latest="2026-05-12T13:00+02:00",
        ),
        answer="All lines are busy until then; we call you at 12:30.",
        facts=[["12:30", "12.30"]],
    ),
    solved(
        "change-of-mind",
        "Juhani Laitinen here. What would you keep if I cancelled our premium trip to Frankfurt and back, 13 and 19 May? "
        "Azeglio is thinking of staying longer.",
        call("find_customer", last_name="Laitinen", first_name="Juhani"),
        call("list_reservations", customer_id="C-41371", status="confirmed", upcoming_only=True),
        call("get_fare_rules", fare="standard", cabin="premium"),
        call("get_customer", customer_id="C-41371"),
        call(
            "search_flights",
            origin="FRA",
            destination="HEL",
            date="2026-05-26",
            cabin="premium",
            fare="standard",
            passengers=2,
        ),
        call(
            "change_flight",
            reservation_id="HPF39V",
            leg=2,
            flight_number="NV417",
            date="2026-05-26",
            payment_id="voucher_1654",
        ),
        follow_ups=(
            "No, that is too much. Leave it as it is and move the way back to 2026-05-26, onto the last flight of that day; "
            "take my travel voucher for it. What did you charge?",
        ),
        answer="You both fly home on NV417 on 26 May; 120.00 was taken from voucher_1654.",
        facts=["NV417", 120],
    ),
    solved(
        "one-thing-at-a-time",
        "Good day, Giancarlo Porzio. From now on I only want text messages from you, about delays as well.",
        call("find_customer", last_name="Porzio", first_name="Giancarlo"),
        call("set_alerts", customer_id="C-46870", channels=["sms"], delay_alerts=True),
        call("list_reservations", customer_id="C-46870", status="confirmed", upcoming_only=True),
        call("order_meal", reservation_id="9BRJB9", first_name="Giancarlo", last_name="Porzio", meal="gluten_free"),
        call("list_seats", flight_number="NV310", date="2026-05-16", cabin="economy", position="window"),
        call(
            "assign_seat", reservation_id="9BRJB9", first_name="Giancarlo", last_name="Porzio", flight_number="NV310", seat="8F"
        ),
        follow_ups=(
            "Next, I fly to Edinburgh on the 16th and must not eat gluten: a meal without it, please.",
            "And give me the window seat furthest to the front on that plane. Which one is it, and under what code do I fly?",
        ),
        answer="You have seat 8F in reservation 9BRJB9, a gluten-free meal, and alerts by SMS.",
        facts=["8F", "9BRJB9"],
    ),
)
