# SPDX-License-Identifier: Apache-2.0
"""A simulated PSAM: derives and makes MACs, counts failures, gives no key out (capp.md 2.6).

| command | does |
|---|---|
| 00 A4 00 00 02 file | selects 3F00 or the application; another file: 6A82 |
| 00 B0 96 00 Le | its number (10), version (1), trade (2) |
| 80 1A use version Lc factor(8 or 16) | derives; no such key: 9403, and a failure |
| 80 FA P1 00 Lc iv(8) padded data | MAC, 4 bytes; P1 05: in one, 07 03 01: in parts |
| 00 C0 00 00 Le | what 61xx said is waiting (T=0) |

`most_failures` in a row lock it for ever: 6983. Its masters are those of sim/capp_keys.py, which
everybody can compute: they guard nothing. MACs are the simulator's own code, not the terminal's.

What a script may do to it: `pulled` (no card), `busy_ms` (slow), `rubbish` (the next answers),
`deaf_after` (pulled out behind so many commands).
"""

from typing import Any

from firmware.errors import LinkLost
from sim import capp_keys

APPLICATION = 0x1001
KEY_USE, VERSIONS = 0x28, (1, 2, 3)  # seen in public (capp.md 2.6)
TRADE = b"\x00\x01"
OK, LOCKED = b"\x90\x00", b"\x69\x83"
IV_BYTES = 8
# What a terminal's settings call this one's bytes (firmware/module/profile.py)
PROFILE = """select: 00A40000021001
identity: 00B096000D
trade: 11:0001
version: 10:01
parts: 070301
"""


class Psam:
    """keys: {(use, version): master}; cipher: word of capp_keys.CIPHERS, for all of them."""

    kind, uid, ats = "A", b"PSAM", b""
    atr = bytes.fromhex("3B680000") + b"FARETAP1"  # T=0, no interface bytes of note, 8 historical

    def __init__(self, keys=None, cipher="3des", version=1, trade=TRADE, most_failures=15):
        if keys is None:
            keys = {
                (KEY_USE, one): capp_keys.known_master(KEY_USE, one, cipher) for one in VERSIONS
            }
        self.keys = keys
        self.cipher: Any = capp_keys.CIPHERS[cipher]
        self.identity = b"FARETAP001" + bytes((version,)) + trade
        self.most_failures = most_failures
        self.failures = 0  # in a row; stays without power
        self.t0 = False  # True: data wait behind 61xx
        self.pulled, self.busy_ms, self.rubbish, self.deaf_after = False, 0, [], None
        self.counts = {}  # INS: how many
        self.power_up()

    def power_up(self):
        """No application, no derived key."""
        self.selected, self.key, self.chain, self.waiting = False, None, b"", b""

    def exchange(self, c_apdu):
        """R-APDU; LinkLost where it is not there."""
        if self.deaf_after is not None:
            self.pulled = self.pulled or self.deaf_after <= 0
            self.deaf_after -= 1
        if self.pulled:
            raise LinkLost("the module was pulled out")
        if self.rubbish:
            return self.rubbish.pop(0)
        if len(c_apdu) < 5:
            return b"\x67\x00"
        self.counts[c_apdu[1]] = self.counts.get(c_apdu[1], 0) + 1
        if c_apdu[1] == 0xC0:
            answer, self.waiting = self.waiting[: c_apdu[4]], b""
            return answer + OK if answer else b"\x69\x85"
        sw, data = self._answer(c_apdu)
        if data and self.t0:
            self.waiting = data
            return b"\x61" + bytes((len(data),))
        return data + sw

    def _answer(self, c_apdu):
        if self.failures >= self.most_failures:
            return LOCKED, b""
        act = ACTS.get(tuple(c_apdu[:2]))
        if act is None:
            return b"\x6d\x00", b""
        # a reader adds an Le where data go one way and come back the other (T=1)
        count = c_apdu[4]
        data = c_apdu[5 : 5 + count]
        if act is not Psam._read and len(data) != count:
            return b"\x67\x00", b""
        return act(self, c_apdu[2], c_apdu[3], count if act is Psam._read else data)

    def _select(self, p1, p2, data):
        self.selected = int.from_bytes(data, "big") == APPLICATION
        if not self.selected and data != b"\x3f\x00":
            return b"\x6a\x82", b""
        return OK, b""

    def _read(self, p1, p2, count):
        if p1 != 0x96:
            return b"\x6a\x82", b""
        return OK, self.identity[p2 : p2 + (count or 256)]

    def _derive(self, key_use, version, factor):
        self.key, self.chain = None, b""
        if not self.selected:
            return b"\x69\x85", b""
        if len(factor) not in (8, 16):
            return b"\x67\x00", b""
        master = self.keys.get((key_use, version))
        if master is None:
            self.failures += 1
            return b"\x94\x03", b""
        self.failures = 0
        self.key = capp_keys.record_key(self.cipher, master, factor)
        return OK, b""

    def _mac(self, p1, p2, data):
        block = self.cipher.block
        first, last = p1 in (0x05, 0x07), p1 in (0x05, 0x01)
        if self.key is None or p1 not in (0x05, 0x07, 0x03, 0x01) or first == bool(self.chain):
            self.chain = b""
            return b"\x69\x85", b""
        if not data or len(data) % block:
            return b"\x6a\x80", b""
        self.chain += data
        if not last:
            return OK, b""
        whole, self.chain = self.chain, b""
        if len(whole) < 2 * block:
            return b"\x6a\x80", b""
        mixed = bytes(a ^ b for a, b in zip(whole[:block], whole[block : 2 * block], strict=True))
        return OK, self.cipher.mac(self.key, mixed + whole[2 * block :])[: capp_keys.MAC_BYTES]


ACTS = {
    (0x00, 0xA4): Psam._select,
    (0x00, 0xB0): Psam._read,
    (0x80, 0x1A): Psam._derive,
    (0x80, 0xFA): Psam._mac,
}


def expected_mac(key_use, version, factor, initial_value, data, cipher="3des"):
    """What a module with the test masters has to say."""
    kind = capp_keys.CIPHERS[cipher]
    key = capp_keys.record_key(kind, capp_keys.known_master(key_use, version, cipher), factor)
    return capp_keys.mac(kind, key, initial_value, data)
