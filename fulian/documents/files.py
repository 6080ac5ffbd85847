"""File names and headers of what is downloaded: plain strings, fit for every browser and file system."""

from __future__ import annotations

import re
from urllib.parse import quote

from fulian.documents.plain import clean_text

CONTENT_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}

NAME_BYTES = 200  # UTF-8; file systems take 255, and a browser may add " (1)" or a suffix while it loads
PLAIN_NAME = "document"  # for software that reads no RFC 5987
ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 5987, 3.2.1, besides letters and digits

_UNSAFE = re.compile(r'[\\/:*?"<>|\n]+')
# names of devices, with or without an ending (learn.microsoft.com, Naming Files, Paths, and Namespaces)
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def safe_file_name(title: str, extension: str) -> str:
    """`title` as the name of a file with this extension ("pdf"), for any system that may keep it.

    No path, no control or direction mark, no device name, not hidden, at most `NAME_BYTES` bytes; Chinese stays. What
    a file system forbids becomes "_"; nothing left becomes 文书.
    """
    stem = _UNSAFE.sub("_", clean_text(title)).strip(" .\u3000")
    if _DEVICE.match(stem):
        stem = "_" + stem
    room = NAME_BYTES - len(extension) - 1
    stem = stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(" .\u3000")
    return f"{stem or '文书'}.{extension}"


def content_disposition(file_name: str) -> str:
    """The header that makes a browser save what it gets under `file_name`, never show it (RFC 6266, RFC 5987)."""
    _, dot, extension = file_name.rpartition(".")
    plain = PLAIN_NAME + (f".{extension}" if dot and extension.isascii() and extension.isalnum() else "")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe=ATTR_CHAR)}"
