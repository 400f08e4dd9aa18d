"""Operators on the scaffold: how the agent loop writes for a model what is shown, and reads what the model says."""
