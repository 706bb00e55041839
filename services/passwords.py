"""Passwords of agents, hashed by Argon2id with the library's current recommendation (RFC 9106)."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARACTERS_MINIMUM = 10
PASSWORD_CHARACTERS_MAXIMUM = 1_000

_hasher = PasswordHasher()


@cache
def _hash_of_nobody() -> str:
    """Return what is checked when nobody has the address: that takes as long as for somebody."""
    return _hasher.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """Return the hash to keep. Runs in a thread: it takes tens of milliseconds on purpose."""
    return await asyncio.to_thread(_hasher.hash, password)


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Tell whether the password is the one that was hashed; None stands for nobody's."""
    return await asyncio.to_thread(_matches, password, password_hash)


def _matches(password: str, password_hash: str | None) -> bool:
    try:
        _hasher.verify(password_hash or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
