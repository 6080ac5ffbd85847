"""Files of a case: sealed on disk, refused by what they are, given back only in scope, withdrawn and not removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from fulian.cases.models import Attachment, Event
from fulian.cases.service.files import LARGEST_FILE, attach_file, find_file, read_file, withdraw_file
from fulian.db import db, transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.testing.world import actor, open_mediation

JPEG = b"\xff\xd8\xff\xe0 a photograph of a paper"


def attach(
    case_id: int, content: bytes = JPEG, name: str = "证.jpg", username: str = "mediator", sent: str = "f-1"
) -> int:
    return transact(attach_file, case_id, name, content, "甲方身份证", None, sent, actor(username))


def test_a_file_is_sealed_and_comes_back(app: Flask) -> None:
    with app.app_context():
        case_id = open_mediation().id
        file = find_file(case_id, attach(case_id))
        assert read_file(file) == JPEG
        stored = Path(app.instance_path, "attachments", file.file).read_bytes()
        assert b"photograph" not in stored
        assert (file.media_type, file.name) == ("image/jpeg", "证.jpg")


def test_a_doubled_submit_keeps_one(app: Flask) -> None:
    with app.app_context():
        case_id = open_mediation().id
        assert attach(case_id) == attach(case_id)
        assert db.session.execute(select(func.count()).select_from(Attachment)).scalar_one() == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "空的"),
        (b"<svg onload=alert(1)>", "只收"),
        (b"<html><script>", "只收"),
        (b"MZ\x90\x00", "只收"),
        (JPEG + b"0" * LARGEST_FILE, "20 MB"),
    ],
)
def test_what_is_not_kept(app: Flask, content: bytes, says: str) -> None:
    with app.app_context():
        case_id = open_mediation().id
        with pytest.raises(Refused, match=says) as refused:
            attach(case_id, content)
        assert refused.value.field == "file"
        assert not list(Path(app.instance_path).glob("attachments/*"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("con.jpg", "_con.jpg"),
        ("照片.exe", "照片.exe.jpg"),
        ("", "文书.jpg"),
    ],
)
def test_names_are_made_safe(app: Flask, name: str, kept: str) -> None:
    with app.app_context():
        case_id = open_mediation().id
        found = find_file(case_id, attach(case_id, name=name)).name
        assert "/" not in found
        assert found.endswith(kept)


def test_a_withdrawn_file_is_given_to_nobody_but_kept(app: Flask) -> None:
    with app.app_context():
        case_id = open_mediation().id
        file_id = attach(case_id)
        with pytest.raises(Refused):
            transact(withdraw_file, case_id, file_id, " ", actor("mediator"))
        transact(withdraw_file, case_id, file_id, "传错了案件", actor("mediator"))
        with pytest.raises(NotFound):
            find_file(case_id, file_id)
        assert read_file(db.session.get_one(Attachment, file_id)) == JPEG
        titles = db.session.execute(select(Event.title).order_by(Event.id)).scalars().all()
        assert titles[-2:] == ["存入：甲方身份证", "撤下：甲方身份证"]


def test_who_may_not_keep_or_withdraw(app: Flask) -> None:
    with app.app_context():
        case_id = open_mediation().id
        file_id = attach(case_id)
        for username, error in (("sibling", NotFound), ("other_admin", NotFound), ("township", Forbidden)):
            with pytest.raises(error):
                attach(case_id, username=username, sent="f-2")
            with pytest.raises(error):
                transact(withdraw_file, case_id, file_id, "不该", actor(username))
        with pytest.raises(NotFound):
            find_file(open_mediation().id, file_id)
