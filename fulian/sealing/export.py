"""The keys in one file under a passphrase: to be kept away from the data, and brought to a new machine.

The key of the file is derived by scrypt (RFC 7914), its content sealed with SM4-GCM; the parameters stand beside it,
as associated data.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from fulian.errors import Refused, StartRefused
from fulian.sealing.cipher import NONCE_BYTES, SealBroken, decrypt, encrypt
from fulian.sealing.disk import write_private
from fulian.sealing.keys import KEY_BYTES, Keyring, as_text, from_text

FORMAT = "fulian keys 1"
SHORTEST = 12  # characters of a passphrase; four random words, or a sentence
SALT_BYTES = 16
# 2**17 × 8 × 128 bytes = 128 MiB and about half a second for each try (OWASP's first choice for scrypt).
COST = {"n": 2**17, "r": 8, "p": 1}
UNREADABLE = "打不开这个密钥文件：口令不对，或者文件被改动过。什么也没有改动。"


def check_passphrase(passphrase: str) -> None:
    """Raises Refused for a passphrase that is too short."""
    if len(passphrase) < SHORTEST:
        raise Refused(f"口令至少要 {SHORTEST} 个字，例如一句只有您记得的话。")


def export_keys(keyring: Keyring, path: Path, passphrase: str) -> None:
    """Write all keys under `passphrase` to the new file `path` (mode 0600).

    Raises Refused for a short passphrase, and where the file exists: it may hold the only copy of other keys.
    """
    check_passphrase(passphrase)
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    head = {"format": FORMAT, **COST, "salt": salt.hex(), "nonce": nonce.hex()}
    sealed = encrypt(_cipher(passphrase, salt), nonce, as_text(keyring).encode(), _associated(head))
    text = json.dumps(head | {"sealed": sealed.hex()}, indent=1) + "\n"
    try:
        write_private(path, text.encode(), replace=False)
    except FileExistsError:
        raise Refused(f"{path} 已经有了，没有改动。请换一个文件名。") from None


def import_keys(path: Path, passphrase: str) -> Keyring:
    """The keys that `export_keys` wrote. Raises StartRefused for a wrong passphrase or a file that was changed."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        head = {name: content[name] for name in ("format", *COST, "salt", "nonce")}
        if head["format"] != FORMAT or any(head[name] != cost for name, cost in COST.items()):
            raise ValueError("not an export of this program")
        salt, nonce, sealed = (bytes.fromhex(content[name]) for name in ("salt", "nonce", "sealed"))
        return from_text(decrypt(_cipher(passphrase, salt), nonce, sealed, _associated(head)).decode())
    except (ValueError, KeyError, TypeError, SealBroken):
        raise StartRefused(UNREADABLE) from None


def _associated(head: dict[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()


def _cipher(passphrase: str, salt: bytes) -> algorithms.SM4:
    return algorithms.SM4(Scrypt(salt, KEY_BYTES["seal"], **COST).derive(passphrase.encode()))
