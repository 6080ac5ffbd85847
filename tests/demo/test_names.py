"""Invented names have about as many namesakes as real ones."""

from __future__ import annotations

from collections import Counter
from random import Random

from fulian.codes.names import fold_name
from fulian.demo.names import MAN, WOMAN, Names

DRAWN = 100_000


def test_namesakes() -> None:
    """Of 100,000 women: a few names are very frequent, most are rare (a million was measured once: see the module)."""
    rng = Random(1)
    names = Names(rng)
    counted = Counter(names.draw(WOMAN, rng.randrange(1945, 2008)) for _ in range(DRAWN))
    alone = sum(1 for n in counted.values() if n == 1)
    assert 0.6 < alone / DRAWN < 0.75
    assert 40 < counted.most_common(1)[0][1] < 80
    assert "张秀英" in [name for name, _n in counted.most_common(12)]


def test_names_fit_the_time_of_birth() -> None:
    old = Counter(Names(Random(2)).draw(WOMAN, 1950)[1:] for _ in range(200))
    names = Names(Random(2))
    young = Counter(names.draw(WOMAN, 2003)[1:] for _ in range(2000))
    assert young["秀英"] == 0
    assert old.keys().isdisjoint({"梓涵", "欣怡"})


def test_every_name_is_a_name() -> None:
    names = Names(Random(3))
    for sex in (WOMAN, MAN):
        for born in (1950, 1975, 2000):
            drawn = names.draw(sex, born)
            assert fold_name(drawn) == drawn


def test_the_same_seed_draws_the_same() -> None:
    first, second = Names(Random(4)), Names(Random(4))
    assert [first.draw(MAN, 1980) for _ in range(50)] == [second.draw(MAN, 1980) for _ in range(50)]
