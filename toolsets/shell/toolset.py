"""A terminal: a home with files, archives, scripts and a git repository, in a sandbox of its own for each episode."""

from __future__ import annotations

from perturb.authoring import toolset

from . import tasks_files, tasks_text, tasks_work
from .terminal import Terminal

SYSTEM = """\
You work in a terminal on a computer of the user's, whose name is Sam. Commands run in bash with the usual GNU tools and git. \
Paths are taken from the home folder. There is no network, and nobody sits at the keyboard to answer questions of a program.

Change nothing but what is asked for, and leave no files of your own behind. When all is done, say so in a sentence; where \
you were asked something, the answer is what matters.\
"""

TOOLSET = toolset(
    Terminal,
    name="shell",
    system=SYSTEM,
    tasks=[*tasks_files.TASKS, *tasks_text.TASKS, *tasks_work.TASKS],
    volatile=(r"/git/.*",),
    locale="en_GB",
    failures="json",
)
