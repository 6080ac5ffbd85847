"""The machine: keys, folders, disk, addresses."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from fulian.cases.service.files import FOLDER
from fulian.config import Settings
from fulian.doctor.finding import Finding, judge
from fulian.sealing.keys import KEY_FILE, OTHERS_MAY, Keyring
from fulian.sealing.marks import key_mark
from fulian.sealing.models import KeyMark

GIB = 1024**3
BAD_FREE = GIB // 2  # a day's files and write-ahead log; below it a save may fail at any moment
LOW_FREE = 5 * GIB
HERE = ("127.0.0.1", "localhost", "::1")


def check_keys(settings: Settings, keyring: Keyring, connection: Connection) -> Iterator[Finding]:
    """Which keys there are, and that they are the ones this database was written with.

    Modes, place and completeness were checked when they were loaded: an application does not start without.
    """
    versions: dict[str, list[int]] = {}
    for key in keyring:
        versions.setdefault(key.purpose, []).append(key.version)
    held = "，".join(f"{purpose} 第 {'、'.join(map(str, found))} 版" for purpose, found in versions.items())
    yield Finding("密钥", "ok", f"{settings.keys / KEY_FILE}：{held}")
    if settings.keys.is_relative_to(settings.instance):
        mend = "移到数据目录以外，再设 FULIAN_KEYS。"
        yield Finding("密钥的位置", "warning", "密钥在数据目录里，复制数据会把密钥一起带走", mend)
    held_by = {(key.purpose, key.version): key_mark(key) for key in keyring}
    noted = connection.execute(select(KeyMark.purpose, KeyMark.version, KeyMark.mark)).all()
    strange = [
        f"{purpose} 第 {version} 版" for purpose, version, mark in noted if held_by.get((purpose, version)) != mark
    ]
    text = f"与数据库的不符：{'、'.join(strange)}" if strange else "是写这个数据库的那一套"
    yield judge("密钥与数据库", not strange, text, "放回原来的 keys.json；在此之前不要写入。")


def check_folders(settings: Settings) -> Iterator[Finding]:
    """Nobody else on the machine can look into the data and the files."""
    for folder in (settings.instance, settings.instance / FOLDER):
        if folder.exists():
            mode = folder.stat().st_mode & 0o777
            yield judge("文件夹权限", not mode & OTHERS_MAY, f"{folder}：{mode:03o}", f"运行 chmod 700 {folder}。")


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Room for what comes."""
    free = shutil.disk_usage(settings.instance).free
    text, mend = f"{settings.instance} 还剩 {free / GIB:.1f} GiB", "清理或加大磁盘。"
    yield judge("磁盘", free >= LOW_FREE, text, mend, "warning" if free >= BAD_FREE else "bad")


def check_addresses(settings: Settings) -> Iterator[Finding]:
    """How users reach it. Without https everybody on the way reads the session cookie."""
    address = urlsplit(settings.public_url)
    mend = "设 FULIAN_PUBLIC_URL=https://…（见 docs/operations.md 的 nginx 例子）。"
    risky = settings.production and address.hostname not in HERE
    text = settings.public_url or "没有设 FULIAN_PUBLIC_URL"
    yield judge("访问地址", address.scheme == "https", text, mend, "bad" if risky else "warning")
    if address.scheme == "https":
        proxies = settings.trusted_proxies
        text = f"{proxies} 层代理" if proxies else "没有设代理，日志里所有人都是代理的地址"
        yield judge("代理", proxies > 0, text, "设 FULIAN_TRUSTED_PROXIES=1（有几层写几）。", "warning")
