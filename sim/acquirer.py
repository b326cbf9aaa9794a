# SPDX-License-Identifier: Apache-2.0
"""A simulated acquirer: takes offline sales, checks all it can check of them, settles batches.

    host = SimulatedAcquirer(profile, {"00001140": master_key}, Issuers([issuer]), AcquirerBook())
    answer = host.answer(frame)          # None: such a thing is not answered

It has the issuer's keys, so it computes each application cryptogram again. What it cannot show:
how a real acquirer decides. Pure but for its book; sockets are in acquirer_server.py, faults in
acquirer_faults.py.
"""

import os
import time
from collections.abc import Callable

from firmware.errors import FormatError
from firmware.formats.record import mask_pan
from host_tools.acquirer import keys, message
from host_tools.acquirer.message import Message
from host_tools.acquirer.profile import Profile
from host_tools.acquirer.steps import with_mac
from sim.acquirer_book import CLOSED, AcquirerBook
from sim.acquirer_cards import Chip, Issuers, read_chip

ACCEPTED, NO_MERCHANT, AMOUNT, NO_CARD, FORM = "00", "03", "13", "14", "30"
CRYPTOGRAM, DUPLICATE, NO_TERMINAL, MAC_WRONG, NOT_DONE = "05", "94", "97", "A0", "12"
ECHOED = (3, 4, 11, 41, 42, 60)
BALANCED, NOT_BALANCED = "1", "2"
ENDS, LISTS = ("201", "202", "207"), ("203", "205")
SALE_NEEDS = (2, 3, 4, 11, 22, 23, 25, 41, 42, 49, 55, 60, 63)
KEY_BYTES = {"001": 8, "003": 16, "004": 16}


class SimulatedAcquirer:
    """`masters`: terminal number -> its master key. `seen`: message types that came, counted."""

    def __init__(
        self,
        profile: Profile,
        masters: dict[str, keys.Key],
        issuers: Issuers,
        book: AcquirerBook,
        draw: Callable[[int], bytes] = os.urandom,
        now: Callable[[], time.struct_time] = time.localtime,
    ):
        self.profile = profile
        self.masters = masters
        self.issuers = issuers
        self.book = book
        self.draw = draw
        self.now = now
        self.seen: dict[str, int] = {}
        self.refusals: dict[str, int] = {}
        self._serve = {
            "0800": self._sign_on,
            "0200": self._sale,
            "0320": self._list,
            "0500": self._settle,
        }

    def answer(self, frame: bytes) -> bytes | None:
        """The frame that answers one; None for bytes that are no message."""
        try:
            request = message.unpack(frame)
        except FormatError:
            return None
        self.seen[request.mti] = self.seen.get(request.mti, 0) + 1
        code = self._stranger(request)
        if not code and request.mti in self.profile.rules.mac_messages:
            code = "" if self._authentic(request) else MAC_WRONG
        if code:
            return message.pack(self.reply(request, code))  # without a MAC: there is no key
        serve = self._serve.get(request.mti)
        answer = serve(request) if serve else self.reply(request, NOT_DONE)
        return message.pack(self._sealed(request, answer))

    def put_off(self, frame: bytes, code: str) -> bytes | None:
        """An authentic answer with this code, nothing looked at: a host that is busy."""
        try:
            request = message.unpack(frame)
        except FormatError:
            return None
        known = not self._stranger(request) and self.book.mac_key(request.text(41))
        answer = self.reply(request, code)
        return message.pack(self._sealed(request, answer) if known else answer)

    def reply(self, request: Message, code: str, more: dict[int, str] | None = None) -> Message:
        """The answer to a request, without MAC."""
        fields = {number: request.text(number) for number in ECHOED if request.text(number)}
        now = self.now()
        fields[12], fields[13] = time.strftime("%H%M%S", now), time.strftime("%m%d", now)
        fields[39] = code
        if code not in (ACCEPTED, DUPLICATE):
            self.refusals[code] = self.refusals.get(code, 0) + 1
        mti = message.answered(request.mti)
        tpdu = message.swapped(request.tpdu)
        return Message(mti, dict(sorted((fields | (more or {})).items())), tpdu, request.header)

    def _stranger(self, request: Message) -> str:
        terminal = request.text(41)
        if terminal not in self.masters:
            return NO_TERMINAL
        known = {one.terminal: one.merchant for one in self.profile.merchants}
        return "" if known.get(terminal) == request.text(42) else NO_MERCHANT

    def _mac_key(self, request: Message) -> keys.Key | None:
        value = self.book.mac_key(request.text(41))
        return keys.Key(value, self.profile.rules.key_cipher == "sm4") if value else None

    def _authentic(self, request: Message) -> bool:
        key = self._mac_key(request)
        if key is None or not request.text(64):
            return False
        return with_mac(request, self.profile.rules, key).text(64) == request.text(64)

    def _sealed(self, request: Message, answer: Message) -> Message:
        key = self._mac_key(request)
        if key is None or request.mti not in self.profile.rules.mac_messages:
            return answer
        return with_mac(answer, self.profile.rules, key)

    def _sign_on(self, request: Message) -> Message:
        layout = request.text(60)[8:11]
        if layout not in keys.LAYOUTS:
            return self.reply(request, FORM)
        size, names = keys.LAYOUTS[layout]
        sm4 = self.profile.rules.key_cipher == "sm4"
        made = [keys.Key(self.draw(16 if sm4 else size), sm4) for _ in names]
        terminal = request.text(41)
        self.book.keep_mac_key(terminal, made[names.index("MAK")].value)
        wrapped = keys.wrap(self.masters[terminal], made).hex().upper()
        batch = "%06d" % self.book.batch(terminal)
        more = {60: request.text(60)[:2] + batch + layout, 62: wrapped}
        return self.reply(request, ACCEPTED, more)

    def _sale(self, request: Message) -> Message:
        code, reference = self._taken(request, "36")
        return self.reply(request, code, {37: reference} if reference else None)

    def _taken(self, request: Message, kind: str) -> tuple[str, str]:
        """(code, reference) of a sale, or of one that is listed."""
        told = request.text(60)
        missing = kind == "36" and [n for n in SALE_NEEDS if not request.text(n)]
        if missing or told[:2] != kind or not told[2:8].isdecimal():
            return FORM, ""
        try:
            chip = read_chip(request.text(55))
        except FormatError:
            return FORM, ""
        code = self._wrong(request, chip, kind)
        if code:
            return code, ""
        return self._enter(request, chip, int(told[2:8]))

    def _wrong(self, request: Message, chip: Chip, kind: str) -> str:
        psn = request.text(23)[-2:]
        own = chip.values.get(0x9F74)
        if chip.amount_fen != int(request.text(4) or "0"):
            return AMOUNT
        sale = kind == "36"
        if sale and (request.text(22)[:2] != "07" or request.text(49) != "156"):
            return FORM
        if sale and own and 38 in self.profile.rules.optional and request.text(38).encode() != own:
            return FORM
        if not self.issuers.keys(request.text(2), psn, chip):
            return NO_CARD
        return "" if self.issuers.knows(request.text(2), psn, chip) else CRYPTOGRAM

    def _enter(self, request: Message, chip: Chip, batch: int) -> tuple[str, str]:
        terminal, pan = request.text(41), request.text(2)
        sale = self.book.sale_key(pan, request.text(23), chip.atc, chip.cryptogram)
        shown = mask_pan(bytes.fromhex(pan + "F" * (len(pan) % 2)))
        closed = self.book.state(terminal, batch) == CLOSED
        listed = request.mti == "0320"
        if not listed and batch != self.book.batch(terminal) and not closed:
            return FORM, ""
        place = self.book.batch(terminal) if closed else batch
        trace = int(request.text(11))
        reference = self.book.take(sale, shown, chip.amount_fen, terminal, place, trace)
        if listed:
            self.book.mark_listed(sale)
        return (ACCEPTED if reference else DUPLICATE), reference

    def _settle(self, request: Message) -> Message:
        """0510: each part of field 48 ends in what it was found to be."""
        told, terminal = request.text(48), request.text(41)
        number = request.text(60)[2:8]
        if len(told) != 62 or not number or not self.book.state(terminal, int(number)):
            return self.reply(request, FORM)
        count, fen = self.book.sums(terminal, int(number))
        ours = "%012d%03d%012d%03d" % (fen, count, 0, 0)
        digit = BALANCED if told[:30] == ours else NOT_BALANCED
        foreign = BALANCED if told[31:61] == "0" * 30 else NOT_BALANCED
        return self.reply(request, ACCEPTED, {48: told[:30] + digit + told[31:61] + foreign})

    def _list(self, request: Message) -> Message:
        kind, terminal = request.text(60)[8:11], request.text(41)
        number = request.text(60)[2:8]
        if kind in LISTS:
            code, _ = self._taken(request, "00")
            return self.reply(request, ACCEPTED if code == DUPLICATE else code)
        state = self.book.state(terminal, int(number)) if number else ""
        if kind not in ENDS or not state:
            return self.reply(request, FORM)
        if state != CLOSED:
            self.book.close_batch(terminal, int(number), f"{kind} {request.text(48)}")
        return self.reply(request, ACCEPTED)
