"""Passwords of agents, hashed by Argon2id with the library's current recommendation (RFC 9106)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TypeVar, TypeVarTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARACTERS_MINIMUM = 10
PASSWORD_CHARACTERS_MAXIMUM = 1_000

# Each takes 64 MiB and tens of milliseconds on purpose; whoever comes when all are busy waits.
HASHES_AT_ONCE = 4

_hasher = PasswordHasher()
_hashing = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="password")

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ChosenPassword:
    """A password that somebody is to have: its hash, and the hash it was compared with."""

    hash: str
    compared_with: str | None = None
    was_the_same: bool = False

    def is_another_than(self, password_hash: str) -> bool:
        """Tell whether it is not the password of this hash; False only if that was compared."""
        return not (self.was_the_same and self.compared_with == password_hash)


@cache
def _hash_of_nobody() -> str:
    """Return what is checked when nobody has the address: that takes as long as for somebody."""
    return _hasher.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """Return the hash to keep. Never call this within a transaction: others wait for its locks."""
    return await _run(_hasher.hash, password)


async def choose_password(password: str, present_hash: str | None = None) -> ChosenPassword:
    """Prepare a password before the transaction that gives it to somebody who has another one."""
    was_the_same = await password_matches(password, present_hash) if present_hash else False
    return ChosenPassword(await hash_password(password), present_hash, was_the_same)


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Tell whether the password is the one that was hashed; None stands for nobody's.

    Never call this within a transaction: others wait for its locks.
    """
    return await _run(_matches, password, password_hash)


async def _run(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_hashing, function, *arguments)


def _matches(password: str, password_hash: str | None) -> bool:
    try:
        _hasher.verify(password_hash or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
