"""Perturb: how much success an agent that calls tools loses when its setup is unfamiliar, and under what."""

__version__ = "0.1.0"
