"""Tasks in which a tool refuses, and its message has to be read to go on: the next call uses what it names."""

from __future__ import annotations

from .judging import call, solved

ERRORS = (
    solved(
        "seat-taken",
        "Marja Helenius. For the Paris flight with Rolando on 9 June I want seat 14C. Should somebody have it already, the "
        "nearest aisle seat will do for me.",
        call("find_customer", last_name="Helenius", first_name="Marja"),
        call("list_reservations", customer_id="C-44686", status="confirmed", upcoming_only=True),
        call(
            "assign_seat", reservation_id="5B7SS9", first_name="Marja", last_name="Helenius", flight_number="NV516", seat="14C"
        ),
        call(
            "assign_seat", reservation_id="5B7SS9", first_name="Marja", last_name="Helenius", flight_number="NV516", seat="14D"
        ),
        answer="14C is taken; you have 14D on NV516.",
        facts=["14D"],
    ),
    solved(
        "merged-profile",
        "Customer number C-40718, Karoliina Mattila. Vegan food for Venancio and me on the way to Frankfurt on 26 May, "
        "please. Which reservation is that?",
        call("get_customer", customer_id="C-40718"),
        call("list_reservations", customer_id="C-41863", status="confirmed", upcoming_only=True),
        call("get_reservation", reservation_id="4CVP46"),
        call("order_meal", reservation_id="4CVP46", first_name="Karoliina", last_name="Mattila", meal="vegan"),
        call("order_meal", reservation_id="4CVP46", first_name="Venancio", last_name="Mattila", meal="vegan"),
        answer="Vegan meals for both of you are ordered in 4CVP46.",
        facts=["4CVP46"],
    ),
    solved(
        "window-for-pekka",
        "My customer number is C-48960. Pekka Canil should get the window seat 13A on our flight to Amsterdam on 9 June. If "
        "that is gone, then the free window seat nearest to it. Which one is it?",
        call("get_customer", customer_id="C-48960"),
        call("list_reservations", customer_id="C-45900", status="confirmed", upcoming_only=True),
        call("assign_seat", reservation_id="4JD5B9", first_name="Pekka", last_name="Canil", flight_number="NV216", seat="13A"),
        call("assign_seat", reservation_id="4JD5B9", first_name="Pekka", last_name="Canil", flight_number="NV216", seat="14A"),
        answer="13A is taken; Pekka sits in 14A.",
        facts=["14A"],
    ),
    solved(
        "withdrawn-flight",
        "Samuli and I would rather come back from London on 2026-05-26 than on the 22nd. We would like flight NV115, or what "
        "replaces it. My card pays; what does it cost? Alessandra Virtanen",
        call("find_customer", last_name="Virtanen", first_name="Alessandra"),
        call("list_reservations", customer_id="C-44079", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-44079"),
        call("change_flight", reservation_id="ZD65R3", leg=1, flight_number="NV115", date="2026-05-26", payment_id="card_7368"),
        call("change_flight", reservation_id="ZD65R3", leg=1, flight_number="NV113", date="2026-05-26", payment_id="card_7368"),
        answer="NV115 was withdrawn; you both fly on NV113 for 218.00.",
        facts=["NV113", 218],
    ),
    solved(
        "cabin-full",
        "Hello, I'm Olavi Maggioli. Pierina and I are booked in premium to London on the 16th. Could you move us to NV110 on "
        "2026-05-19? If it's too full, the next one that day with room for both. Card, please, and tell me the price.",
        call("find_customer", last_name="Maggioli", first_name="Olavi"),
        call("list_reservations", customer_id="C-46498", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-46498"),
        call("change_flight", reservation_id="4K2MPG", leg=1, flight_number="NV110", date="2026-05-19", payment_id="card_9343"),
        call("change_flight", reservation_id="4K2MPG", leg=1, flight_number="NV112", date="2026-05-19", payment_id="card_9343"),
        answer="NV110 is too full; you are on NV112 for 148.00.",
        facts=["NV112", 148],
    ),
    solved(
        "too-many-bags",
        "I am moving, so I need 3 extra bags on my way to Copenhagen on 9 June - or as many as you will take, if that is too "
        "many. Credit card. Rosalia Porcellato. How many are they, and for how much?",
        call("find_customer", last_name="Porcellato", first_name="Rosalia"),
        call("list_reservations", customer_id="C-44771", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-44771"),
        call("add_bags", reservation_id="8G9HGQ", first_name="Rosalia", last_name="Porcellato", bags=3, payment_id="card_6553"),
        call("add_bags", reservation_id="8G9HGQ", first_name="Rosalia", last_name="Porcellato", bags=2, payment_id="card_6553"),
        answer="2 bags could be added, for 80.00.",
        facts=[80],
    ),
    solved(
        "card-declined-for-bags",
        "Please add 1 bag for Raffaellino and 1 for me on our flight to Paris on 9 June. Try my credit card first. If the "
        "bank won't have it, anything else on my profile will do. Giada Salmela",
        call("find_customer", last_name="Salmela", first_name="Giada"),
        call("list_reservations", customer_id="C-47292", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-47292"),
        call(
            "add_bags",
            reservation_id="TTL52V",
            first_name="Raffaellino",
            last_name="Salmela",
            bags=1,
            payment_id="card_7852",
        ),
        call(
            "add_bags",
            reservation_id="TTL52V",
            first_name="Raffaellino",
            last_name="Salmela",
            bags=1,
            payment_id="voucher_2560",
        ),
        call("add_bags", reservation_id="TTL52V", first_name="Giada", last_name="Salmela", bags=1, payment_id="voucher_2560"),
        answer="The card was declined; both bags, 80.00, were paid with voucher_2560.",
        facts=["voucher_2560"],
    ),
    solved(
        "gift-card-too-small",
        "I'd like to use up my gift card: the cheapest saver seat in economy from HEL to FRA on 2026-06-02, for me, no "
        "insurance. In case the card does not suffice, take what else I have. Juhani Laitinen",
        call("find_customer", last_name="Laitinen", first_name="Juhani"),
        call("get_customer", customer_id="C-41371"),
        call(
            "search_flights",
            origin="HEL",
            destination="FRA",
            date="2026-06-02",
            cabin="economy",
            fare="saver",
            passengers=1,
        ),
        call(
            "book_flight",
            customer_id="C-41371",
            flight_number="NV410",
            date="2026-06-02",
            cabin="economy",
            fare="saver",
            passengers=[{"first_name": "Juhani", "last_name": "Laitinen"}],
            payment_id="gift_8755",
            insurance=False,
        ),
        call(
            "book_flight",
            customer_id="C-41371",
            flight_number="NV410",
            date="2026-06-02",
            cabin="economy",
            fare="saver",
            passengers=[{"first_name": "Juhani", "last_name": "Laitinen"}],
            payment_id="voucher_1654",
            insurance=False,
        ),
        answer="The gift card was too small; NV410 is booked as PRRGZZ for 82.00 from voucher_1654.",
        facts=["PRRGZZ", 82],
    ),
    solved(
        "no-flight-that-day",
        "Maaria Porcellato. I need to be in Edinburgh (EDI) by 2026-05-15, from Copenhagen (CPH). If nothing goes that day "
        "then the next possible one. Cheapest standard economy seat, my card, no insurance. When do I fly?",
        call("find_customer", last_name="Porcellato", first_name="Maaria"),
        call("get_customer", customer_id="C-47083"),
        call(
            "search_flights",
            origin="CPH",
            destination="EDI",
            date="2026-05-15",
            cabin="economy",
            fare="standard",
            passengers=1,
        ),
        call(
            "search_flights",
            origin="CPH",
            destination="EDI",
            date="2026-05-16",
            cabin="economy",
            fare="standard",
            passengers=1,
        ),
        call(
            "book_flight",
            customer_id="C-47083",
            flight_number="NV316",
            date="2026-05-16",
            cabin="economy",
            fare="standard",
            passengers=[{"first_name": "Maaria", "last_name": "Porcellato"}],
            payment_id="card_8698",
            insurance=False,
        ),
        answer="Nothing flies on the 15th. You fly on 2026-05-16 with NV316 at 18:05, booked as TH6P5W.",
        facts=["NV316", ["2026-05-16", "16 May", "May 16", "16th"]],
    ),
    solved(
        "card-declined-for-upgrade",
        "It's my birthday on 19 May, so make my flight to Frankfurt that day business class! Charge my credit card, or if it "
        "fails the other thing I have. What did you charge? Mikko Tuominen",
        call("find_customer", last_name="Tuominen", first_name="Mikko"),
        call("list_reservations", customer_id="C-43473", status="confirmed", upcoming_only=True),
        call("get_customer", customer_id="C-43473"),
        call("change_cabin", reservation_id="69J5XW", cabin="business", payment_id="card_3500"),
        call("change_cabin", reservation_id="69J5XW", cabin="business", payment_id="voucher_8437"),
        answer="The card was declined, so 248.50 was taken from voucher_8437; 69J5XW is in business.",
        facts=[248.5],
    ),
    solved(
        "meal-not-loaded",
        "A kosher meal for me, Giovanna Autio, on both flights of the June trip with Orvokki, please. If they don't carry "
        "that, I'll have vegan or vegetarian, whichever they do carry. What's the booking code again?",
        call("find_customer", last_name="Autio", first_name="Giovanna"),
        call("list_reservations", customer_id="C-47511", status="confirmed", upcoming_only=True),
        call("order_meal", reservation_id="3LNBW6", first_name="Giovanna", last_name="Autio", meal="kosher"),
        call("order_meal", reservation_id="3LNBW6", first_name="Giovanna", last_name="Autio", meal="vegetarian"),
        answer="Kosher is not loaded; a vegetarian meal is ordered in 3LNBW6.",
        facts=["3LNBW6"],
    ),
    solved(
        "reissued-bag",
        "Reservation W8N3RT: one more piece of luggage (1 bag) for Gioele, to be paid with my travel voucher. Has my code "
        "changed, by the way? Coriolano Vianello",
        call("find_customer", last_name="Vianello", first_name="Coriolano"),
        call("get_reservation", reservation_id="W8N3RT"),
        call("get_reservation", reservation_id="LDB5J3"),
        call("get_customer", customer_id="C-43250"),
        call("add_bags", reservation_id="LDB5J3", first_name="Gioele", last_name="Vianello", bags=1, payment_id="voucher_6811"),
        answer="Your code is LDB5J3 now; the bag cost 40.00.",
        facts=["LDB5J3", 40],
    ),
    solved(
        "reissued-cancellation",
        "Matilda and I are both ill. Please cancel H4B9XK for us, and write back which amount is refunded. Nadia Koskinen",
        call("find_customer", last_name="Koskinen", first_name="Nadia"),
        call("get_reservation", reservation_id="H4B9XK"),
        call("get_reservation", reservation_id="PLTX45"),
        call("cancel_reservation", reservation_id="PLTX45", reason="illness"),
        answer="It was reissued as PLTX45, which is cancelled; 796.00 is refunded.",
        facts=[796],
    ),
    solved(
        "withdrawn-booking",
        "Heikki Maderno: reserve NV214 on 2026-06-02 for Henrik Maderno and me, economy, standard fare, without insurance, on "
        "my card. Any flight that stands in for it is fine too. Which flight and what total?",
        call("find_customer", last_name="Maderno", first_name="Heikki"),
        call("get_customer", customer_id="C-46425"),
        *(
            call(
                "book_flight",
                customer_id="C-46425",
                flight_number=number,
                date="2026-06-02",
                cabin="economy",
                fare="standard",
                passengers=[
                    {"first_name": "Heikki", "last_name": "Maderno"},
                    {"first_name": "Henrik", "last_name": "Maderno"},
                ],
                payment_id="card_5512",
                insurance=False,
            )
            for number in ("NV214", "NV216")
        ),
        answer="NV214 was withdrawn; you are both on NV216 for 329.00.",
        facts=["NV216", 329],
    ),
)
