# SPDX-License-Identifier: Apache-2.0
"""Files that settings name: under which name each lies on a terminal, and what it has to be.

Each is opened by the code that opens it on the terminal, so what passes here is taken there.
"""

from collections.abc import Callable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from firmware.errors import FormatError
from firmware.fares import card_sums, layout
from firmware.fares.engine import Fares
from firmware.formats import parameters, seal, signed, ticket
from firmware.formats.allow_list import AllowList
from firmware.formats.deny_list import DenyFile
from host_tools.signing import Bytes

MOST_BYTES = 16 * 1024 * 1024  # of one file: the flash of the largest board


class Held(NamedTuple):
    """A setting that names a file. name: on the terminal; check(data, authority, parameters):
    FormatError where a terminal would not take it.
    """

    key: str
    name: str
    check: Callable


def opened_parameters(data: bytes, authority: signed.Authority) -> parameters.Parameters:
    """The set in a file, sealed where the unit has an RSA authority (QT-012)."""
    text = _text(data)
    if authority.rsa:
        text = seal.opened(text, authority.rsa)
        seal.version(text)
    return parameters.parse(text, "parameters")


def payload_of(data: bytes, authority: signed.Authority, kinds: tuple[int, ...], bare: bytes):
    """The payload of a signed file; without an authority also that of an unsigned one, or a bare
    payload that begins with `bare`.
    """
    blob = Bytes(data)
    if authority.rsa or authority.sm2:
        return signed.opened(blob, authority, kinds)[1]
    if bare and data.startswith(bare):
        return blob
    head = signed.read_head(blob, kinds)
    return signed.Part(blob, head.start, head.length)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeError as wrong:
        raise FormatError("no UTF-8 text") from wrong


def _fares(data, authority, fleet):
    Fares(payload_of(data, authority, (signed.FARES,), layout.MAGIC), fleet.ceiling_fen)


def _deny(data, authority, fleet):
    if not (authority.rsa or authority.sm2):
        raise FormatError("a deny list in a file wants an `authority` in the settings")
    for _ in DenyFile(payload_of(data, authority, (signed.DENY_LIST,), b"")).checked():
        pass


def _allow(data, authority, fleet):
    alone = b"" if authority.rsa or authority.sm2 else data[:4]
    AllowList(payload_of(data, authority, (signed.ALLOW_LIST,), alone))


def _sums(data, authority, fleet):
    if not (authority.rsa or authority.sm2):
        raise FormatError("card sums want an `authority` in the settings")
    payload = payload_of(data, authority, (signed.CARD_SUMS,), b"")
    for _ in card_sums.CardSums(payload).checked():
        pass


def _ticket_keys(data, authority, fleet):
    ticket.read_keys(_text(data), "ticket_keys")


def _certificates(data, authority, fleet):
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError as wrong:
        raise FormatError(f"no certificate in PEM: {wrong}") from wrong
    if not found:
        raise FormatError("no certificate in PEM")


def _private_key(data, authority, fleet):
    try:
        serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as wrong:
        raise FormatError(f"no unencrypted key in PEM: {wrong}") from wrong


HELD = (
    Held("parameters", "parameters.txt", lambda data, authority, _: None),  # opened first
    Held("fares", "fares.bin", _fares),
    Held("deny_list", "deny.bin", _deny),
    Held("allow", "allow.bin", _allow),
    Held("sums", "sums.bin", _sums),
    Held("ticket_keys", "ticket_keys.txt", _ticket_keys),
    Held("link_ca", "link_ca.pem", _certificates),
    Held("link_cert", "link_cert.pem", _certificates),
    Held("link_key", "link_key.pem", _private_key),
)
KEYS = tuple(one.key for one in HELD)
