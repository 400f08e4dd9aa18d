"""Recorded episodes of other projects: one format a file, each a function from a file to records."""
