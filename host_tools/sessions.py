# SPDX-License-Identifier: Apache-2.0
"""The collector's end of sessions (formats/messages.py): whose frame is this, without remembering
anything.

A session names when it was opened and the terminal's nonce; the collector's nonce is an HMAC of
that under a key of the ledger. So its keys can be made again from any frame of it, by any worker
on any machine. Whether it still counts stands in the registry.

All keys of a terminal are tried, also where the first fits, and a terminal without any is tried
with one that nobody has: neither the answer nor its time tells a stranger what was wrong.
"""

from typing import NamedTuple

from firmware.errors import FormatError
from firmware.formats import batch, messages, session_key
from firmware.formats.session_key import NO_SESSION, Key
from host_tools.ledger.credentials import Credentials, Signer
from host_tools.ledger.keys import new_secret
from host_tools.ledger.vault import Vault

SESSION_MS = 24 * 3600 * 1000  # a session is over after that
MOMENT_BYTES = session_key.SESSION_BYTES - session_key.NONCE_BYTES
TOP_MS = 256**MOMENT_BYTES - 1
REQUESTS = [kind for kind, _ in messages.ANSWERS]

# Why a frame is nobody's, as it is counted
FORGED = "forged"
STALE = "stale key"
NO_KEY = "unknown key"
STRANGER = "unknown terminal"
STOPPED = "stopped terminal"

DECOY = Signer("", False, Key(new_secret()))


class Signed(NamedTuple):
    """A request that was signed by a terminal; `down` signs the answer."""

    frame: bytes
    kind: int
    terminal: int
    session: bytes  # NO_SESSION of a file, b"" of HELLO
    values: dict
    down: Key
    signer: Signer

    @property
    def opened_ms(self) -> int:
        """When its session was opened, ms since 1970."""
        return int.from_bytes(self.session[:MOMENT_BYTES], "big")


class Unsigned(NamedTuple):
    """A frame that nobody known has signed, and why."""

    terminal: int
    reason: str


def opened(vault: Vault, frame: bytes, known: Credentials | None) -> Signed | Unsigned:
    """Whose request it is. FormatError where the frame, or what is signed in it, is none.

    known: of the terminal that the frame names.
    """
    kind, terminal, session = messages.addressed(frame)
    if kind not in REQUESTS:
        raise FormatError("kind %d is no request" % kind)
    fitting = [
        (one, down)
        for one in (known.signers if known and known.signers else [DECOY])
        for up, down in [_keys(vault, one.key, kind, terminal, session)]
        if session_key.same(up.tag(messages.signed_part(frame)), messages.tag_of(frame))
        and one is not DECOY
    ]
    valid = [one for one in fitting if one[0].valid]
    if known is None:
        return Unsigned(terminal, STRANGER)
    if not valid:
        return Unsigned(terminal, STALE if fitting else FORGED if known.signers else NO_KEY)
    if not known.served:
        return Unsigned(terminal, STOPPED)
    signer, down = valid[0]
    return Signed(frame, kind, terminal, session, messages.fields_of(frame), down, signer)


def welcome(vault: Vault, hello: Signed, known: Credentials, now_ms: int) -> bytes:
    """The WELCOME frame for a HELLO: a session later than the one that counts."""
    last = int.from_bytes(known.session[:MOMENT_BYTES], "big")
    opened_ms = min(TOP_MS, max(now_ms, last + 1))
    session = opened_ms.to_bytes(MOMENT_BYTES, "big") + hello.values["nonce"]
    nonce = vault.nonce(hello.terminal, session)
    _, down = session_key.session_keys(hello.signer.key, hello.terminal, session, nonce)
    values = {"session": session, "nonce": nonce, "time_utc_s": now_ms // 1000 & 0xFFFFFFFF}
    return answer(hello._replace(down=down), messages.WELCOME, values)


def answer(signed: Signed, kind: int, values: dict) -> bytes:
    """The frame that answers a request."""
    values = {
        "terminal_id": signed.terminal,
        "request": messages.tag_of(signed.frame),
        **values,
    }
    return messages.seal(kind, values, signed.down, batch.FRAME_MOST)


def reject(signed: Signed, code: int, expected: int, text: str) -> bytes:
    """A signed refusal; a long text is cut."""
    values = {"code": code, "expected": expected, "text": batch.plain(text)}
    return answer(signed, batch.REJECT, values)


def _keys(vault: Vault, key: Key, kind: int, terminal: int, session: bytes) -> tuple[Key, Key]:
    """(what the request is signed with, what its answer is)."""
    if kind == messages.HELLO:
        return (session_key.hello_key(key, terminal),) * 2  # WELCOME is signed in its session
    if session == NO_SESSION:
        return session_key.file_keys(key, terminal)
    return session_key.session_keys(key, terminal, session, vault.nonce(terminal, session))
