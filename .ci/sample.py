"""Make the published sample anew: the report of the reference agent on airline, its picture, and the text in README.md.

python .ci/sample.py        needs `perturb` on the path, and Debian's chromium for the picture
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "reports" / "samples" / "airline-reader"
README = ROOT / "README.md"
BEGIN, END = "<!-- terminal: what the main job prints -->", "<!-- end of terminal -->"
CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,1180"),
)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
        ran = subprocess.run(["perturb", "run"], cwd=folder, env=environment, capture_output=True, text=True, check=True)
        (made,) = Path(folder, "reports", "runs").glob("*/report.html")
        SAMPLE.mkdir(parents=True, exist_ok=True)
        for name in ("report.html", "report.md"):
            shutil.copy(made.with_name(name), SAMPLE / name)
        picture = SAMPLE / "report.png"
        subprocess.run(
            [*CHROMIUM, f"--user-data-dir={folder}/browser", f"--screenshot={picture}", made.as_uri()],
            check=True,
            capture_output=True,
        )
    screen = ran.stdout[ran.stdout.index("airline ·") :]
    top = screen.split("\n  operator ", 1)[0].rstrip()
    readme = README.read_text(encoding="utf-8")
    before, rest = readme.split(BEGIN)
    text = f"{before}{BEGIN}\n```text\n{top}\n```\n{END}{rest.split(END)[1]}"
    README.write_text(re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
