# SPDX-License-Identifier: Apache-2.0
"""Keys of a terminal at the acquirer: the terminal master key and what comes under it (CL-017).

Sign-on brings working keys encrypted under the terminal master key, each with a check value
(clearing.md 7). A key whose check value does not fit is not used. No key is ever shown: the repr
of these objects says which key it is by its check value and nothing else. In a laboratory the
master key comes from the environment or a file and rests sealed in the ledger; where real money
moves it stays inside a security module (HSM), which is what unwrap() and field_64() would ask.
"""

import hashlib
from collections.abc import Mapping

from firmware.errors import FormatError
from host_tools.acquirer import mac

VARIABLE = "FARETAP_ACQUIRER_TMK"
CHECK_BYTES = 4
# Everybody knows it: for the simulated acquirer, where nothing is worth hiding.
LABORATORY = hashlib.sha256(b"faretap: a terminal master key of the laboratory").digest()[:16]
# Field 60.3 of the sign-on -> (bytes of a key, names of the keys in field 62, in their order)
LAYOUTS = {
    "001": (8, ("PIK", "MAK")),
    "003": (16, ("PIK", "MAK")),
    "004": (16, ("PIK", "MAK", "TDK")),
}


class Key:
    """A secret that does not print."""

    def __init__(self, value: bytes, sm4: bool = False):
        self.value = value
        self.sm4 = sm4
        self.check = mac.check_value(value, sm4)

    def __repr__(self) -> str:
        return f"<key, check value {self.check.hex().upper()}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and mac.holds(self.value, other.value)

    __hash__ = None  # type: ignore[assignment]


def read(text: str, sm4: bool = False) -> Key:
    """A master key of 32 hex digits (48 for three parts). FormatError without the digits."""
    digits = "".join(text.split())
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        value = b""
    if len(value) not in ((16,) if sm4 else (16, 24)):
        raise FormatError("a terminal master key is 32 hex digits, with 3DES also 48")
    return Key(value, sm4)


def from_environment(environment: Mapping[str, str], name: str, sm4: bool = False) -> Key | None:
    """The key of FARETAP_ACQUIRER_TMK_NAME, or of the variable for all; None without either."""
    suffix = "".join(one if one.isalnum() else "_" for one in name).upper()
    for variable in (f"{VARIABLE}_{suffix}", VARIABLE):
        if environment.get(variable, "").strip():
            return read(environment[variable], sm4)
    return None


def unwrap(master: Key, layout: str, wrapped: bytes) -> dict[str, Key]:
    """The working keys of field 62 by name. FormatError where one is not what it says."""
    size, names = LAYOUTS[layout]
    if len(wrapped) != len(names) * (size + CHECK_BYTES):
        raise FormatError(
            "sign-on brings %d bytes of keys, not those of %s" % (len(wrapped), layout)
        )
    found = {}
    for place, name in enumerate(names):
        at = place * (size + CHECK_BYTES)
        encrypted = wrapped[at : at + size]
        said = wrapped[at + size : at + size + CHECK_BYTES]
        key = Key(mac.decrypt(master.value, encrypted, master.sm4), master.sm4)
        if not mac.holds(key.check, said):
            raise FormatError(f"{name}: the check value does not fit, the key is not used")
        found[name] = key
    return found


def wrap(master: Key, working: list[Key]) -> bytes:
    """Field 62 of a sign-on's answer: what unwrap() reads (the simulated acquirer's side)."""
    return b"".join(
        mac.encrypt(master.value, one.value, master.sm4) + one.check for one in working
    )
