"""Surnames with their frequency and given names, for demonstration data only: no name here is a record of a person."""

from __future__ import annotations

from functools import lru_cache

from fulian.codes.tables import read_table


@lru_cache(maxsize=1)
def surnames() -> tuple[tuple[str, float], ...]:
    """(surname, weight in percent of the national population), most frequent first; the weights sum to about 97."""
    return tuple((row["surname"], float(row["weight"])) for row in read_table("fulian.codes", "surnames"))


@lru_cache(maxsize=2)
def given_names(sex_code: str) -> tuple[str, ...]:
    """Given names usual for a sex (GB/T 2261.1: "1" men, "2" women), without frequency. Raises KeyError for another."""
    table = {"1": "given_names_male", "2": "given_names_female"}[sex_code]
    return tuple(row["given_name"] for row in read_table("fulian.codes", table))
