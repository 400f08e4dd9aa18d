"""Proxies: agents that cannot be changed, perturbed on the wire between them and what they talk to."""
