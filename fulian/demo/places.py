"""The organisations of the shipped network in which demo cases are registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fulian.demo.people import Home
from fulian.demo.plan import (
    AREAS,
    FIRST_WEIGHT,
    TOWNSHIP_WEIGHT,
    TOWNSHIPS,
    UNIT_WEIGHT,
    VILLAGE_WEIGHT,
    VILLAGES,
    Area,
)
from fulian.orgs.network import NetworkOrg


@dataclass(frozen=True)
class Worked:
    """The organisations of a unit in which cases are registered, and how many each has relative to the others.

    The unit itself comes first, then its townships (the mediator with a log-in works in the first), then villages.
    """

    area: Area
    homes: tuple[Home, ...]
    weights: tuple[float, ...]

    @property
    def unit(self) -> Home:
        """The unit itself."""
        return self.homes[0]

    @property
    def first_township(self) -> Home:
        """The township of the mediator with a log-in."""
        return self.homes[1]


def worked_places(network: Sequence[NetworkOrg], ids: Mapping[str, int]) -> list[Worked]:
    """For each area its unit, its first townships, and a village of each of the first few of them."""
    return [_worked(area, network, ids) for area in AREAS]


def _worked(area: Area, network: Sequence[NetworkOrg], ids: Mapping[str, int]) -> Worked:
    unit = next(org for org in network if org.number_code == area.code)
    townships = [org for org in network if org.level == "township" and org.county_key == area.code][:TOWNSHIPS]
    villages = [
        next(org for org in network if org.level == "village" and org.parent_key == township.key)
        for township in townships[1 : VILLAGES + 1]
    ]

    def home(org: NetworkOrg, division: NetworkOrg) -> Home:
        return Home(ids[org.key], ids[area.code], org.short_name, division.division_code)

    above = {township.key: township for township in townships}
    homes = [home(unit, unit), *(home(township, township) for township in townships)]
    homes += [home(village, above[str(village.parent_key)]) for village in villages]
    weights = (
        UNIT_WEIGHT,
        FIRST_WEIGHT,
        *[TOWNSHIP_WEIGHT] * (len(townships) - 1),
        *[VILLAGE_WEIGHT] * len(villages),
    )
    return Worked(area, tuple(homes), weights)
