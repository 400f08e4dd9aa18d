"""The search for the smallest perturbation that breaks an agent.

Plans of rising size are tried, each once, and proven solvable before; one that fails is a suspect. Repeats say whether it is
more than bad luck; halving takes away what is not needed, each half judged by votes; and fresh pairs of clean and perturbed
repeats confirm what is left, at a stated error. Every episode goes through the store, so none is paid for twice.
"""

from perturb.search.cornering import ERROR
from perturb.search.searching import Searched, search

__all__ = ["ERROR", "Searched", "search"]
