"""Tasks around files and archives."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile

from . import world
from .judging import Told, run, solved

FILES = world.files()
PHOTOS = sorted(path for path in FILES if path.startswith("photos/"))


def content(told: Told) -> bytes:
    return base64.b64decode(str(told["base64"])) if "base64" in told else str(told.get("text", "")).encode()


def same(path: str):  # type: ignore[no-untyped-def]
    """That a file has the content another one began with."""
    return lambda told: content(told) == FILES[path]


def executable(path: str):  # type: ignore[no-untyped-def]
    return lambda told: bool(told.get("executable")) and content(told) == FILES[path]


def holds(members: dict[str, bytes]):  # type: ignore[no-untyped-def]
    """That a file is a compressed archive of exactly these files, wherever their folder begins."""

    def check(told: Told) -> bool:
        try:
            with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content(told)))) as archive:
                files = [one for one in archive.getmembers() if one.isfile()]
                found = {one.name.removeprefix("./"): (archive.extractfile(one) or io.BytesIO()).read() for one in files}
        except (OSError, tarfile.TarError, EOFError):
            return False
        return found == members

    return check


def member(archive: str, name: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(FILES[archive]))) as opened:
        found = opened.extractfile(name)
        assert found is not None
        return found.read().decode()


BIG = sorted((path for path in FILES if path.startswith("downloads/") and len(FILES[path]) > 20_000), key=lambda path: path)
COPIES = ("downloads/brochure.pdf", "downloads/ticket.pdf", "downloads/zz-brochure.pdf")
NOTES = {path: text for path, text in FILES.items() if path.startswith("notes/")}
INI = sorted(path for path in FILES if path.startswith("config/") and path.endswith(".ini"))

TASKS = (
    solved(
        "no-spaces",
        "The names of the files in photos have spaces in them, and my album can't read those. Put an underscore in the place "
        "of each space, please.",
        run("ls photos"),
        run('cd photos && for f in *\' \'*; do mv "$f" "${f// /_}"; done; ls'),
        files=dict.fromkeys(PHOTOS) | {path.replace(" ", "_"): same(path) for path in PHOTOS},
    ),
    solved(
        "by-year",
        "Sort the photos in the folder photos into one folder for each year inside it (photos/2023 and so on); the year is in "
        "the name of each file. The names themselves stay as they are.",
        run("ls photos"),
        run('cd photos && for f in IMG*; do y=$(echo "$f" | cut -c5-8); mkdir -p "$y"; mv "$f" "$y/"; done; find . -type f'),
        files=dict.fromkeys(PHOTOS) | {f"photos/{path[11:15]}/{path[7:]}": same(path) for path in PHOTOS},
    ),
    solved(
        "large-downloads",
        "Which files in downloads are larger than 20000 bytes? Write their bare names into large.txt in the "
        "home folder, one on "
        "each line, in alphabetical order.",
        run("find downloads -type f -size +20000c -printf '%f\\n' | LC_ALL=C sort > large.txt; cat large.txt"),
        files={"large.txt": "\n".join(sorted(path.split("/")[1] for path in BIG))},
    ),
    solved(
        "duplicates",
        "Some files in downloads are there more than once under different names. Of those with the same content keep the one "
        "whose name comes first in the alphabet (in plain byte order), and delete the others.",
        run("cd downloads && sha256sum * | LC_ALL=C sort -k2"),
        run(
            'cd downloads && LC_ALL=C; for f in *; do h=$(sha256sum < "$f"); case $seen in *"$h"*) rm "$f";; '
            '*) seen="$seen $h";; esac; done; ls'
        ),
        files=dict.fromkeys(COPIES),
    ),
    solved(
        "make-executable",
        "Make those files in scripts executable that begin with a line that says which program runs them "
        "(#!...), and no others.",
        run("cd scripts && head -n 1 *"),
        run('cd scripts && for f in *; do head -c 2 "$f" | grep -q \'^#!\' && chmod +x "$f"; done; ls -l'),
        files={path: executable(path) for path in ("scripts/build.sh", "scripts/greet.sh")},
    ),
    solved(
        "empty-folders",
        "Delete every empty folder below projects, but look out for the repository in projects/site: nothing "
        "in its .git folder "
        "may be touched. A folder that has nothing but empty folders in it is empty too. Folders elsewhere stay.",
        run("find projects -type d -empty -not -path '*/.git/*'"),
        run("find projects -depth -type d -empty -not -path '*/.git/*' -delete; ls projects"),
        files={"projects/old/": None, "projects/drafts/2024/": None, "projects/parser/tmp/": None},
    ),
    solved(
        "backup-settings",
        "Copy all files that end in .ini from config, with the folders they are in, into a new folder backup "
        "in the home folder, "
        "so that backup/config/app.ini is one of them. Nothing else goes there.",
        run("find config -name '*.ini' | cpio --version > /dev/null 2>&1; find config -type f"),
        run(
            "find config -name '*.ini' -exec cp --parents -t backup {} + 2>/dev/null || { mkdir backup && find "
            "config -name '*.ini' "
            "-exec cp --parents -t backup {} +; }; find backup"
        ),
        files={f"backup/{path}": same(path) for path in INI},
    ),
    solved(
        "one-month",
        "archive/reports.tar.gz has the reports of three months. Unpack only the one of March 2026 and put "
        "it at data/2026-03.csv; "
        "leave the archive as it is.",
        run("tar -tzf archive/reports.tar.gz"),
        run("tar -xzOf archive/reports.tar.gz reports/2026-03.csv > data/2026-03.csv && head -n 3 data/2026-03.csv"),
        files={"data/2026-03.csv": member("archive/reports.tar.gz", "reports/2026-03.csv")},
    ),
    solved(
        "pack-notes",
        "Pack the folder notes into archive/notes.tar.gz, so that unpacking it gives a folder notes again. "
        "Leave the notes where "
        "they are.",
        run("tar -czf archive/notes.tar.gz notes && tar -tzf archive/notes.tar.gz"),
        files={"archive/notes.tar.gz": holds(NOTES)},
    ),
    solved(
        "which-box",
        "In one of the archives archive/box1.tar.gz to box3.tar.gz lies the file invoice-0423.txt. Write the number of the box "
        "and the amount that the invoice says is to pay into found.txt, as in: box 9, 12.00",
        run("for b in archive/box*.tar.gz; do tar -tzf $b | grep 0423 && echo $b; done"),
        run("tar -xzOf archive/box2.tar.gz box2/invoice-0423.txt"),
        run(
            "a=$(tar -xzOf archive/box2.tar.gz box2/invoice-0423.txt | sed -n 's/^To pay: //p'); echo \"box 2, "
            '$a" > found.txt; '
            "cat found.txt"
        ),
        files={"found.txt": "box 2, " + member("archive/box2.tar.gz", "box2/invoice-0423.txt").split("To pay: ")[1].strip()},
    ),
)
