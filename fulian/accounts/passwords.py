"""Passwords: hashed with argon2id, looked at outside of any transaction or lock, and the rules for a new one."""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fulian.errors import Refused

SHORTEST = 10  # characters; with the classes below the house's reading of GB/T 22239-2019 (身份鉴别：复杂度要求)
CLASSES = 3
KEPT = 5  # the passwords before the new one that are not taken again
VALID_DAYS = 90  # GB/T 22239-2019 asks for a regular change and leaves the days to the house
ONE_TIME_DAYS = 7  # then a one-time password that nobody used is worth nothing
LONGEST = 100  # argon2 takes any length; what is longer was pasted by mistake

RULES = f"至少 {SHORTEST} 位，大写字母、小写字母、数字、符号里至少有三种，不能含账号名。"

# The second recommended choice of RFC 9106 (64 MiB, three passes, four lanes), written out so that a newer library
# changes nothing unseen: NOBODY must cost exactly what a real hash costs.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, salt_len=16)
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$cWnCIygNXSkD4JnR0Su5Ng$nEe0aEWzHUQNNfreAgdVxjewrQy1rBKnUxNSAuXQdHw"

# Without 0 O 1 l I and vowels: read out on a telephone without mistakes, and without making words.
_LOWER, _UPPER, _DIGITS = "bcdfghjkmnpqrstvwxz", "BCDFGHJKLMNPQRSTVWXZ", "23456789"
_GROUPS, _GROUP = 3, 4


def hash_password(password: str) -> str:
    """The argon2id hash of a password; takes about a tenth of a second, so never inside a transaction."""
    return _hasher.hash(_folded(password))


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed. None stands for nobody: the same work is done, and it never fits.

    Takes about a tenth of a second, so never inside a transaction.
    """
    try:
        return _hasher.verify(password_hash or NOBODY, _folded(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def check_password(password: str, username: str) -> None:
    """Raises Refused where a new password breaks the rules (length, kinds of characters, the account's own name)."""
    folded = _folded(password)
    if len(folded) < SHORTEST:
        raise Refused(f"密码至少 {SHORTEST} 位，现在是 {len(folded)} 位，请再加长。", "password")
    kinds = {_kind(character) for character in folded}
    if len(kinds) < CLASSES:
        raise Refused("密码太简单：大写字母、小写字母、数字、符号里至少要有三种。", "password")
    if username.lower() in folded.lower():
        raise Refused("密码里不能含账号名，请换一个。", "password")


def one_time_password() -> str:
    """A password handed over on paper and changed at the first log-in, e.g. `kTm4-9wRb-hQ3x`: more than 64 bits."""
    while True:
        drawn = [secrets.choice(_LOWER + _UPPER + _DIGITS) for _ in range(_GROUPS * _GROUP)]
        if {_kind(character) for character in drawn} == {"lower", "upper", "digit"}:
            return "-".join("".join(drawn[at : at + _GROUP]) for at in range(0, len(drawn), _GROUP))


def one_time_code() -> str:
    """A code on a recovery slip, e.g. `k7m4-9wrb-h2x3`: lower case, more than 56 bits."""
    drawn = [secrets.choice(_LOWER + _DIGITS) for _ in range(_GROUPS * _GROUP)]
    return "-".join("".join(drawn[at : at + _GROUP]) for at in range(0, len(drawn), _GROUP))


def _folded(password: str) -> str:
    """Full-width characters of a Chinese keyboard become plain ones, so that both keyboards type the same password."""
    return unicodedata.normalize("NFKC", password)


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isupper():
        return "upper"
    return "lower" if character.islower() else "other"
