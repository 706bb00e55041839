"""Secrets at rest: encrypted with keys that do not lie in the database."""

import hmac
import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32  # AES-256
_NONCE_BYTES = 12  # NIST SP 800-38D: the length that GCM is made for
_KEY_NAME_BYTES = 4  # tells the keys of one installation apart
_FORMAT = b"\x01"
_HEAD_BYTES = len(_FORMAT) + _KEY_NAME_BYTES


class SecretUnreadable(Exception):
    """None of the keys opens this, or it was sealed for something else."""


class SecretBox:
    """Seals and opens secrets with AES-256-GCM. The first key seals, all of them open.

    `load_keys` is called once, when there is something to seal or to open.
    """

    def __init__(self, load_keys: Callable[[], Sequence[bytes]]) -> None:
        self._load_keys = load_keys

    def seal(self, plain: bytes, *, context: bytes) -> bytes:
        """Encrypt a secret. It opens with the same `context` only, such as the id of its row."""
        key = self._keys[0]
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + _name(key) + nonce + AESGCM(key).encrypt(nonce, plain, context)

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the secret that was sealed with this context. Raises SecretUnreadable."""
        head, nonce = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
        for key in self._keys:
            if head == _FORMAT + _name(key):
                try:
                    return AESGCM(key).decrypt(nonce, sealed[_HEAD_BYTES + _NONCE_BYTES :], context)
                except (InvalidTag, ValueError):  # ValueError: it was cut short
                    continue
        raise SecretUnreadable

    def digest(self, secret: str) -> str:
        """Return what tells two secrets apart, and nothing to those who have not the key."""
        key = hmac.digest(self._keys[0], b"digests of secrets", sha256)
        return hmac.digest(key, secret.encode(), sha256).hex()

    @cached_property
    def _keys(self) -> Sequence[bytes]:
        return self._load_keys()


def parse_keys(text: str) -> list[bytes]:
    """Return the keys of a list separated by commas. Raises ValueError for what is no such list."""
    try:
        keys = [b64decode(key.strip(), validate=True) for key in text.split(",")]
    except ValueError:
        keys = []
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise ValueError("it is one or more keys of 32 bytes in base64, separated by commas")
    return keys


def keys_of_file(path: Path) -> list[bytes]:
    """Return the keys that stand in a file; the first call makes the file, with a new key."""
    if not path.exists():
        _make_key_file(path)
    return parse_keys(re.sub(r"\s+", ",", path.read_text(encoding="ascii").strip()))


def _make_key_file(path: Path) -> None:
    """Write a new key. Of several processes that do so at once, the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(os.urandom(_KEY_BYTES)) + b"\n")
        # A link appears with all of its content, and never takes the place of another file.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _name(key: bytes) -> bytes:
    return sha256(b"name of a key" + key).digest()[:_KEY_NAME_BYTES]
