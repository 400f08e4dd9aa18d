"""Scaffolds: what stands between a model and an episode, and how calls, tools and results are written for a model.

Everything here is a function of messages alone; who asks the model and who carries out its calls is the agent loop.
"""

from perturb.scaffold.calls import renamed
from perturb.scaffold.record import FORMATS, NATIVE, Format, Heard, Scaffold, Written

__all__ = ["FORMATS", "NATIVE", "Format", "Heard", "Scaffold", "Written", "renamed"]
