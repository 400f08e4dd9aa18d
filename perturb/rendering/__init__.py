"""A run as data, and the reports made of it: terminal, JSON, Markdown, HTML, JUnit."""

from perturb.rendering.data import Floor, RunHeader, render_json, report_data
from perturb.rendering.html import render_html
from perturb.rendering.junit import render_junit
from perturb.rendering.markdown import render_markdown
from perturb.rendering.terminal import print_report
from perturb.rendering.trajectories import align, first_difference

__all__ = [
    "Floor",
    "RunHeader",
    "align",
    "first_difference",
    "print_report",
    "render_html",
    "render_json",
    "render_junit",
    "render_markdown",
    "report_data",
]
