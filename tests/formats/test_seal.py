# SPDX-License-Identifier: Apache-2.0
"""The seal of a parameter text. The vector was made with `cryptography`; its key is forgotten."""

from firmware.errors import FormatError
from firmware.formats import parameters, seal
from firmware.settings import parse as parse_settings

MODULUS = bytes.fromhex(
    "8D7C8039AF2C02210AAD3FD51E5E1CB625488C06F996748D11B3D94E3E06A4A9D6CE8E0A57EE7F05BF441337"
    "CEED0100CA80AEF45B1D594F922798E32701C86ED99ED8971E4CA68D783E984BC51BD0B28410B322F1E10F91"
    "0ECC8FECD4D9BC2A20F5964469AAB5A27AE31F20AA64AF6A89CE017D99D97569955B26AF355BAEFC62A7D3CB"
    "0D053897678A9536A1312BD5653713F28D3722C0A732ED87DC822EE95F7D45E9041E83435C17D7978D75F3F4"
    "5A5410BBF16D818B16333BCDFA8587CDD37F9AFB56DFAD8CFA0A38DFCFA8F3350EEAE45DDA3AB1CE0FB5B397"
    "348D5762A65697A9C127C938A60125A4D693C2DEBCD48C8E27F5C31B09F65C62266151E9"
)
SEAL = (
    "4C6BDAF3AABD91BFD9CC49ABBC1565A48F30FF338267AC12307D5BC543DA41573222B724D630A5D547F3ABA0"
    "3102F44DC495697A407FE6BFA0955C722199D5BEA0CF2C1AB4CD5D584F3E31DDAE7469A67934E8A2A745CBF3"
    "19304D7A5EBDE205F28B65484C3A5B5AC06D82004D85C86866DD9E432E7EC96A2C344C177A317E1ACC3A99C2"
    "2A97AB5AE733ECAC042D2B66BDDEC0D5742FB4D082277247F60B42C5541ACB652849D821A4AB79A0177C7F63"
    "D431959BA9FBC38474DECF67EC6A416E56E5F5E6A0FC02AAD48213A91C777992C3537B3E547FFAE1DE4F81BD"
    "BF990CD0105A49E275E52416EAF12053E05F9783EA3E04FE33F0685FD5901A1A5A40A17E"
)
BODY = (
    "version: 7\neffective: 20261201 040000\nfare_fen: 300\nmerchant_name: hex:B9ABBDBB\n# 票价\n"
)
TEXT = BODY + "seal: " + SEAL + "\n"
UNIT = "terminal: 1\nreader: serial:x\njournal: file:y\nparameters: z\n"


def refused(function, *values):
    try:
        function(*values)
    except FormatError:
        return True
    return False


def opens(text, modulus=MODULUS):
    return not refused(seal.opened, text, modulus)


def test_sealed_text_should_open_to_what_was_sealed():
    assert seal.opened(TEXT, MODULUS) == BODY
    assert opens(TEXT.rstrip("\n")) and opens(TEXT + "\n")
    assert (seal.version(BODY), seal.effective(BODY)) == (7, "20261201 040000")
    assert parameters.parse(BODY).fare_fen == 300


def test_changed_text_should_be_refused():
    """QT-012: one sign more, less or other, anywhere; lines that change places."""
    for at in range(len(BODY)):
        assert not opens(BODY[:at] + BODY[at + 1 :] + TEXT[len(BODY) :]), at
        other = "1" if BODY[at] != "1" else "2"
        assert not opens(BODY[:at] + other + BODY[at + 1 :] + TEXT[len(BODY) :]), at
    lines = BODY.split("\n")
    assert not opens("\n".join([lines[1], lines[0]] + lines[2:]) + TEXT[len(BODY) :])
    assert not opens("deny_list_version: 1\n" + TEXT)


def test_changed_seal_should_be_refused():
    """QT-012: another signature, a number that is larger than the modulus, another's key."""
    for at in range(0, len(SEAL), 7):
        other = "0" if SEAL[at] != "0" else "1"
        assert not opens(BODY + "seal: " + SEAL[:at] + other + SEAL[at + 1 :] + "\n"), at
    larger = int.from_bytes(bytes.fromhex(SEAL), "big") + int.from_bytes(MODULUS, "big")
    if larger < 1 << (8 * len(MODULUS)):
        assert not opens(BODY + "seal: " + larger.to_bytes(len(MODULUS), "big").hex())
    assert not opens(TEXT, MODULUS[:-1] + bytes((MODULUS[-1] ^ 2,)))
    assert not opens(TEXT, MODULUS + b"\x01")


def test_text_that_is_cut_short_or_goes_on_should_be_refused():
    """QT-012: at every length but the whole one; nothing may stand behind the seal."""
    for count in range(len(TEXT) - 1):
        assert not opens(TEXT[:count]), count
    for more in ("fare_fen: 1\n", "# a comment\n", "seal: " + SEAL + "\n"):
        assert not opens(TEXT + more), more
    assert not opens("") and not opens(BODY)


def test_version_and_moment_should_be_read_from_whole_lines():
    for body, version in (("version: 12\n", 12), ("fare_fen: 1\nversion:3", 3)):
        assert seal.version(body) == version
    for body in ("", "deny_list_version: 5\n", "version:\n", "version: x\n", " version: 1\n"):
        assert refused(seal.version, body), body
    assert seal.effective("version: 1\n") == ""
    for wrong in ("20261201", "20261201T040000", "20261201 04000x", "2026120 1040000"):
        assert refused(seal.effective, "effective: " + wrong), wrong
        assert refused(parameters.parse, "version: 1\nfare_fen: 1\neffective: " + wrong), wrong


def test_authority_should_be_a_modulus():
    assert parse_settings(UNIT).authority == b""
    assert parse_settings(UNIT + "authority: " + MODULUS.hex()).authority == MODULUS
    for wrong in ("00", MODULUS[:-1].hex(), (MODULUS[:-1] + b"\x02").hex(), "7F" + "FF" * 255):
        try:
            parse_settings(UNIT + "authority: " + wrong)
        except FormatError as fault:
            assert "authority" in str(fault)
        else:
            raise AssertionError(wrong)
