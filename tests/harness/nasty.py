"""Inputs that nobody types: generated from a seed, for any route, with a valid session and token."""

from __future__ import annotations

import random
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

Value = str | bytes

NUMBERS: tuple[str, ...] = (
    "-1",
    "0",
    "007",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "9" * 30,
    "1e309",
    "NaN",
    "1.5",
    "0x1F",
    "1_000",
    "١٢٣",
    "１２",
    "²",
    "true",
    "None",
)
DAYS: tuple[str, ...] = (
    "0000-00-00",
    "0001-01-01",
    "1899-12-31",
    "2026-02-30",
    "2026-13-01",
    "9999-12-31",
    "10000-01-01",
    "2026-11-24T99:99",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "2026-11-24 14:30:00+08:00",
    "25:61",
)
TEXTS: tuple[Value, ...] = (
    "",
    " ",
    "\u3000",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: a=b",
    "\u202egnp.exe",
    "\u200b",
    "\ufffe",
    "\ue000",
    "e\u0301" * 30,
    "👩‍👧" * 20,
    "𠮷" * 51,
    "<script>alert(1)</script>",
    "{{7*7}}{% raw %}",
    "%s%n%x",
    "' OR 1=1 --",
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "javascript:alert(1)",
    "//evil.example/",
    "[]",
    "{}",
    "a" * 5001,
    "汉" * 6000,
    "%",
    "_",
    "\\",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc3",
    b"a\xf0\x9f",
)
BODIES: tuple[tuple[str, bytes], ...] = (
    ("application/json", b'{"csrf_token": 1, "q": null}'),
    ("application/json", b"[[[["),
    ("application/x-www-form-urlencoded", b"&&&=&=a&a"),
    ("application/x-www-form-urlencoded; charset=utf-16", "q=王".encode("utf-16")),
    ("multipart/form-data", b"--x\r\n\r\n"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\nabc'),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; filename=""\r\n\r\n\r\n--x--'),
    ("text/xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    ("", b"\x00\x01\x02"),
)
FILES: tuple[tuple[bytes, str], ...] = (
    (b"", "leer.pdf"),
    (b"%PDF-", ""),
    (b"\xff\xd8\xff" + b"\x00" * 50, "a" * 300 + ".jpg"),
    (b"PK\x03\x04kaputt", "CON.docx"),
    (b"\x89PNG\r\n\x1a\n", "../../../x.png"),
    (b"%PDF-1.4", "汉" * 120 + ".pdf"),
    (b"<svg/>", "a.svg\x00.png"),
)
HEADERS: tuple[Mapping[str, str], ...] = (
    {},
    {},
    {},
    {"HX-Request": "true"},
    {"Accept": "application/json"},
    {"Accept": "*/*;q=x"},
    {"Range": "bytes=9-1"},
    {"If-Modified-Since": "gestern"},
    {"X-Forwarded-For": "a, b, ::ffff:1.2.3.4"},
    {"User-Agent": "Mobile\x7f" * 40},
    {"Content-Encoding": "gzip"},
)
QUERY_NAMES = (
    "q", "after", "status", "stage", "risk", "outcome", "programme", "org", "mine", "due", "order", "told", "opened",
    "next", "at", "to", "other", "field", "role", "name", "same", "act", "account", "county", "since", "until", "sort",
)  # fmt: skip


@dataclass
class Nasty:
    """A source of wrong values; `chance` decides which."""

    chance: random.Random
    forms: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def value(self) -> Value:
        """One value for a field, an argument or a filter."""
        kind = self.chance.random()
        if kind < 0.3:
            return self.chance.choice(NUMBERS)
        if kind < 0.45:
            return self.chance.choice(DAYS)
        if kind < 0.5:
            return self._cursor()
        if kind < 0.55:
            return self.chance.randbytes(self.chance.randint(1, 40))
        return self.chance.choice(TEXTS)

    def _cursor(self) -> str:
        """A cursor of a list as it would be written, with numbers at the ends of what it holds."""
        ends = (-(2**63), -1, 0, 1, 2**63 - 1)
        packed = struct.pack(
            ">qqI?", self.chance.choice(ends), self.chance.choice(ends), 2**32 - 1, self.chance.random() < 0.5
        )
        return urlsafe_b64encode(packed).decode("ascii")

    def argument(self) -> str:
        """Text for a part of an address."""
        value = self.value()
        text = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
        return quote(text.replace(b"/", b"")[:200] or b"x", safe="")

    def query(self) -> str:
        """What stands behind the ?: some of the names that pages know, with wrong values."""
        pairs = [(self.chance.choice(QUERY_NAMES), self.value()) for _ in range(self.chance.randint(1, 3))]
        return urlencode(pairs, errors="replace")

    def headers(self) -> Mapping[str, str]:
        """Headers of a request; mostly none."""
        return self.chance.choice(HEADERS)

    def body(self, form: Mapping[str, Any], token: str) -> dict[str, Any]:
        """Options of the test client for a body: the form with some fields spoilt, or something that is no form."""
        if self.chance.random() < 0.05:
            content_type, content = self.chance.choice(BODIES)
            return {"data": content, "content_type": content_type}
        fields = {**form, "csrf_token": token}
        names = [name for name in fields if name != "csrf_token"] or ["q"]
        for name in self.chance.sample(names, min(len(names), self.chance.choice((1, 1, 2, 3)))):
            fields[name] = self._spoilt(fields.get(name))
        if self.chance.random() < 0.1:
            fields[self.chance.choice(("id", "version", "submission_id", "org_id", "__proto__", "a" * 300))] = (
                self.value()
            )
        return as_body(fields)

    def _spoilt(self, value: Any) -> Any:
        if self.chance.random() < (0.7 if isinstance(value, tuple) else 0.03):
            content, name = self.chance.choice(FILES)
            return BytesIO(content), name
        ways: Sequence[Callable[[], Any]] = (
            self.value,
            self.value,
            self.value,
            lambda: [self.value(), self.value()],
            lambda: [],
            lambda: [value, value],
        )
        return self.chance.choice(ways)()


def as_body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the test client for a form with these fields, letter for letter; files stay as they are."""
    if any(isinstance(value, tuple) for value in fields.values()):
        return {"data": {name: _as_part(value) for name, value in fields.items()}}
    encoded = urlencode(_pairs(fields), errors="replace")
    return {"data": encoded, "content_type": "application/x-www-form-urlencoded"}


def _pairs(fields: Mapping[str, Any]) -> list[tuple[str, Value]]:
    return [
        (name, one if isinstance(one, bytes) else str(one))
        for name, value in fields.items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    ]


def _as_part(value: Any) -> Any:
    if isinstance(value, tuple):
        content, name = value
        return BytesIO(content.getvalue()), name  # what is sent is read once
    if isinstance(value, list):
        return [_as_part(one) for one in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
