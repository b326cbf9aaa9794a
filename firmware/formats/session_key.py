# SPDX-License-Identifier: Apache-2.0
"""Keys of signed upload messages, and the tags made with them (messages.py).

Terminal and collector share 32 bytes, the terminal's key. It signs nothing itself: every purpose
and direction has a key of its own, HMAC(terminal's key, "faretap upload 2 " purpose 00 context).

| purpose   | context                                        | signs                         |
|-----------|------------------------------------------------|-------------------------------|
| hello     | terminal id (4)                                | HELLO                         |
| up        | terminal id (4), session (22), nonce (16)      | requests of a session         |
| down      | the same                                       | WELCOME and the other answers |
| file up   | terminal id (4)                                | batches that travel as a file |
| file down | terminal id (4)                                | the answers to them           |

The nonce is the collector's; the session ends with the terminal's.

A tag is the first 16 bytes of HMAC (RFC 2104) with SHA-256 or SM3, both of which take blocks of 64
bytes. Whoever lacks the terminal's key can neither make a tag nor send one back to where it came
from, and a recorded session opens nothing: both ends have put a nonce into its keys.

Pure: the nonces are drawn by the caller.
"""

import hashlib

KEY_BYTES = 32
TAG_BYTES = 16
NONCE_BYTES = 16
SESSION_BYTES = 22  # when it was opened (6, ms since 1970), then the terminal's nonce
NO_SESSION = bytes(SESSION_BYTES)  # of batches that travel as a file
BLOCK_BYTES = 64
LABEL = b"faretap upload 2 "


class Key:
    """HMAC under `secret`, up to 64 bytes; make_hash() -> an object with update() and digest().

    A hash in Python, as SM3 is on a board, has steps() too, so that tag_steps() can rest.
    """

    def __init__(self, secret, make_hash=hashlib.sha256):
        """ValueError for a longer secret."""
        if len(secret) > BLOCK_BYTES:
            raise ValueError("a key of %d bytes" % len(secret))
        self.secret = secret
        self.make_hash = make_hash

    def mac(self, data):
        """The whole HMAC of `data`."""
        inner = self._keyed(0x36)
        inner.update(data)
        return self._closed(inner)

    def tag(self, data):
        """The TAG_BYTES over `data`."""
        return self.mac(data)[:TAG_BYTES]

    def tag_steps(self, data):
        """Generator: the same in slices; returns the tag."""
        return (yield from self._mac_steps(data))[:TAG_BYTES]

    def derived(self, purpose, context):
        """The Key for one purpose."""
        return Key(self.mac(LABEL + purpose + b"\x00" + context), self.make_hash)

    def derived_steps(self, purpose, context):
        """Generator: the same in slices; returns the Key."""
        secret = yield from self._mac_steps(LABEL + purpose + b"\x00" + context)
        return Key(secret, self.make_hash)

    def _mac_steps(self, data):
        inner = self._keyed(0x36)
        if hasattr(inner, "steps"):
            yield from inner.steps(data)
            yield
        else:
            inner.update(data)
        return self._closed(inner)

    def _keyed(self, pad):
        begun = self.make_hash()
        block = bytearray(bytes([pad]) * BLOCK_BYTES)
        for at, one in enumerate(self.secret):
            block[at] ^= one
        begun.update(bytes(block))
        return begun

    def _closed(self, inner):
        outer = self._keyed(0x5C)
        outer.update(inner.digest())
        return outer.digest()


def hello_key(key, terminal_id):
    """Signs HELLO; `key`: the terminal's."""
    return key.derived(b"hello", terminal_id.to_bytes(4, "big"))


def session_keys(key, terminal_id, session, nonce):
    """(up, down) of a session; nonce: the collector's."""
    context = terminal_id.to_bytes(4, "big") + session + nonce
    return key.derived(b"up", context), key.derived(b"down", context)


def file_keys(key, terminal_id):
    """(up, down) of what travels as a file."""
    context = terminal_id.to_bytes(4, "big")
    return key.derived(b"file up", context), key.derived(b"file down", context)


def same(one, other):
    """Whether two tags are equal, in a time that does not say where they differ."""
    if len(one) != len(other):
        return False
    differ = 0
    for a, b in zip(one, other):  # noqa: B905
        differ |= a ^ b
    return differ == 0
