"""New versions of the keys, and the end of old ones: what becomes of the key file. The data follows as a job."""

from __future__ import annotations

import secrets
from dataclasses import replace

from sqlalchemy import delete

from fulian.db import db
from fulian.errors import Refused
from fulian.sealing.keys import KEY_BYTES, LAST_VERSION, Key, Keyring
from fulian.sealing.models import KeyMark
from fulian.sealing.renewal import versions_in_use


def with_next_keys(keyring: Keyring) -> Keyring:
    """The keys with the next version of each, which waits: it is to be on every machine before any writes with it.

    Raises Refused where one waits already, and after the last version there can be.
    """
    if any(key.waits for key in keyring):
        raise Refused("已经备好了新密钥，还没有启用。请先运行 fulian keys rotate 启用它。")
    last = {purpose: keyring.newest(purpose).version for purpose in KEY_BYTES}
    if max(last.values()) >= LAST_VERSION:
        raise Refused(f"密钥最多有 {LAST_VERSION} 版，不能再换了。")
    new = (Key(p, last[p] + 1, secrets.token_bytes(size), waits=True) for p, size in KEY_BYTES.items())
    return Keyring([*keyring, *new])


def with_new_keys(keyring: Keyring) -> Keyring:
    """The keys with those that waited writing from now on; where none waited, with a new version of each."""
    prepared = keyring if any(key.waits for key in keyring) else with_next_keys(keyring)
    return Keyring(replace(key, waits=False) for key in prepared)


def without_key(keyring: Keyring, purpose: str, version: int) -> Keyring:
    """The keys without an old one. Raises Refused for one that is not there, or that writes or waits."""
    key = keyring.find(purpose, version)
    if key is None:
        raise Refused(f"没有这把密钥：{purpose} 第 {version} 版。")
    if key.waits or version == keyring.newest(purpose).version:
        raise Refused("这一版正在用，或备着待用，不能移除。")
    return Keyring(other for other in keyring if other != key)


def forget_key(purpose: str, version: int) -> None:
    """Let the database need a key no more: at its next start nobody asks for it. Raises Refused while values do."""
    used = versions_in_use()[purpose, version]
    if used:
        raise Refused(f"还有 {used:,} 项内容要用 {purpose} 第 {version} 版密钥，不能移除。")
    gone = delete(KeyMark).where(KeyMark.purpose == purpose, KeyMark.version == version)
    db.session.execute(gone, execution_options={"synchronize_session": False})
