"""The keys: made once, read at start, kept outside of the database and of every backup.

One file, `keys.json`, in a folder of its own. Each key has a purpose and a version; every stored value carries the
version of its key in its first byte, so that older versions stay readable while the newest one writes.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import algorithms
from flask import Flask, current_app

from fulian.errors import StartRefused
from fulian.sealing.disk import write_private

log = logging.getLogger(__name__)

KEY_FILE = "keys.json"
FORMAT = 1
# Purpose → bytes. SM4 takes 128 bits (GB/T 32907); an SM3 digest, and so a useful HMAC key, has 256.
KEY_BYTES = {"seal": 16, "index": 32, "audit": 32, "cookie": 32}
LAST_VERSION = 255  # the version is one byte in front of each value
OTHERS_MAY = 0o077  # any right of the group or of everybody else
EXTENSION = "fulian.keys"
LOOK_SECONDS = 5  # a rotation writes its first value later than this after its keys (fulian/sealing/cli.py)


@dataclass(frozen=True)
class Key:
    """One key: `purpose` ∈ seal, index, audit, cookie; `version` 1–255; `material` its bytes, never shown by repr.

    One that `waits` opens what others wrote with it and writes nothing itself: it is brought to every machine first.
    """

    purpose: str
    version: int
    material: bytes = field(repr=False)
    waits: bool = False

    @cached_property
    def block_cipher(self) -> algorithms.SM4:
        """SM4 under this key (purpose seal)."""
        return algorithms.SM4(self.material)

    @cached_property
    def mac(self) -> hmac.HMAC:
        """HMAC-SM3 under this key with nothing hashed yet: copy it, a copy costs half of a new one."""
        return hmac.HMAC(self.material, hashes.SM3())


class Keyring:
    """All keys of an installation, by purpose and version."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {(key.purpose, key.version): key for key in keys}
        self._newest = {key.purpose: key for key in sorted(self, key=lambda key: key.version) if not key.waits}

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def newest(self, purpose: str) -> Key:
        """The key that writes. Every purpose has one."""
        return self._newest[purpose]

    def find(self, purpose: str, version: int) -> Key | None:
        """The key that wrote a value of this version; None where this installation does not have it."""
        return self._keys.get((purpose, version))

    def versions(self, purpose: str) -> list[int]:
        """The versions there are, the one that writes first, then the others from the newest on."""
        writing = self._newest[purpose].version
        return sorted((v for of, v in self._keys if of == purpose), key=lambda v: (v != writing, -v))


def create_keys(folder: Path, keyring: Keyring | None = None) -> Keyring:
    """Make version 1 of every key (or put `keyring`) in `folder` (0700) as `keys.json` (0600), and return them.

    Raises `StartRefused` where the file exists: overwriting it would make everything sealed so far unreadable. The
    file appears whole or not at all, also when two processes start at the same moment.
    """
    made = keyring or Keyring(Key(purpose, 1, secrets.token_bytes(size)) for purpose, size in KEY_BYTES.items())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        write_private(folder / KEY_FILE, as_text(made).encode(), replace=False)
    except FileExistsError:
        raise StartRefused(f"密钥文件已在 {folder / KEY_FILE}，没有改动：覆盖它，已加密的内容就再也解不开。") from None
    return made


def change_keys(folder: Path, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Put what `change` makes of the keys in `folder` in their place, whole or not at all; returns it.

    Two who do so wait for each other. Raises `StartRefused` as `load_keys` does.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        changed = change(load_keys(folder))
        write_private(folder / KEY_FILE, as_text(changed).encode(), replace=True)
    finally:
        os.close(descriptor)
    return changed


def load_keys(folder: Path, *, instance: Path | None = None, production: bool = False) -> Keyring:
    """The keys in `folder`.

    Raises `StartRefused` with one plain sentence where the file is missing, damaged or incomplete, where others than
    its owner may read it, and, with `production`, where the folder lies inside `instance`: there a copy of the data
    would take its keys along.
    """
    path = folder / KEY_FILE
    if production and instance is not None and folder.resolve().is_relative_to(instance.resolve()):
        raise StartRefused(f"密钥不能和数据放在一起：{folder} 在数据目录里，请移到别处，再设 FULIAN_KEYS。")
    if not path.is_file():
        raise StartRefused(
            f"找不到密钥文件 {path}。新装的系统先运行 fulian keys create；已有数据的，请放回原来的密钥文件。"
        )
    for place, mode in ((folder, "700"), (path, "600")):
        if place.stat().st_mode & OTHERS_MAY:
            raise StartRefused(f"别的用户也能读密钥：请先运行 chmod {mode} {place}。")
    try:
        return from_text(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError):
        raise StartRefused(f"密钥文件 {path} 已损坏，请从密钥的备份放回。") from None


class Held:
    """The keys of a running application: read at its start, and again when their file was changed by a rotation."""

    def __init__(self, keyring: Keyring, folder: Path | None = None) -> None:
        self.keyring = keyring
        self._folder = folder
        self._stamp = self._read_stamp()
        self._looked_at = monotonic()

    def current(self, *, look: bool = False) -> Keyring:
        """The keys as they stand in the file, at most `LOOK_SECONDS` ago; with `look` at this moment.

        A file that is gone, damaged, or another installation's changes nothing: what is open stays open.
        """
        if look or monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at = monotonic()
            stamp = self._read_stamp()
            if stamp != self._stamp and self._folder is not None:
                self._stamp = stamp
                self._read_again(self._folder)
        return self.keyring

    def _read_again(self, folder: Path) -> None:
        try:
            found = load_keys(folder)
        except (StartRefused, OSError) as error:
            log.error("the keys could not be read again: %s", error)
            return
        mine = {(key.purpose, key.version): key.material for key in self.keyring}
        if any(mine.get((key.purpose, key.version), key.material) != key.material for key in found):
            log.error("the keys in %s are another installation's: not taken", folder)
            return
        self.keyring = found

    def _read_stamp(self) -> tuple[int, ...]:
        if self._folder is None:
            return ()
        try:
            found = (self._folder / KEY_FILE).stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_ino, found.st_size


def init_keys(app: Flask, keyring: Keyring, folder: Path | None = None) -> None:
    """Give the application its keys; what is added to their file in `folder` is taken in while it runs."""
    app.extensions[EXTENSION] = Held(keyring, folder)


def keys(*, look: bool = False) -> Keyring:
    """The keys of the application in context (a request, a command or a job); `look`: as they are on disk just now."""
    held: Held = current_app.extensions[EXTENSION]
    return held.current(look=look)


def as_text(keyring: Keyring) -> str:
    """The keys as their file holds them."""
    rows = [
        {"purpose": key.purpose, "version": key.version, "key": key.material.hex(), "check": _digest(key.material)}
        | ({"waits": True} if key.waits else {})
        for key in keyring
    ]
    return json.dumps({"format": FORMAT, "keys": rows}, indent=1) + "\n"


def from_text(text: str) -> Keyring:
    """The keys of a file. Raises `ValueError`, `KeyError` or `TypeError` on anything that `as_text` did not write."""
    content = json.loads(text)
    found = [
        Key(str(row["purpose"]), int(row["version"]), bytes.fromhex(row["key"]), row.get("waits", False) is True)
        for row in content["keys"]
    ]
    checks = [_digest(key.material) == row["check"] for key, row in zip(found, content["keys"], strict=True)]
    sizes = [len(key.material) == KEY_BYTES.get(key.purpose) and 1 <= key.version <= LAST_VERSION for key in found]
    if content["format"] != FORMAT or not all(checks) or not all(sizes):
        raise ValueError("not a key file of this program")
    if {key.purpose for key in found if not key.waits} != set(KEY_BYTES):
        raise ValueError("a purpose has no key")
    return Keyring(found)


def _digest(material: bytes) -> str:
    """The first 8 bytes of SM3 in hex: finds a damaged character, and says nothing about the key to speak of."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(material)
    return digest.finalize()[:8].hex()
