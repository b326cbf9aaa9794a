# SPDX-License-Identifier: Apache-2.0
"""A holder of keys that is a card: the PSAM (capp.md 2.6). Bytes out, bytes in; which bytes, says
its profile (profile.py).

    derive    80 1A key-use version Lc factor(8|16)
    MAC       80 FA 05 00 Lc initial-value(8) || padded data      -> 4 bytes

slot: what the card sits in, over PC/SC (hal) or over a serial line (slot.py):

    reset() -> ATR      powers the card anew; opens what has to be opened
    exchange(c_apdu) -> r_apdu
    present()           nothing, while a card is there
    begin(c_apdu)       sends it, where a slot can: finish() -> r_apdu is asked for later

all of which raise LinkLost. A card of T=0 says 61xx where data wait and 6Cxx for another Le: both
are followed, once each.
"""

from firmware.errors import FormatError
from firmware.module import FAULT, LOCKED, READY, WRONG_TRADE, WRONG_VERSION
from firmware.module.blocks import padded, whole_iv

MAC_BYTES = 4
LONGEST = 258
PROBE = bytes(8)  # the factor with which the keys of the settings are tried at the start
# Status words and what they mean here; two digits stand for all that begin with them.
REASONS = (
    ("9000", ""),
    ("6283", LOCKED),  # file invalidated
    ("63", "wrong_secret"),
    ("6581", "memory"),
    ("6700", "length"),
    ("6982", "not_allowed"),
    ("6983", LOCKED),  # authentication method blocked
    ("6985", "not_derived"),
    ("6A80", "data"),
    ("6A81", LOCKED),  # function not supported: what many cards say once they are locked
    ("6A82", "no_file"),
    ("6A86", "data"),
    ("6A88", "no_key"),
    ("6D00", "no_command"),
    ("6E00", "no_command"),
    ("9303", LOCKED),  # application locked for ever
    ("9403", "no_key"),
)
STATES = {"": READY, LOCKED: LOCKED, "no_file": WRONG_TRADE, "no_key": WRONG_VERSION}


def reason_of(sw):
    """Word of a status word, "" for 9000; what is not in the table stands as it is."""
    text = "%04X" % sw
    for known, word in REASONS:
        if text.startswith(known):
            return word
    return "sw " + text


def c_apdu(head, p1, p2, data):
    """A command with data; the answer's length is the card's business."""
    return bytes(head) + bytes((p1, p2, len(data))) + data


class Psam:
    """Contract in module.py. wanted: (key use, version) that have to be there at the start."""

    def __init__(self, slot, profile, wanted=()):
        self.slot = slot
        self.profile = profile
        self.wanted = wanted
        self.keeps_key = profile.keeps_key
        self.begun = b""  # the command at work ahead
        self.works_ahead = hasattr(slot, "begin")

    def open(self):
        """State word: present, right trade, right version (QX-071)."""
        self.begun = b""
        self.slot.reset()
        profile = self.profile
        for command in profile.selects:
            reason = self._said(command)[0]
            if reason:
                return STATES.get(reason, FAULT)
        if profile.identity:
            reason, answer = self._said(profile.identity)
            if reason:
                return STATES.get(reason, FAULT)
            for place, word in ((profile.trade, WRONG_TRADE), (profile.version, WRONG_VERSION)):
                if place and answer[place[0] : place[0] + len(place[1])] != place[1]:
                    return word
        for key_use, version in self.wanted:
            reason = self.derive(key_use, version, PROBE)
            if reason:
                return STATES.get(reason, FAULT)
        return READY

    def present(self):
        """LinkLost where it was pulled out."""
        self.begun = b""
        self.slot.present()

    def derive(self, key_use, version, factor):
        """Reason, "" when the card's key is derived."""
        return self._said(c_apdu(self.profile.derive, key_use, version, factor))[0]

    def begin_derive(self, key_use, version, factor):
        """Let the card begin with what derive() of the same will ask."""
        self._begin(c_apdu(self.profile.derive, key_use, version, factor))

    def mac(self, initial_value, data):
        """(reason, 4 bytes)."""
        commands = self._mac_commands(initial_value, data)
        if not commands:
            return "too_long", b""
        for command in commands:
            reason, answer = self._said(command)
            if reason:
                return reason, b""
        if len(answer) != self.profile.answer:
            raise FormatError("a MAC of %d bytes" % len(answer))
        return "", answer[:MAC_BYTES]

    def begin_mac(self, initial_value, data):
        """Let the card begin with what mac() of the same will ask, where that is one command."""
        commands = self._mac_commands(initial_value, data)
        if len(commands) == 1:
            self._begin(commands[0])

    def _mac_commands(self, initial_value, data):
        """C-APDUs of a MAC, none where the data are too long for this card."""
        profile = self.profile
        filled = whole_iv(initial_value, profile.block, profile.iv_side)
        filled += padded(data, profile.block)
        room = profile.most - profile.most % profile.block
        if len(filled) > room and not profile.parts:
            return []
        return [
            c_apdu(profile.mac, self._p1(at, room, len(filled)), 0, filled[at : at + room])
            for at in range(0, len(filled), room)
        ]

    def _p1(self, at, room, total):
        """Of a command that is the only one, or a part: the first, a middle or the last one."""
        if total <= room:
            return self.profile.only[0]
        return self.profile.parts[0 if not at else 2 if at + room >= total else 1]

    def _said(self, command):
        """(reason, data) of a command; FormatError for what is no R-APDU."""
        sw, answer = self._exchanged(command)
        if sw >> 8 == 0x6C:
            sw, answer = self._exchanged(command[:4] + bytes((sw & 0xFF,)))
        if sw >> 8 == 0x61:
            sw, answer = self._exchanged(bytes((0, 0xC0, 0, 0, sw & 0xFF)))
        return reason_of(sw), answer

    def _begin(self, command):
        if self.works_ahead:
            self.begun = b""
            self.slot.begin(command)
            self.begun = command

    def _exchanged(self, command):
        begun, self.begun = self.begun == command, b""
        answer = self.slot.finish() if begun else self.slot.exchange(command)
        if not 2 <= len(answer) <= LONGEST:
            raise FormatError("an answer of %d bytes" % len(answer))
        return answer[-2] << 8 | answer[-1], bytes(answer[:-2])
