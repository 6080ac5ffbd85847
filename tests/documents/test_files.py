"""Names of downloads are safe on every system and stay Chinese."""

from __future__ import annotations

import pytest
from werkzeug.http import parse_options_header

from fulian.documents.files import NAME_BYTES, content_disposition, safe_file_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("人民调解协议书 聊妇调〔2026〕371502-000123", "人民调解协议书 聊妇调〔2026〕371502-000123.pdf"),
        ("../../etc/passwd", "_.._etc_passwd.pdf"),
        ("a\r\nSet-Cookie: x=1", "a_Set-Cookie_ x=1.pdf"),
        ("\u202egpj.exe", "gpj.exe.pdf"),
        ("con", "_con.pdf"),
        ("COM1.txt", "_COM1.txt.pdf"),
        ("console", "console.pdf"),
        (".隐藏", "隐藏.pdf"),
        (" . ", "文书.pdf"),
        ("", "文书.pdf"),
        ('a"b;c', "a_b;c.pdf"),
    ],
)
def test_safe_file_name(title: str, name: str) -> None:
    assert safe_file_name(title, "pdf") == name


def test_a_long_name_is_cut_between_characters() -> None:
    name = safe_file_name("调" * 300, "docx")
    assert len(name.encode()) <= NAME_BYTES
    assert name == "调" * 65 + ".docx"


@pytest.mark.parametrize("title", ["协议书", "a'b%c", "张三 & 李四（一）", "🙂", "~!#$&+-.^_`|"])
def test_the_header_is_ascii_and_gives_the_name_back(title: str) -> None:
    name = safe_file_name(title, "pdf")
    header = content_disposition(name)
    assert header.isascii()
    assert "\n" not in header
    assert parse_options_header(header) == ("attachment", {"filename": name})


def test_old_software_gets_a_plain_name() -> None:
    assert 'filename="document.docx"' in content_disposition("协议书.docx")
    assert 'filename="document"' in content_disposition("协议书.书")
