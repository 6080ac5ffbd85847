"""Files of a case: sealed in the instance folder, named by chance, given back only to who may see the case."""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from flask import current_app
from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.models import Attachment, Party
from fulian.cases.service.held import SENT_BEFORE, add_event, hold_case
from fulian.db import db
from fulian.documents.files import safe_file_name
from fulian.errors import NotFound, Refused
from fulian.sealing.columns import new_seal_id
from fulian.sealing.files import is_sealed_with_newest, open_sealed, seal_file

FOLDER = "attachments"
NAME_LENGTH = 100
LARGEST_FILE = 20 * 1024 * 1024
# What may be kept, by its first bytes: photographs, scans and office files. Anything else is refused by name.
# The ending is taken from the name only where it fits the bytes.
KINDS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
    (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (b"%PDF-", "application/pdf", ("pdf",)),
    (b"PK\x03\x04", "application/zip", ("docx", "xlsx", "zip")),
    (b"\xd0\xcf\x11\xe0", "application/msword", ("doc", "xls", "wps", "et")),
)


def media_type_of(content: bytes) -> str | None:
    """The media type by the first bytes; None for what is not kept."""
    return next((kind for start, kind, _endings in KINDS if content.startswith(start)), None)


def _kept_name(name: str, media_type: str) -> str:
    stem, _dot, ending = name.rpartition(".")
    endings = next(known for _start, kind, known in KINDS if kind == media_type)
    if ending.lower() in endings:
        return safe_file_name(stem[:NAME_LENGTH], ending.lower())
    return safe_file_name(name[:NAME_LENGTH], endings[0])


def attach_file(
    case_id: int, name: str, content: bytes, label: str, party_id: int | None, submission_id: str, by: Actor
) -> int:
    """Keep a file with a case; returns its id. A doubled submit keeps one.

    Raises Refused for an empty file, one above 20 MiB or of a kind that is not kept; NotFound for the party.
    """
    held = hold_case(case_id, by, "cases.edit")
    media_type = media_type_of(content)
    if not content:
        raise Refused("这个文件是空的，请重新选择。", "file")
    if len(content) > LARGEST_FILE:
        raise Refused("文件超过 20 MB，请压缩或分成几份再传。", "file")
    if media_type is None:
        raise Refused("只收照片（JPG、PNG）、PDF、Word 和 Excel 文件，请换一种格式。", "file")
    if party_id is not None:
        mine = select(Party.id).where(Party.id == party_id, Party.case_id == case_id)
        if db.session.execute(mine).first() is None:
            raise NotFound
    saved = select(Attachment.id, Attachment.case_id).where(Attachment.submission_id == submission_id)
    doubled = db.session.execute(saved).one_or_none()
    if doubled is not None and doubled.case_id != case_id:
        raise Refused(SENT_BEFORE)
    if doubled is not None:
        return int(doubled.id)
    file = Attachment(
        case_id=case_id,
        county_id=held.case.county_id,
        party_id=party_id,
        label=label.strip(),
        name=_kept_name(name, media_type),
        media_type=media_type,
        size=len(content),
        digest=_digest(content),
        file=secrets.token_hex(20),
        seal_id=new_seal_id(),
        uploaded_by=by.account_id or 0,
        uploaded_at=by.now,
        submission_id=submission_id or None,
    )
    seal_file(file_path(file.file), "attachment", "file", file.seal_id, content)
    db.session.add(file)
    db.session.flush()
    add_event(held.case, "file", f"存入：{file.label}"[:60], "", by, party_id=party_id)
    record(
        by,
        "attachment.added",
        "attachment",
        file.id,
        county_id=file.county_id,
        case_id=case_id,
        after={"label": file.label, "size": file.size, "digest": file.digest},
    )
    return file.id


def withdraw_file(case_id: int, file_id: int, reason: str, by: Actor) -> None:
    """Take a file out of the dossier: nobody is given it any more, but it is kept, and the history says why.

    Raises NotFound for a file that is not there, Refused without a reason.
    """
    held = hold_case(case_id, by, "cases.edit")
    file = find_file(case_id, file_id)
    if not reason.strip():
        raise Refused("请写明为什么撤下，例如“传错了案件”。", "reason")
    file.withdrawn_at = by.now
    db.session.flush()
    add_event(held.case, "file", f"撤下：{file.label}"[:60], reason.strip(), by, party_id=file.party_id)
    record(
        by,
        "attachment.withdrawn",
        "attachment",
        file.id,
        county_id=file.county_id,
        case_id=case_id,
        after={"label": file.label, "reason": reason.strip()},
    )


def find_file(case_id: int, file_id: int) -> Attachment:
    """A file of a case that is in scope and was not withdrawn. Raises NotFound."""
    file = db.session.execute(
        select(Attachment).where(
            Attachment.id == file_id, Attachment.case_id == case_id, Attachment.withdrawn_at.is_(None)
        )
    ).scalar_one_or_none()
    if file is None:
        raise NotFound
    return file


def read_file(file: Attachment) -> bytes:
    """The plain bytes of a file. Raises SealBroken where it is gone or was changed."""
    return open_sealed(file_path(file.file), "attachment", "file", file.seal_id)


def renew_file(name: str, seal_id: bytes) -> None:
    """Seal a file again where it was sealed with another version of the key. Raises SealBroken."""
    path = file_path(name)
    if not is_sealed_with_newest(path):
        seal_file(path, "attachment", "file", seal_id, open_sealed(path, "attachment", "file", seal_id))


def file_path(name: str) -> Path:
    """Where an attachment's file lies."""
    folder = Path(current_app.instance_path) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / name


def _digest(content: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize().hex()
