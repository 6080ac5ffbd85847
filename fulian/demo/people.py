"""Invented people: names with namesakes, numbers that are nobody's, ordinary facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from fulian.codes.documents import check_character
from fulian.demo.names import MAN, WOMAN, Names
from fulian.people.data import PersonData, read_person

NOBODYS_COUNTY = "371599"  # no county has this code, so no number that begins with it is anybody's
# 144 was given to machines, whose numbers have 13 digits: a number of 11 that begins so is nobody's either.
NOBODYS_PHONES = "144"

_EDUCATION = (("70", "80", "60", "40", "30", "20"), (34, 18, 16, 10, 12, 10))  # GB/T 4658
_POLITICAL = (("13", "01", "03"), (88, 8, 4))  # GB/T 4762
_ETHNICITY = (("01", "03"), (97, 3))  # GB/T 3304: 汉, 回
_WORK = ("务农", "务工", "个体经营", "企业职工", "家庭主妇", "教师", "护士", "待业", "退休", "灵活就业")


@dataclass(frozen=True)
class Home:
    """Where somebody is registered: an organisation, its unit, and the division of 2023 it lies in."""

    org_id: int
    county_id: int
    name: str
    division_code: str | None


@dataclass(frozen=True)
class Pair:
    """Two people who come to mediation; `kin` is what the second is to the first: spouse, in_law, child."""

    first: PersonData
    second: PersonData
    kin: str


class People:
    """Draws people; the same random numbers draw the same ones."""

    def __init__(self, rng: Random, today: date) -> None:
        self._rng, self._names, self._today = rng, Names(rng), today
        self._given: set[str] = set()

    def draw(self, sex: str, born: int, home: Home, marital: str | None = None) -> PersonData:
        """Somebody of this sex, born in this year; two of three show an identity card."""
        rng = self._rng
        day = date(born, 1, 1) + timedelta(days=rng.randrange(365))
        card = rng.random() < 0.68
        data = PersonData(
            name=self._names.draw(sex, born),
            sex=sex,
            birth_date=day,
            document_kind="id_card" if card else "none",
            document_number=self._number(sex, day) if card else "",
            phone=f"{NOBODYS_PHONES}{rng.randrange(10**8):08d}" if rng.random() < 0.85 else "",
            division_code=home.division_code,
            address=f"{home.name}{rng.randrange(1, 60)}号" if rng.random() < 0.7 else "",
            ethnicity=rng.choices(*_ETHNICITY)[0],
            education=rng.choices(*_EDUCATION)[0],
            marital=marital,
            political=rng.choices(*_POLITICAL)[0],
            occupation=rng.choice(_WORK),
        )
        return read_person(data, self._today)

    def draw_pair(self, home: Home) -> Pair:
        """Husband and wife, mother- and daughter-in-law, or parent and child; the first one is who applies."""
        rng = self._rng
        kin = rng.choices(("spouse", "in_law", "child"), (78, 12, 10))[0]
        if kin == "in_law":
            born = rng.randrange(1972, 2003)
            mother = self.draw(WOMAN, born - rng.randrange(22, 32), home, "20")
            return Pair(self.draw(WOMAN, born, home, "20"), mother, kin)
        if kin == "child":
            born = rng.randrange(1938, 1964)
            parent = self.draw(rng.choice((WOMAN, WOMAN, MAN)), born, home, rng.choice(("20", "30")))
            return Pair(parent, self.draw(rng.choice((WOMAN, MAN)), born + rng.randrange(21, 34), home, "20"), kin)
        born = int(rng.triangular(1955, 2004, 1988))
        wife = self.draw(WOMAN, born, home, "20")
        husband = self.draw(MAN, min(born - rng.randrange(-2, 6), 2004), home, "20")
        return Pair(wife, husband, kin) if rng.random() < 0.8 else Pair(husband, wife, kin)

    def _number(self, sex: str, day: date) -> str:
        while True:
            order = self._rng.randrange(0, 500) * 2 + (1 if sex == MAN else 0)  # GB 11643: odd for men
            digits = f"{NOBODYS_COUNTY}{day:%Y%m%d}{order:03d}"
            if digits not in self._given:
                self._given.add(digits)
                return digits + check_character(digits)
