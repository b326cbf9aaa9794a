# SPDX-License-Identifier: Apache-2.0
"""A holder without a card: keys from a sealed file, in the memory of this process. CPython.

For tests and depots. The file alone gives nothing away; whoever can read this process or has file
and secret has the keys (docs/security-module.md says what that is worth).
"""

from firmware.errors import FormatError, LinkLost
from firmware.module import READY, WRONG_TRADE, WRONG_VERSION, keyed

NO_KEY = "no_key"
NOT_DERIVED = "not_derived"


class Software:
    """ciphers: word of sealed.KINDS -> cipher (keyed.py); load(): (trade, list of sealed.Key),
    LinkLost where there is no file, FormatError where it cannot be opened.

    trade: the one the settings name, "" for any; wanted: (key use, version) that have to be there.
    """

    keeps_key = True
    works_ahead = False

    def __init__(self, ciphers, load, trade="", wanted=()):
        self._ciphers = ciphers
        self._load = load
        self._trade = trade
        self._wanted = wanted
        self._keys = {}
        self._derived = None  # (cipher, key, side)

    def open(self):
        """State word."""
        self._keys, self._derived = {}, None
        trade, keys = self._load()
        if self._trade and trade != self._trade:
            return WRONG_TRADE
        self._keys = {(one.key_use, one.version): one for one in keys}
        if [one for one in self._wanted if one not in self._keys]:
            return WRONG_VERSION
        return READY

    def present(self):
        """It cannot be pulled out: what was read stays until the next start."""

    def derive(self, key_use, version, factor):
        """Reason, "" when the card's key is there."""
        self._derived = None
        master = self._keys.get((key_use, version))
        if master is None:
            return NO_KEY
        cipher = self._ciphers[master.kind]
        self._derived = cipher, keyed.derived(cipher, master.value, factor), master.side
        return ""

    def mac(self, initial_value, data):
        """(reason, 4 bytes)."""
        if self._derived is None:
            return NOT_DERIVED, b""
        cipher, key, side = self._derived
        return "", keyed.mac(cipher, key, initial_value, data, side)


def from_file(path, secret_path, read_text, unseal):
    """load() of Software: the sealed file at `path` under the secret in the file `secret_path`.

    read_text, unseal: of the hal (hal/ciphers_cpython.py).
    """
    from firmware.module import sealed  # where settings name a file

    def load():
        try:
            text, secret = read_text(path), read_text(secret_path).strip()
        except OSError as error:
            raise LinkLost("security module: %s" % error)
        if not secret:
            raise FormatError("%s: no secret in it" % secret_path)
        found = sealed.parse(text, path)
        sealing = found.salt, sealed.SCRYPT, found.nonce, found.bound()
        body = unseal(secret, *sealing, found.body)
        return found.trade, sealed.read_rows(body, path)

    return load
