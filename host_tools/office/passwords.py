# SPDX-License-Identifier: Apache-2.0
"""Passwords: Argon2id, as argon2-cffi has it, two at a time, so that memory stays bounded.

A name that nobody has costs as much time as a wrong password.
"""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from firmware.errors import FormatError

LEAST, MOST = 10, 128  # signs
AT_ONCE = 2
MEMORY_KIB, ROUNDS = 32 * 1024, 2  # of each; OWASP asks for 19 MiB and two rounds at least
COMMON = ("password", "123456", "qwerty", "faretap", "admin")


class Passwords:
    """Makes and checks the text that is kept instead of a password."""

    def __init__(self, hasher: PasswordHasher | None = None):
        self._hasher = hasher or PasswordHasher(ROUNDS, MEMORY_KIB, parallelism=1)
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self._hasher.hash("nobody has this one")

    def keep(self, password: str, name: str = "") -> str:
        """What to store; FormatError with a sentence for a password that is none."""
        if not LEAST <= len(password) <= MOST:
            raise FormatError(f"a password has {LEAST} to {MOST} signs")
        lower = password.lower()
        if (name and name.lower() in lower) or len(set(lower)) < 5:
            raise FormatError("a password repeats neither the name nor a few signs")
        if any(lower.strip("0123456789!") == word.strip("0123456789") for word in COMMON):
            raise FormatError("everybody guesses that password")
        with self._turns:
            return self._hasher.hash(password)

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the one; None for a name that nobody has."""
        if len(password) > MOST:
            return False
        with self._turns:
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None
