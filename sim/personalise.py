# SPDX-License-Identifier: Apache-2.0
"""The image of a card: records, FCI and data objects of a Profile, signed by its issuers.

An image is a JSON object of the shape of the published test card: hex texts, records by SSRR (SFI,
record) with their template 70. Records of a conforming card (qpboc.md 2.5): the issuer certificate
alone in one (254 bytes under a CA of 1984 bits), then 8F and exponents, the ICC certificate, PAN
and expiry (the signed one), the rest, and a last one of at most 32 bytes with 9F74; record 1 of
SFI 1 is outside the AFL and gives 57. A card of both suites has key records of its own for each
and two AFLs. Test keys only: the private keys stand in the file.
"""

import os

from sim import coding
from sim.capp_personalise import extended
from sim.card_risk import LOGGED
from sim.coding import n12, tlv
from sim.profile import LOAD_LOG_FORMAT, LOG_FORMAT
from sim.suites import KEYS, PROFILES, SUITES

PPSE_NAME = b"2PAY.SYS.DDF01"
LOG_ENTRY, LOAD_LOG_ENTRY = b"\x0b\x0a", b"\x0c\x0a"  # SFI, records (qpboc.md 2.16)
IN_GPO = 128  # bytes of a key whose 9F4B the GPO answer takes (JR/T 0025.12 table 11)
WITH_AVAILABLE = 240  # ... whose 9F4B and 9F5D fit one record of 256 bytes
DAC = b"\xda\xc1"
# 9F10 byte 10, what follows it and its MAC: amounts of 5 bytes
IDD_AMOUNTS = {"01": 1, "02": 1, "03": 2, "04": 2, "05": 1}

# How the records of a card lie: entries of the AFL as (SFI, what is in the file, how many of its
# first records are signed). "K" is the SFI of the suite's key records, "A" one for all of them;
# from SFI 11 on a record is signed with its template.
SHAPES = {
    "usual": (("K", "keys", 0), ("3", "signed rest last", 1)),
    "one_file": (("A", "signed keys rest last", 1),),
    "four_files": (("K", "keys", 0), ("3", "signed", 1), ("6", "rest", 0), ("7", "last", 0)),
    "high_files": (("K", "keys", 0), ("13", "signed rest last", 1)),
    "unsigned": (("K", "keys", 0), ("3", "signed rest last", 0)),
    "two_signed": (("K", "keys", 0), ("3", "signed rest last", 2)),
}


def personalise(pan, profile, issuers, keys=None):
    """Return the image of a new card. `issuers`: {suite: sim.issuer.Issuer}.

    `keys`: {suite: key of the card}, in place of new ones.

    ValueError when the profile wants a suite that none of them signs, or no card can be so.
    """
    image = {
        "pan": pan,
        "psn": profile.psn,
        "aid": profile.aid,
        "kind": profile.kind,
        "uid": profile.uid or "04" + _hex(os.urandom(6)),
        "ats": profile.ats,
        "ppse": _hex(_ppse(profile)),
        "fci_contactless": _hex(_fci(profile)),
        "track2_57": _track_2(pan, profile),
        "profiles": {},
        "records": {"0101": _hex(tlv(0x70, tlv(0x57, bytes.fromhex(_track_2(pan, profile)))))},
        "iad_template": _iad(profile),
        "internal_data": _internal_data(profile),
        "unreadable": list(profile.unreadable),
        "fdda": profile.fdda,
        "card_auth_bytes": profile.card_auth_bytes,
        "trans_prove": profile.trans_prove,
        "capp": profile.capp or "00",
        "track2_in": profile.track2_in,
        "oddities": {
            "forged": profile.forged,
            "blocked": profile.blocked,
            "records_need_gpo": profile.records_need_gpo,
        },
        "busy_ms": dict(profile.busy_ms),
    }
    if profile.extended:
        image["extended"] = extended(pan, profile.psn, profile.extended)
        image.update(capp=profile.extended.df61, trans_prove=True)
    for suite in SUITES[profile.suite]:
        if suite not in issuers:
            raise ValueError(f"a card of suite {profile.suite} needs an issuer of {suite}")
        _add_suite(image, profile, suite, issuers[suite], (keys or {}).get(suite))
    return image


def _add_suite(image, profile, suite, issuer, key=None):
    """Give the card a key of a suite: its records, its AFL, its symmetric keys."""
    where, pan = PROFILES[suite], image["pan"]
    key = key or KEYS[suite].generate(profile.bits, profile.exponent)
    bodies = plain_records(pan, profile)
    static = _static_data(profile, bodies)
    bodies["keys"] = key_records(pan, profile, key, issuer, static)
    image[where.key] = key.to_json()
    image[where.symmetric] = {
        name: _hex(where.cipher.card_key(bytes.fromhex(master), pan, profile.psn))
        for name, master in zip(("udk_ac", "udk_mac"), issuer.masters, strict=True)
    }
    afl, filled_later = "", []
    for place, contents, signed in SHAPES[profile.shape]:
        sfi = {"K": where.sfi, "A": where.sfi + 1}.get(place) or int(place)
        file = [(part, body) for part in contents.split() for body in bodies[part]]
        for number, (part, body) in enumerate(file, 1):
            image["records"][f"{sfi:02X}{number:02X}"] = _hex(tlv(0x70, body))
            if part == "keys" and not body:
                filled_later.append(f"{sfi:02X}{number:02X}")
        afl += f"{sfi << 3:02X}01{len(file):02X}{signed:02X}"
    image["profiles"][where.name] = {
        "aip": profile.aip,
        "afl": afl,
        "sdad_record": "".join(filled_later[:1]),
        "available_record": "".join(filled_later[-1:]),
    }


def plain_records(pan, profile):
    """{part: [body]} of the records that hold no key."""
    signed = [
        (0x5A, _cn(pan)),
        (0x5F24, bytes.fromhex(profile.expiry)),
        (0x5F25, bytes.fromhex(profile.effective)),
        (0x9F08, bytes.fromhex(profile.version)),
        (0x9F4A, b"\x82"),
    ]
    if profile.track2_in == "record":
        signed.append((0x57, bytes.fromhex(_track_2(pan, profile))))
    rest = [
        (0x5F28, bytes.fromhex("0156")),
        (0x9F07, bytes.fromhex("FFC0")),
        (0x5F20, b"TEST CARD"),
        (0x9F63, b"TEST PRODUCT 001"),
    ]
    parts = {"signed": signed, "rest": rest, "last": [(0x9F74, b"ECC001")]}
    return {
        part: [b"".join(tlv(tag, value) for tag, value in elements)]
        for part, elements in parts.items()
    }


def _static_data(profile, bodies):
    """What the ICC certificate covers: the signed records (JR/T 0025.7 5) and the AIP."""
    static = b""
    for place, contents, signed in SHAPES[profile.shape]:
        for part in contents.split()[:signed]:
            (body,) = bodies[part]
            static += tlv(0x70, body) if place == "13" else body
    return static + bytes.fromhex(profile.aip)


def key_records(pan, profile, key, issuer, static):
    """Return the bodies of the key records.

    A long key adds an empty one for the card's 9F4B and 9F5D, a very long one two.
    """
    index = issuer.ca_index if profile.ca_index is None else profile.ca_index
    certificate, remainder = issuer.key.certify(
        "icc",
        bytes.fromhex(pan.ljust(20, "F")),
        bytes.fromhex(profile.expiry[2:4] + profile.expiry[:2]),
        1,
        key,
        static,
    )
    if profile.forged == "certificate":
        certificate = certificate[:-1] + bytes([certificate[-1] ^ 1])
    parts = [
        (0x8F, bytes([index])),
        (0x9F32, issuer.key.exponent),
        (0x92, bytes.fromhex(issuer.remainder)),
    ]
    own = (0x9F47, key.exponent), (0x9F48, remainder)
    parts += own if profile.oda != "sda" else ()
    objects = b"".join(tlv(tag, value) for tag, value in parts if value)
    bodies = [tlv(0x90, bytes.fromhex(issuer.certificate)), objects]
    if profile.oda != "fdda":
        bodies.append(tlv(0x93, issuer.key.sign_static(DAC, static)))
    if profile.oda != "sda":
        bodies.append(tlv(0x9F46, certificate))
    if key.length <= IN_GPO or profile.oda == "sda":
        return bodies
    return bodies + [b""] * (1 if key.length <= WITH_AVAILABLE else 2)


def _track_2(pan, profile):
    track = f"{pan}D{profile.expiry[:4]}2010000012345"
    return track + "F" * (len(track) % 2)


def _iad(profile):
    """9F10 as it is personalised: the fixed part, then id and room for amounts, or static data."""
    fixed = f"0701{profile.cvn}0300000000"
    if profile.idd in IDD_AMOUNTS:
        length = 1 + 5 * IDD_AMOUNTS[profile.idd] + 4
        return fixed + f"{length:02X}{profile.idd}"
    static = bytes.fromhex(profile.idd)
    return fixed + (f"{len(static):02X}{_hex(static)}" if static else "")


def _ppse(profile):
    entry = tlv(0x4F, bytes.fromhex(profile.aid)) + tlv(0x50, profile.label.encode())
    entry += tlv(0x87, b"\x01")
    directory = tlv(0xA5, tlv(0xBF0C, tlv(0x61, entry)))
    return tlv(0x6F, tlv(0x84, PPSE_NAME) + directory)


def _fci(profile):
    pdol = bytes.fromhex(profile.pdol)
    if profile.suite != "rsa" and not any(tag == 0xDF69 for tag, _ in coding.dol(pdol)):
        pdol += bytes.fromhex("DF6901")
    if profile.extended:
        pdol += bytes.fromhex("DF6001")
    own = tlv(0x50, profile.label.encode()) + tlv(0x87, b"\x01") + tlv(0x9F38, pdol)
    own += tlv(0x5F2D, b"zhen")
    logs = tlv(0x9F4D, LOG_ENTRY) if profile.log else b""
    logs += tlv(0xDF4D, LOAD_LOG_ENTRY) if profile.load_log else b""
    df61 = profile.extended.df61 if profile.extended else profile.capp
    logs += tlv(0xDF61, bytes.fromhex(df61)) if df61 else b""
    own += tlv(0xBF0C, logs) if logs else b""
    return tlv(0x6F, tlv(0x84, bytes.fromhex(profile.aid)) + tlv(0xA5, own))


def _internal_data(profile):
    """{tag: hex} of what GET DATA gives and risk management asks; None is left out."""
    options = bytearray.fromhex(profile.options)
    options[LOGGED[0]] |= LOGGED[1] * profile.log
    data = {
        "5F34": profile.psn,
        "9F13": "0000" if profile.new_card else "0001",
        "9F17": f"{profile.pin_tries:02X}",
        "9F36": f"{profile.atc:04X}",
        "9F4F": LOG_FORMAT if profile.log else None,
        "9F51": profile.currency,
        "9F53": f"{profile.foreign_limit:02X}",
        "9F54": _fen(profile.total_limit_fen),
        "9F5C": _fen(profile.total_upper_fen),
        "9F5D": _fen(int(profile.show_balance)),
        "9F68": options.hex().upper(),
        "9F6B": _fen(profile.cvm_limit_fen),
        "9F6C": profile.ctq,
        "9F6D": _fen(profile.threshold_fen),
        "9F77": _fen(profile.ceiling_fen),
        "9F78": _fen(profile.single_limit_fen),
        "9F79": _fen(profile.balance_fen),
        "DF4F": LOAD_LOG_FORMAT if profile.load_log else None,
    }
    second = profile.second
    if second:
        data["DF71"], data["DF72"] = second.currency, _fen(second.cvm_limit_fen)
        data["DF76"], data["DF77"] = _fen(second.threshold_fen), _fen(second.ceiling_fen)
        data["DF78"], data["DF79"] = _fen(second.single_limit_fen), _fen(second.balance_fen)
    return {tag: value for tag, value in data.items() if value is not None}


def _fen(amount_fen):
    return None if amount_fen is None else _hex(n12(amount_fen))


def _cn(digits):
    return bytes.fromhex(digits + "F" * (len(digits) % 2))


def _hex(value):
    return value.hex().upper()
