"""Tasks around text: logs, tables, notes, settings."""

from __future__ import annotations

import re
from collections import Counter

from perturb.types import Call

from . import world
from .judging import run, solved

TEXTS = {
    path: content.decode() for path, content in world.files().items() if not path.startswith(("photos", "downloads", "archive"))
}
ACCESS = "".join(TEXTS[path] for path in sorted(TEXTS) if path.startswith("logs/access"))
HOSTS = Counter(line.split()[0] for line in ACCESS.splitlines())
TOP = sorted(HOSTS.items(), key=lambda one: (-one[1], one[0]))[:3]
FAILED = {
    f"2026-05-{day:02d}": sum('" 500 ' in line for line in TEXTS[f"logs/access-2026-05-{day:02d}.log"].splitlines())
    for day in range(1, 6)
}
APP = TEXTS["logs/app.log"].splitlines()
CUSTOMERS = [line.split(",") for line in TEXTS["data/customers.csv"].splitlines()[1:]]
ORDERS = [line.split(",") for line in TEXTS["data/orders.csv"].splitlines()[1:]]
NAMES = {row[0]: row[1] for row in CUSTOMERS}
SPENT = {number: sum(int(row[4]) for row in ORDERS if row[1] == number) for number in NAMES}
OPEN = sum(line.startswith("- [ ]") for path, text in TEXTS.items() if path.startswith("notes/") for line in text.splitlines())
SLOWEST = max((int(re.search(r"took (\d+)", line)[1]), line) for line in APP if " mail: " in line)  # type: ignore[index]
SPELLED = {path: re.sub(r"\bcolour\b", "color", text) for path, text in TEXTS.items() if path.startswith("notes/")}
STRIPPED = {
    path: "\n".join(line.rstrip() for line in text.splitlines()) for path, text in TEXTS.items() if path.endswith(".py")
}

TASKS = (
    solved(
        "count-errors",
        "How many lines of logs/app.log are errors (ERROR)? And how many lines has the file in all? Just "
        "tell me the two numbers.",
        run("grep -c ' ERROR ' logs/app.log; wc -l < logs/app.log"),
        answer=f"{sum(' ERROR ' in line for line in APP)} of {len(APP)} lines are errors.",
        says=[rf"\b{sum(' ERROR ' in line for line in APP)}\b", rf"\b{len(APP)}\b"],
    ),
    solved(
        "slowest-mail",
        "What is the longest that a step of mail took, by logs/app.log, and which step was it?",
        run("grep ' mail: ' logs/app.log | sed 's/.*step \\([0-9]*\\) took \\([0-9]*\\) ms/\\2 \\1/' | sort -n | tail -n 1"),
        answer=f"Step {SLOWEST[1].split('step ')[1].split()[0]} took {SLOWEST[0]} ms.",
        says=[rf"\b{SLOWEST[0]}\b", rf"\b{SLOWEST[1].split('step ')[1].split()[0]}\b"],
    ),
    solved(
        "top-addresses",
        "Which three addresses made the most requests, over all access logs in logs? Write them into "
        "top.txt, the busiest first, "
        "each line the number of requests, a space, and the address.",
        run("cat logs/access-*.log | awk '{print $1}' | sort | uniq -c | sort -k1,1nr -k2,2 | head -n 3"),
        run(
            "cat logs/access-*.log | awk '{print $1}' | sort | uniq -c | sort -k1,1nr -k2,2 | head -n 3 | awk "
            "'{print $1, $2}' > "
            "top.txt; cat top.txt"
        ),
        files={"top.txt": "\n".join(f"{number} {host}" for host, number in TOP)},
    ),
    solved(
        "failures-by-day",
        "For each day of the access logs in logs, how many requests ended with status 500? Write data/failures.csv with a head "
        "line day,failures and a line for each day (as 2026-05-01), in order.",
        run("head -n 2 logs/access-2026-05-01.log"),
        run(
            '{ echo day,failures; for f in logs/access-*.log; do d=${f#logs/access-}; echo "${d%.log},$(grep -c '
            "'\" 500 ' $f)\"; "
            "done; } > data/failures.csv; cat data/failures.csv"
        ),
        files={"data/failures.csv": "day,failures\n" + "\n".join(f"{day},{number}" for day, number in FAILED.items())},
    ),
    solved(
        "mails-of-spenders",
        "I want to write to everybody who has placed a single order of 200.00 or more (the amounts in "
        "data/orders.csv are cents). "
        "Write their mail addresses into mails.txt, each once, in alphabetical order.",
        run("head -n 3 data/orders.csv data/customers.csv"),
        run(
            "awk -F, 'NR>1 && $5>=20000 {print $2}' data/orders.csv | sort -u | while read c; do awk -F, -v c=$c "
            "'$1==c {print $3}' "
            "data/customers.csv; done | sort > mails.txt; cat mails.txt"
        ),
        files={
            "mails.txt": "\n".join(
                sorted({row[2] for row in CUSTOMERS for order in ORDERS if order[1] == row[0] and int(order[4]) >= 20000})
            )
        },
    ),
    solved(
        "spent-by-customer",
        "Add up what each customer has spent by data/orders.csv, and write data/spent.csv: no head line, a "
        "line customer,cents for "
        "each customer of data/customers.csv in the order of their numbers, 0 where one has no order.",
        run(
            "awk -F, 'NR==FNR {if (FNR>1) s[$2]+=$5; next} FNR>1 {print $1 \",\" s[$1]+0}' data/orders.csv "
            "data/customers.csv > "
            "data/spent.csv; cat data/spent.csv"
        ),
        files={"data/spent.csv": "\n".join(f"{number},{cents}" for number, cents in SPENT.items())},
    ),
    solved(
        "orders-with-names",
        "Write data/lamps.csv: the orders of lamps from data/orders.csv as order,name with the customer's name from "
        "data/customers.csv, in the order of the order numbers, without a head line.",
        run("head -n 2 data/orders.csv data/customers.csv"),
        run(
            'awk -F, \'NR==FNR {n[$1]=$2; next} $3=="lamp" {print $1 "," n[$2]}\' data/customers.csv data/orders.csv > '
            "data/lamps.csv; cat data/lamps.csv"
        ),
        files={"data/lamps.csv": "\n".join(f"{row[0]},{NAMES[row[1]]}" for row in ORDERS if row[2] == "lamp")},
    ),
    solved(
        "american-spelling",
        "In all notes (the .md files in notes and below), write color for the word colour. Longer words that "
        "only contain it stay "
        "as they are.",
        run("grep -rn colour notes"),
        run("find notes -name '*.md' -exec sed -i 's/\\bcolour\\b/color/g' {} +; grep -rn colo notes"),
        files={path: text for path, text in SPELLED.items() if text != TEXTS[path]},
    ),
    solved(
        "first-of-each",
        "data/words.txt has many words more than once. Keep only the first line of each, in the order they stand in.",
        run("awk '!seen[$0]++' data/words.txt > w && cat w > data/words.txt && rm w && cat data/words.txt"),
        files={"data/words.txt": "\n".join(dict.fromkeys(TEXTS["data/words.txt"].splitlines()))},
    ),
    solved(
        "change-port",
        "Let the server listen on port 9090: change it in config/app.ini, in the section server. The admin "
        "page stays on its port.",
        Call("read_file", {"path": "config/app.ini"}),
        run("sed -i '/^\\[server\\]/,/^\\[/s/^port = .*/port = 9090/' config/app.ini; cat config/app.ini"),
        files={"config/app.ini": TEXTS["config/app.ini"].replace("port = 8080", "port = 9090", 1)},
    ),
    solved(
        "trailing-blanks",
        "Take the blanks and tabs off the ends of all lines of the Python files in projects/parser.",
        run("grep -nE '[[:blank:]]+$' projects/parser/*.py"),
        run("sed -i 's/[[:blank:]]*$//' projects/parser/*.py; cat projects/parser/*.py"),
        files={path: text for path, text in STRIPPED.items() if text.rstrip("\n") != TEXTS[path].rstrip("\n")},
    ),
    solved(
        "open-points",
        "How many open points (lines that begin with - [ ]) are there in my notes, over all files in notes and below?",
        run("grep -rh '^- \\[ \\]' notes | wc -l"),
        answer=f"There are {OPEN} open points.",
        says=[rf"\b{OPEN}\b|\b{ {5: 'five', 6: 'six', 4: 'four', 7: 'seven'}.get(OPEN, 'many') }\b"],
    ),
    solved(
        "write-a-note",
        "Make a note notes/market.md with the head line '# Market', an empty line, and the open points (- [ "
        "]) bread and pears, "
        "in that order.",
        Call("write_file", {"path": "notes/market.md", "content": "# Market\n\n- [ ] bread\n- [ ] pears\n"}),
        files={"notes/market.md": "# Market\n\n- [ ] bread\n- [ ] pears"},
    ),
)
