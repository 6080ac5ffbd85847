"""What an installation can set: environment variables, or the same names given to `create_app`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fulian.errors import StartRefused

LARGEST_BODY = 30 * 1024 * 1024  # a photographed file of several pages; above it 413, before anything is read
DEFAULT_PORT = 8000

NAMES = (
    "FULIAN_DATABASE_URL",
    "FULIAN_OWNER_URL",
    "FULIAN_INSTANCE",
    "FULIAN_KEYS",
    "FULIAN_TRUSTED_PROXIES",
    "FULIAN_PUBLIC_URL",
    "FULIAN_BLOCK",
    "FULIAN_METRICS_TOKEN",
)
SHORTEST_TOKEN = 16  # characters of FULIAN_METRICS_TOKEN; a shorter one could be guessed


@dataclass(frozen=True)
class Settings:
    """The settings of one installation; see docs/operations.md for each variable."""

    database_url: str
    owner_url: str
    instance: Path
    keys: Path
    trusted_proxies: int
    public_url: str
    block: tuple[str, ...]
    metrics_token: str = field(repr=False)

    @property
    def production(self) -> bool:
        """PostgreSQL is production: there keys may not lie beside the data."""
        return self.database_url.startswith("postgresql")


def read_settings(given: Mapping[str, Any] | None = None) -> Settings:
    """The settings from `given`, else from the environment, else the defaults. Raises StartRefused for a bad one."""
    values = {name: str((given or {}).get(name, os.environ.get(name, "")) or "") for name in NAMES}
    instance = Path(values["FULIAN_INSTANCE"] or "instance").resolve()
    url = values["FULIAN_DATABASE_URL"] or f"sqlite:///{instance / 'fulian.sqlite'}"
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise StartRefused("FULIAN_DATABASE_URL 须以 sqlite:/// 或 postgresql+psycopg:// 开头。")
    proxies = values["FULIAN_TRUSTED_PROXIES"] or "0"
    if not proxies.isdigit():
        raise StartRefused("FULIAN_TRUSTED_PROXIES 须是代理的层数，例如 1。")
    token = values["FULIAN_METRICS_TOKEN"]
    if token and not (len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable()):
        raise StartRefused(f"FULIAN_METRICS_TOKEN 至少 {SHORTEST_TOKEN} 位，只用字母、数字和符号。")
    return Settings(
        database_url=url,
        owner_url=values["FULIAN_OWNER_URL"],
        instance=instance,
        keys=Path(values["FULIAN_KEYS"]).resolve() if values["FULIAN_KEYS"] else instance / "keys",
        trusted_proxies=int(proxies),
        public_url=values["FULIAN_PUBLIC_URL"].rstrip("/"),
        metrics_token=token,
        block=tuple(code.strip() for code in values["FULIAN_BLOCK"].split(",") if code.strip()),
    )
