"""An installation with people whose numbers are known, cases and files; and empty ones to restore into."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fulian.app import create_app
from fulian.backup.archive import read_archive
from fulian.backup.making import Source, make_backup
from fulian.backup.reading import Summary
from fulian.backup.restoring import Target, restore_backup
from fulian.cases.service.files import FOLDER, attach_file
from fulian.codes.documents import check_character
from fulian.db import Lineage, db, transact
from fulian.people.service import PersonData, register_person
from fulian.sealing.keys import KEY_FILE, Keyring, keys, load_keys
from fulian.testing.databases import Database, Kind, empty_database
from fulian.testing.plugin import Content
from fulian.testing.postgres import APPLICATION
from fulian.testing.run import Run
from fulian.testing.world import LIUYUAN, NOW, actor, fill_world, open_mediation

PEOPLE = 50
PHOTO = b"\xff\xd8\xff\xe0 a photograph of an identity card"


def id_number(n: int) -> str:
    """The number of nobody: the county 371599 does not exist."""
    digits = f"371599{date(1950 + n % 50, 1 + n % 12, 1 + n % 28):%Y%m%d}{n:03d}"
    return digits + check_character(digits)


def phone_number(n: int) -> str:
    return f"139{n * 7919 % 100_000_000:08d}"


def fill(app: Flask) -> None:
    fill_world(app)
    by = actor("mediator")
    for n in range(PEOPLE):
        data = PersonData(
            name="赵春梅", document_kind="id_card", document_number=id_number(n), phone=phone_number(n), sex="2"
        )
        transact(register_person, data, LIUYUAN, by)
    case_id = open_mediation().id
    for n in range(3):
        transact(attach_file, case_id, f"证{n}.jpg", PHOTO * (n + 1), "甲方身份证", None, f"file-{n}", by)
    db.session.remove()


@pytest.fixture(scope="session")
def database_content() -> Content:
    return Content("backup", fill)


@dataclass
class House:
    """The installation that is backed up."""

    app: Flask
    database: Database
    folder: Path
    _numbers: Iterator[int]

    @property
    def instance(self) -> Path:
        return Path(self.app.instance_path)

    @property
    def keyring(self) -> Keyring:
        with self.app.app_context():
            return keys()

    def source(self) -> Source:
        with self.app.app_context():
            return Source(db.engine, keys(), self.instance, "https://fulian.example")

    def back_up(self) -> Path:
        """A new archive; its path."""
        path = self.folder / f"{next(self._numbers)}.backup"
        self.summary, self.missing = make_backup(self.source(), path, NOW)
        return path

    summary: Summary = None  # type: ignore[assignment]
    missing: int = 0


@pytest.fixture
def house(app: Flask, database: Database, tmp_path: Path) -> House:
    return House(app, database, tmp_path, count())


@dataclass
class Place:
    """An installation without anything: where a backup goes."""

    database: Database
    target: Target
    keys_folder: Path

    @property
    def files(self) -> Path:
        return self.target.instance / FOLDER

    def restore(self, archive: Path | bytes) -> tuple[Summary, list[Any]]:
        data = archive if isinstance(archive, bytes) else archive.read_bytes()
        return restore_backup(io.BytesIO(data), self.target, lambda _step: None)

    @contextmanager
    def app(self) -> Iterator[Flask]:
        """The application on what was restored."""
        config = {
            "TESTING": True,
            "FULIAN_DATABASE_URL": self.database.url,
            "FULIAN_OWNER_URL": "" if self.database.kind == "sqlite" else self.database.owner_url,
            "FULIAN_INSTANCE": str(self.target.instance),
            "FULIAN_KEYS": str(self.keys_folder),
        }
        app = create_app(config)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def place(
    fulian_run: Run, fulian_keys: Path, lineages: tuple[Lineage, ...], tmp_path: Path
) -> Iterator[Callable[..., Place]]:
    """`place("postgresql")`: a new, empty place of that kind."""
    with ExitStack() as places:
        numbers = count()

        def make(kind: Kind) -> Place:
            folder = tmp_path / f"place-{next(numbers)}"
            folder.mkdir()
            database = places.enter_context(empty_database(fulian_run, kind, folder))
            role = APPLICATION if kind == "postgresql" else None
            target = Target(database.owner_url, role, lineages, load_keys(fulian_keys), folder / "instance")
            return Place(database, target, fulian_keys)

        yield make


def opened(archive: Path, keyring: Keyring) -> bytes:
    """Everything in an archive, decrypted and unpacked."""
    with archive.open("rb") as file:
        return zlib.decompress(b"".join(read_archive(file, keyring)))


def key_bytes(folder: Path) -> list[bytes]:
    """The bytes of every key in a folder."""
    content = json.loads((folder / KEY_FILE).read_text())
    return [bytes.fromhex(row["key"]) for row in content["keys"]]
