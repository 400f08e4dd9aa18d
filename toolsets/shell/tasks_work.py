"""Tasks around processes, scripts and git."""

from __future__ import annotations

from . import world
from .judging import git, run, solved
from .terminal import Terminal

FILES = world.files()
WORDS = FILES["data/words.txt"].decode()
CHECKS = {path.rsplit("/", 1)[1]: text for path, text in FILES.items() if path.startswith("data/checks/")}
BAD = sorted(name for name, text in CHECKS.items() if not text.startswith(b"ok"))


def _unchanged_history(terminal: Terminal, behind: str = "main") -> bool:
    return "Leave out the cache" in git(terminal, "log", "--format=%s", behind)


def released(terminal: Terminal) -> bool:
    return git(terminal, "log", "-1", "--format=%s", "release").strip() == "Add prices" and _unchanged_history(terminal)


def reverted(terminal: Terminal) -> bool:
    subjects = git(terminal, "log", "--format=%s", "main").splitlines()
    prices = git(terminal, "show", "main:prices.csv")
    return len(subjects) == 7 and subjects[1] == "Leave out the cache" and prices == "lamp,40\ndesk,120\n" and _clean(terminal)


def merged(terminal: Terminal) -> bool:
    page = git(terminal, "show", "main:index.html")
    lines = {"<h1>Lamps</h1>", "<p>Free parking.</p>", "<footer>Sam</footer>"}
    contained = git(terminal, "branch", "--contains", "footer", "--format=%(refname:short)").split()
    return set(page.split("\n")) - {""} == lines and "main" in contained and _clean(terminal)


def untracked(terminal: Terminal) -> bool:
    kept = git(terminal, "ls-files").split()
    return "cache/a" not in kept and ".gitignore" in kept and _clean(terminal) and _unchanged_history(terminal)


def _clean(terminal: Terminal) -> bool:
    return git(terminal, "status", "--porcelain").strip() == "" and _unchanged_history(terminal)


TASKS = (
    solved(
        "build-fails",
        "scripts/build.sh does not work when it is run from the home folder. Find out what is missing, and get it to make "
        "build/out.txt without changing the script.",
        run("sh scripts/build.sh"),
        run("cat scripts/build.sh"),
        run("mkdir build && sh scripts/build.sh && cat build/out.txt"),
        files={"build/in.txt": WORDS, "build/out.txt": "\n".join(sorted(set(WORDS.split())))},
    ),
    solved(
        "never-ends",
        "scripts/count.sh prints numbers and never ends. Save its first eight lines in first.txt.",
        run("cat scripts/count.sh"),
        run("scripts/count.sh | head -n 8 > first.txt; cat first.txt"),
        files={"first.txt": "\n".join(str(3**at) for at in range(8))},
    ),
    solved(
        "which-fail",
        "scripts/check.sh takes a file and ends with a status other than 0 if something is wrong with it. Which files in "
        "data/checks are wrong? Write their bare names into wrong.txt, one on each line, in alphabetical order.",
        run("ls data/checks; scripts/check.sh data/checks/lamp.txt; echo $?"),
        run("for f in data/checks/*; do scripts/check.sh $f || basename $f; done | LC_ALL=C sort > wrong.txt; cat wrong.txt"),
        files={"wrong.txt": "\n".join(BAD)},
    ),
    solved(
        "branch-at-commit",
        "In the repository projects/site, make a branch release at the commit with the message 'Add prices'. Stay on main.",
        run("cd projects/site && git log --oneline"),
        run("cd projects/site && git branch release $(git log --format=%h --grep='^Add prices$') && git branch -v"),
        repository=lambda terminal: released(terminal) and git(terminal, "branch", "--show-current").strip() == "main",
    ),
    solved(
        "undo-a-price",
        "In projects/site, the commit 'Lower the price of lamps' was a mistake. Undo it by a new commit on "
        "main; the history stays.",
        run("cd projects/site && git log --oneline -- prices.csv"),
        run("cd projects/site && git revert --no-edit $(git log --format=%h --grep='^Lower the price') && cat prices.csv"),
        files={"projects/site/prices.csv": "lamp,40\ndesk,120"},
        repository=reverted,
    ),
    solved(
        "who-removed-it",
        "The page index.html in projects/site once said 'Open from nine'. What is the message of the commit that took that "
        "sentence away?",
        run("cd projects/site && git log -S'Open from nine' --oneline -- index.html"),
        answer="It was taken away by 'Make the page shorter'.",
        says=["make the page shorter"],
    ),
    solved(
        "merge-footer",
        "Merge the branch footer into main in projects/site. Where the two do not agree, keep both: first the paragraph about "
        "parking, then the footer, each on its own line, below the head line.",
        run("cd projects/site && git merge footer; git diff"),
        run(
            "cd projects/site && printf '<h1>Lamps</h1>\\n<p>Free parking.</p>\\n<footer>Sam</footer>\\n' > index.html && "
            "git commit -qam 'Merge the footer' && git log --oneline | head -n 3"
        ),
        files={"projects/site/index.html": "<h1>Lamps</h1>\n<p>Free parking.</p>\n<footer>Sam</footer>"},
        repository=merged,
    ),
    solved(
        "untrack-the-cache",
        "In projects/site the file cache/a is kept by git although .gitignore names the folder. Take it out "
        "of the repository by "
        "a commit, but leave the file itself on the disk.",
        run("cd projects/site && git ls-files && cat .gitignore"),
        run(
            "cd projects/site && git rm -q --cached cache/a && git commit -qm 'Stop keeping the cache' && git "
            "status --short && ls cache"
        ),
        repository=untracked,
    ),
)
