"""SM4-GCM and keyed SM3: the one small interface to the ciphers (GB/T 32907, GB/T 32905, RFC 8998).

A sealed value is: version of the key (1 byte) ‖ nonce (12) ‖ ciphertext ‖ tag (16). A keyed digest that is stored
has the version of its key in front as well.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fulian.sealing.keys import Key, Keyring, keys

NONCE_BYTES = 12  # the length GCM is made for; drawn at random, fit for 2**32 values under one key (NIST SP 800-38D)
TAG_BYTES = 16
OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES


class SealBroken(Exception):
    """A sealed value does not open: changed, moved from another row, or sealed with another key.

    `message` is one Chinese sentence for the page. Nothing of the value is shown.
    """

    def __init__(self, message: str = "这项内容解不开，没有显示：它被改动过，或者密钥不对。请告诉系统管理员。") -> None:
        super().__init__(message)
        self.message = message


def encrypt(cipher: algorithms.SM4, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """SM4-GCM: ciphertext ‖ tag. `nonce` must never come twice under one key."""
    encryptor = Cipher(cipher, modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def decrypt(cipher: algorithms.SM4, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """The plaintext of ciphertext ‖ tag. Raises `SealBroken` where the tag does not fit."""
    decryptor = Cipher(cipher, modes.GCM(nonce, ciphertext[-TAG_BYTES:])).decryptor()
    decryptor.authenticate_additional_data(aad)
    plaintext = decryptor.update(ciphertext[:-TAG_BYTES])
    try:
        return plaintext + decryptor.finalize()
    except InvalidTag:
        raise SealBroken from None


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """HMAC-SM3, 32 bytes."""
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(data)
    return mac.finalize()


def keyed_digest(key: Key, data: bytes) -> bytes:
    """Version of `key` ‖ HMAC-SM3 of `data` under it, 33 bytes."""
    mac = key.mac.copy()
    mac.update(data)
    return bytes((key.version,)) + mac.finalize()


def seal(plaintext: bytes, aad: bytes) -> bytes:
    """Seal with the newest key of the application in context. `aad` binds the value to its place."""
    key = keys().newest("seal")
    nonce = os.urandom(NONCE_BYTES)
    return bytes((key.version,)) + nonce + encrypt(key.block_cipher, nonce, plaintext, aad)


def unseal(sealed: bytes, aad: bytes, keyring: Keyring | None = None) -> bytes:
    """Open what `seal` made, with whichever version of the key it carries.

    Raises `SealBroken` where it was changed, stands in another place, or this installation lacks its key.
    """
    if len(sealed) < OVERHEAD_BYTES:
        raise SealBroken
    key = (keyring or keys()).find("seal", sealed[0])
    if key is None and keyring is None:
        key = keys(look=True).find("seal", sealed[0])  # a rotation has just begun
    if key is None:
        raise SealBroken(f"这项内容解不开：密钥文件里没有第 {sealed[0]} 版密钥。请告诉系统管理员。")
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    return decrypt(key.block_cipher, nonce, ciphertext, aad)
