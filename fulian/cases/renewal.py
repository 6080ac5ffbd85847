"""What a rotation of keys has to renew beside the sealed columns: search tokens, blind indexes and attachments."""

from __future__ import annotations

import logging
from collections import Counter

from sqlalchemy import Row, func, select, update

from fulian.cases.models import TOKENS as CASE_TOKENS
from fulian.cases.models import Attachment
from fulian.cases.service.files import file_path, renew_file
from fulian.db import db
from fulian.people.models import PERSONS, TOKENS, Person
from fulian.people.tokens import DIGEST_PREFIXES, document_key, keyed_tokens
from fulian.sealing.cipher import SealBroken
from fulian.sealing.columns import index_versions
from fulian.sealing.renewal import Part, Renewed, Usage, first_bytes

log = logging.getLogger(__name__)

PEOPLE, FILES = 50, 3  # in one transaction: each person has a few tokens in several units, a file up to 20 MB


def _count_people() -> int:
    return db.session.execute(select(func.count()).select_from(Person)).scalar_one()


def _count_files() -> int:
    return db.session.execute(select(func.count()).select_from(Attachment)).scalar_one()


def renew_tokens(after: int) -> Renewed:
    """Write the keyed tokens and the blind index of the next people under the newest index key."""
    found = select(Person).where(Person.id > after).order_by(Person.id).limit(PEOPLE)
    people = db.session.execute(found.execution_options(populate_existing=True)).scalars().all()
    newest, *older = index_versions()
    broken = 0
    for person in people if older else ():
        try:
            phone, document = person.unseal("phone") or "", person.unseal("document_number") or ""
        except SealBroken as error:
            log.error("tokens of person %s: %s", person.id, error.message)
            broken += 1
            continue
        holder = person.merged_into or person.id  # whoever was merged is found by the other one's tokens
        new = keyed_tokens(phone, document, newest)
        for version in older:
            for old, token in zip(keyed_tokens(phone, document, version), new, strict=True):
                for table in (TOKENS, CASE_TOKENS):
                    stands = update(table).where(table.c.person_id == holder, table.c.token == old)
                    db.session.execute(stands.values(token=token))
        if document and person.document_key is not None and person.document_key[0] != newest:
            same = (PERSONS.c.id == person.id, PERSONS.c.document_key == person.document_key)
            db.session.execute(update(PERSONS).where(*same).values(document_key=document_key(document, newest)))
    return Renewed(len(people), people[-1].id if people else None, broken)


def token_usage() -> Usage:
    """The index keys behind the tokens of people and cases, and behind the blind index of documents."""
    used: Usage = Counter({("index", version): n for version, n in first_bytes(PERSONS.c.document_key).items()})
    for table in (TOKENS, CASE_TOKENS):
        for prefix in DIGEST_PREFIXES:
            version = func.substr(table.c.token, len(prefix) + 1, 2)  # two digits in hex
            query = select(version, func.count()).where(table.c.token.startswith(prefix)).group_by(version)
            used.update({("index", int(hexed, 16)): n for hexed, n in db.session.execute(query)})
    return used


def renew_files(after: int) -> Renewed:
    """Seal the next attachments again where another version than the newest was used."""
    query = select(Attachment.id, Attachment.file, Attachment.seal_id)
    files = db.session.execute(query.where(Attachment.id > after).order_by(Attachment.id).limit(FILES)).all()
    broken = sum(not _renewed(file) for file in files)
    return Renewed(len(files), files[-1].id if files else None, broken)


def _renewed(file: Row[int, str, bytes]) -> bool:
    try:
        renew_file(file.file, file.seal_id)
    except SealBroken as error:
        log.error("attachment %s: %s", file.id, error.message)
        return False
    return True


def file_usage() -> Usage:
    """The seal keys behind the attachments, those withdrawn among them; a file that is gone uses none."""
    used: Usage = Counter()
    for name in db.session.execute(select(Attachment.file)).scalars():
        path = file_path(name)
        if path.is_file():
            with path.open("rb") as file:
                used.update(("seal", version) for version in file.read(1))
    return used


PARTS = (
    Part("search tokens", token_usage, _count_people, renew_tokens),
    Part("attachments", file_usage, _count_files, renew_files),
)
