# SPDX-License-Identifier: Apache-2.0
"""Writes a session file from the events of a running terminal (settings: trace yes).

The file is written anew after each tap, so it is whole whenever the terminal is stopped. Header
values are those the card was sent in its first GPO; a dialogue without GPO has the parameters'.
"""

from pathlib import Path

from firmware.formats import mask, session
from firmware.kernel import dol, selection, tags, tlv

PLAIN_ATS = bytes.fromhex("0578807002")  # for a card whose ATS is not reported (type B)
EXPECTED = ("outcome", "reason", "cryptogram", "oda", "balance_fen")


class SessionRecorder:
    """path: of the file; parameters: formats.parameters.Parameters of the terminal."""

    def __init__(self, path, parameters, mask_pan=False):
        self.path = Path(path)
        self.parameters = parameters
        self.mask_pan = mask_pan
        self.presentations = []
        self.current = []
        self.taps = []
        self.sent = None

    def take(self, event):
        """One event of the terminal; every other than "apdu" and "tap" is left alone."""
        if event["event"] == "apdu":
            command, answer = bytes.fromhex(event["command"]), bytes.fromhex(event["answer"])
            card_ms = event["us"] // 1000
            self.current.append(session.Exchange(command, answer or None, card_ms))
            if command[1] == 0xA8 and self.sent is None:
                self.sent = self._sent_values(command)
        elif event["event"] == "tap" and self.current:
            self.presentations.append(self.current)
            self.current = []
            self.taps.append(event)
            self.path.write_text(self.text(), encoding="utf-8")

    def _sent_values(self, command):
        """dict tag -> bytes as sent in this GPO, by the PDOL of the SELECT before it."""
        selects = [one.answer for one in self.current if one.command[1] == 0xA4 and one.answer]
        pdol = selection.parse_fci(b"", selects[-1][:-2]).pdol
        data = tlv.parse(command[5:-1])[0].value
        return {tag: dol.taken(pdol, data, tag) for tag, _ in pdol}

    def _was_seen(self, pan):
        """Only a card that was here belongs into the file; the list holds other people's."""
        return any(
            pan in (exchange.answer or b"").hex()
            for presentation in self.presentations
            for exchange in presentation
        )

    def text(self):
        """The session file so far."""
        sent = self.sent or {}
        last = self.taps[-1]
        parameters = self.parameters
        recorded = session.Session(
            name=self.path.stem,
            uid=bytes.fromhex(last["uid"]),
            ats=bytes.fromhex(last["ats"]) or PLAIN_ATS,
            amount_fen=int((sent.get(tags.AMOUNT) or b"\0").hex()) or parameters.fare_fen,
            date=sent.get(tags.DATE) or bytes.fromhex("260101"),
            time=sent.get(tags.TIME) or bytes(3),
            currency=parameters.standing[tags.CURRENCY],
            country=parameters.standing[tags.COUNTRY],
            un=sent.get(tags.UN) or bytes(4),
            ttq=sent.get(tags.TTQ) or parameters.ttq,
            transaction_type=parameters.standing[tags.TRANSACTION_TYPE],
            source="recorded by faretap terminal --record",
            cas=[
                session.CaKey(key.suite.NAME, key.rid, key.index, key.exponent, key.key)
                for key in parameters.capks
            ],
            denies=[pan for pan in parameters.deny if self._was_seen(pan)],
            expects=[(name, str(last[name])) for name in EXPECTED if last[name] not in (None, "")],
            presentations=self.presentations,
        )
        text = session.format_session(recorded)
        return mask.mask_pan(text) if self.mask_pan else text
