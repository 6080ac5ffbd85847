"""Reads of cases, by noun."""
