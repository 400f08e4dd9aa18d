"""The files that every episode begins with: made from a seed, the same to the last byte each time."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from functools import cache

SEED = 20260511
STAMP = 1_778_486_400
"""When all files were last changed: 2026-05-11, 08:00 UTC."""
FIRST = ("Aino", "Bruno", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katya", "Luis")
LAST = ("Aho", "Berg", "Costa", "Dahl", "Eklund", "Ferri", "Groen", "Haas", "Ivanov", "Jansen", "Kovac", "Lind")
CITIES = ("Bergen", "Gdansk", "Lisbon", "Porto", "Turku", "Vienna")
PRODUCTS = ("lamp", "desk", "chair", "shelf", "rug", "vase")
PATHS = ("/", "/prices", "/contact", "/cart", "/login", "/img/logo.png")


@cache
def files() -> dict[str, bytes]:
    """The content of each file by its path from the home, but for the repositories."""
    luck = random.Random(SEED)
    found: dict[str, bytes | str] = {}
    for make in (_photos, _downloads, _logs, _data, _notes, _config, _scripts, _projects, _archive):
        found |= make(luck)
    return {path: text.encode() if isinstance(text, str) else text for path, text in found.items()}


EXECUTABLE = ("scripts/count.sh", "scripts/check.sh")
EMPTY = ("projects/old", "projects/drafts/2024", "projects/parser/tmp", "inbox")


def _photos(luck: random.Random) -> dict[str, bytes | str]:
    names = [
        f"IMG {year}-{month:02d}-{day:02d} {number}.jpg"
        for year, month, day, number in (
            (2023, 4, 2, 1),
            (2023, 11, 19, 2),
            (2024, 1, 5, 3),
            (2024, 6, 30, 4),
            (2024, 8, 14, 5),
            (2025, 2, 9, 6),
            (2025, 7, 21, 7),
        )
    ]
    return {f"photos/{name}": luck.randbytes(900 + 50 * at) for at, name in enumerate(names)}


def _downloads(luck: random.Random) -> dict[str, bytes | str]:
    one, two, three = (luck.randbytes(size) for size in (12_000, 26_000, 41_000))
    return {
        "downloads/brochure.pdf": two,
        "downloads/brochure(1).pdf": two,
        "downloads/copy-of-ticket.pdf": one,
        "downloads/manual.pdf": three,
        "downloads/ticket.pdf": one,
        "downloads/zz-brochure.pdf": two,
        "downloads/readme.txt": "Nothing here is needed.\n",
    }


def _logs(luck: random.Random) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    hosts = [f"10.0.{luck.randrange(4)}.{luck.randrange(2, 250)}" for _ in range(9)]
    weights = [21, 17, 13, 9, 7, 5, 4, 3, 2]
    for day in range(1, 6):
        lines = [
            f'{luck.choices(hosts, weights)[0]} - - [{day:02d}/May/2026:{hour:02d}:{luck.randrange(60):02d}:00 +0000] "GET '
            f'{luck.choice(PATHS)} HTTP/1.1" {luck.choices((200, 404, 500), (16, 3, 1))[0]} {luck.randrange(200, 9000)}'
            for hour in range(24)
            for _ in range(3)
        ]
        found[f"logs/access-2026-05-{day:02d}.log"] = "\n".join(lines) + "\n"
    words = ("cache", "queue", "login", "mail")
    lines = [
        f"2026-05-{1 + at // 40:02d} {at % 24:02d}:{luck.randrange(60):02d} "
        f"{luck.choices(('INFO', 'WARN', 'ERROR'), (7, 2, 1))[0]} {luck.choice(words)}: "
        f"step {at} took {luck.randrange(5, 900)} ms"
        for at in range(200)
    ]
    found["logs/app.log"] = "\n".join(lines) + "\n"
    return found


def _data(luck: random.Random) -> dict[str, bytes | str]:
    people = [
        (100 + at, f"{first} {last}", f"{first}.{last}@mail.example".lower(), luck.choice(CITIES))
        for at, (first, last) in enumerate(zip(FIRST, LAST, strict=True))
    ]
    customers = "id,name,email,city\n" + "".join(f"{number},{name},{mail},{city}\n" for number, name, mail, city in people)
    orders = [
        (7000 + at, luck.choice(people)[0], luck.choice(PRODUCTS), luck.randrange(1, 5), luck.randrange(900, 24000))
        for at in range(60)
    ]
    rows = "order,customer,product,number,cents\n" + "".join(",".join(map(str, row)) + "\n" for row in orders)
    words = [luck.choice(PRODUCTS + CITIES).lower() for _ in range(40)]
    return {
        "data/customers.csv": customers,
        "data/orders.csv": rows,
        "data/words.txt": "\n".join(words) + "\n",
        **{f"data/checks/{name}.txt": f"{'ok' if at % 3 else 'bad'} {name}\n" for at, name in enumerate(PRODUCTS + CITIES)},
    }


def _notes(luck: random.Random) -> dict[str, bytes | str]:
    return {
        "notes/paint.md": "# Paint\n\nThe colour of the hall: a warm colour, not colourful.\nAsk for discolouration.\n",
        "notes/garden.md": "# Garden\n\nNo colour before April.\n\n- [ ] rake\n- [x] seeds\n- [ ] water the roses\n",
        "notes/travel.md": "# Travel\n\n- [x] tickets\n- [ ] passport\n- [ ] map of the colour line\n",
        "notes/ideas/shed.md": "# Shed\n\n- [ ] roof\n- [x] door\n",
    }


def _config(luck: random.Random) -> dict[str, bytes | str]:
    return {
        "config/app.ini": "[server]\nhost = 127.0.0.1\nport = 8080\n\n[admin]\nhost = 127.0.0.1\nport = 8080\n\n"
        "[mail]\nfrom = desk@mail.example\n",
        "config/sites/blog.ini": "[site]\ntitle = Blog\n",
        "config/sites/shop.ini": "[site]\ntitle = Shop\n",
        "config/colours.json": '{"hall": "ochre", "desk": "teal"}\n',
        "config/old/app.ini.bak": "[server]\nport = 80\n",
    }


def _scripts(luck: random.Random) -> dict[str, bytes | str]:
    return {
        "scripts/build.sh": "#!/bin/sh\nset -e\ncp data/words.txt build/in.txt\nsort -u build/in.txt > build/out.txt\n",
        "scripts/count.sh": '#!/bin/sh\ni=1\nwhile :; do echo "$i"; i=$((i * 3)); sleep 0.02; done\n',
        "scripts/check.sh": '#!/bin/sh\ngrep -q "^ok" "$1"\n',
        "scripts/greet.sh": "#!/bin/bash\necho hello\n",
        "scripts/notes.txt": "greet.sh and build.sh are run by hand\n",
        "scripts/settings.sh": "NAME=sam\n",
    }


def _projects(luck: random.Random) -> dict[str, bytes | str]:
    return {
        "projects/parser/lexer.py": "import re  \n\nTOKENS = re.compile(r'\\w+')\t\n\n\n"
        "def tokens(text):   \n    return TOKENS.findall(text)\n",
        "projects/parser/parser.py": "from lexer import tokens\n\n\n"
        "def parse(text):\n    # TODO: brackets\n    return tokens(text)  \n",
        "projects/parser/test_parser.py": "from parser import parse\n\n"
        "# TODO: more of these\nassert parse('a b') == ['a', 'b']\n",
        "projects/parser/NOTES": "TODO: nothing in here counts\n",
    }


def _archive(luck: random.Random) -> dict[str, bytes | str]:
    months = {f"reports/2026-{month:02d}.csv": _sold(luck) for month in (1, 2, 3)}
    found: dict[str, bytes | str] = {"archive/reports.tar.gz": packed(months)}
    for box in (1, 2, 3):
        numbers = range(400 + 10 * box, 405 + 10 * box)
        invoices = {
            f"box{box}/invoice-{number:04d}.txt": f"Invoice {number}\nTo pay: {luck.randrange(20, 900)}.00\n"
            for number in numbers
        }
        found[f"archive/box{box}.tar.gz"] = packed(invoices)
    return found | {"archive/old-notes.txt.gz": gzip.compress(b"one\ntwo\nthree\n", mtime=0)}


def _sold(luck: random.Random) -> str:
    return "day,sold\n" + "".join(f"{day},{luck.randrange(40)}\n" for day in range(1, 29))


def packed(content: dict[str, str]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, text in content.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime = len(text), STAMP
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(raw.getvalue(), mtime=0)


SITE = """\
set -e
mkdir -p projects/site && cd projects/site
git init -q -b main .
keep() { git add -A && GIT_AUTHOR_DATE="2026-0$1T09:00:00Z" GIT_COMMITTER_DATE="2026-0$1T09:00:00Z" git commit -q -m "$2"; }
printf '<h1>Lamps</h1>\\n<p>Open from nine.</p>\\n' > index.html
printf 'body { color: black }\\n' > style.css
keep 4-01 'Start the page'
printf 'lamp,40\\ndesk,120\\n' > prices.csv
keep 4-03 'Add prices'
printf '<h1>Lamps</h1>\\n' > index.html
keep 4-09 'Make the page shorter'
printf 'lamp,4\\ndesk,120\\n' > prices.csv
keep 4-12 'Lower the price of lamps'
git checkout -q -b footer
printf '<h1>Lamps</h1>\\n<footer>Sam</footer>\\n' > index.html
keep 4-15 'Add a footer'
git checkout -q main
printf '<h1>Lamps</h1>\\n<p>Free parking.</p>\\n' > index.html
keep 4-16 'Tell of parking'
printf 'cache/\\n' > .gitignore
mkdir cache && echo 1 > cache/a
git add -f cache/a
keep 4-18 'Leave out the cache'
"""
"""Makes the repository, with times that never change."""
