"""A run as data, and the reports made of it: terminal, JSON, Markdown, HTML, JUnit."""

from perturb.rendering.data import Floor, RunHeader, render_json, report_data
from perturb.rendering.terminal import print_report
from perturb.rendering.trajectories import align, first_difference

__all__ = ["Floor", "RunHeader", "align", "first_difference", "print_report", "render_json", "report_data"]
