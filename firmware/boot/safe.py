# SPDX-License-Identifier: Apache-2.0
"""Safe mode: nothing is sold, what is kept stays within reach, somebody can look and help.

Entered where starts never come to good, or where a part is missing without which nobody can be
served. The field is off, panel and events say the code, what is unsent goes up where the settings
can be read, a console answers (COMMANDS), and after a while a start is tried again.

Whatever of it cannot be had is left out: no settings, no panel but events; no journal, no upload.
"""

from firmware.boot import slots
from firmware.boot.record import FACTORY, FAULTS, HELD, SLOTS
from firmware.errors import FormatError, JournalFull, LinkLost

AGAIN = 4  # exit status: start me again
AGAIN_MS = 60000  # a part that was missing may have been mended
LOOP_MS = 600000  # a release that crashed six times is given longer
TURN_MS = 20
LINE_MOST = 80  # signs of a line at the console
RECORDS_MOST = 16  # printed at one command
WRONG = (FormatError, JournalFull, LinkLost, OSError, ValueError)
COMMANDS = (
    ("help", "these words"),
    ("status", "why this is safe mode, which release and slot, how many starts"),
    ("errors", "the last error that was kept, and what was said since"),
    ("journal", "figures of the journal"),
    ("records", "records FROM: from this number on, in hex, as they would go up"),
    ("selftest", "look at every part that is there"),
    ("slot", "slot a, slot b or slot factory: what the next start takes"),
    ("restart", "start anew now"),
)


class Safe:
    """parts: a dict of what could be had: journal, uploader, stream (the console's), tests (a
    generator function of (code, text)). record: boot record; fault: (code, text); clock: hal's.
    """

    def __init__(self, parts, record, is_whole, fault, clock, report, again_ms=AGAIN_MS):
        self.parts = parts
        self.record = record
        self.is_whole = is_whole
        self.code, self.text = fault
        self.clock = clock
        self.report = report
        self.again_ms = again_ms
        self.began_ms = clock.ticks_ms()
        self.line = b""
        self.ended = False
        self.said = ""  # last fault of the upload

    def turn(self):
        """One turn; never waits."""
        uploader = self.parts.get("uploader")
        if uploader:
            before = uploader.acknowledged
            uploader.step()
            if uploader.acknowledged != before:
                number = uploader.journal.acknowledged
                self.report({"event": "upload", "acknowledged": number})
            self.said = uploader.error
        self._listen()
        passed_ms = self.clock.ticks_diff(self.clock.ticks_ms(), self.began_ms)
        busy = uploader and uploader.journal.waiting() and not uploader.failures
        if passed_ms >= self.again_ms and not busy:
            self.ended = True

    def _listen(self):
        stream = self.parts.get("stream")
        if not stream:
            return
        try:
            for value in stream.read(LINE_MOST, 0):
                self._take(value)
        except LinkLost:
            self.parts["stream"] = None

    def _take(self, value):
        if value in (10, 13):
            line, self.line = self.line, b""
            if line:
                self.began_ms = self.clock.ticks_ms()  # somebody is at work
                self._obey(line)
        elif len(self.line) < LINE_MOST:
            self.line += bytes((value,))

    def _obey(self, line):
        words = "".join([chr(one) if 32 <= one < 127 else "?" for one in line]).split()
        name = words[0] if words else ""
        for known, _ in COMMANDS:
            if name == known:
                try:
                    answer = getattr(self, "_" + name)(words[1:])
                except WRONG as wrong:
                    answer = ["%s: %s" % (name, wrong)]
                break
        else:
            answer = ["no command %s: `help` lists them" % name]
        for one in answer:
            self._say(one)
        self._say("safe %02d>" % self.code)

    def _say(self, text):
        self.parts["stream"].write(text.encode() + b"\r\n")

    def _help(self, _):
        return ["%-9s %s" % one for one in COMMANDS]

    def _status(self, _):
        values = self.record.values
        said = ["code %d: %s" % (self.code, self.text)]
        said.append("starts in a row without service: %d" % values["starts"])
        names = dict(SLOTS)
        said.append("slot %s" % names[slots.running_slot(values)])
        for slot in sorted(HELD):
            said.append("slot %s holds release %d" % (names[slot], values[HELD[slot][0]]))
        if values["returned"]:
            why = dict(FAULTS)[values["why"]]
            said.append("release %d was left: %s" % (values["returned"], why))
        left_ms = self.again_ms - self.clock.ticks_diff(self.clock.ticks_ms(), self.began_ms)
        return said + ["tries again in %d s" % max(0, left_ms // 1000)]

    def _errors(self, _):
        kept = self.record.values["text"]
        return ["kept: %s" % kept, "start: %s" % self.text, "upload: %s" % self.said]

    def _journal(self, _):
        journal = self._kept()
        return [
            "last number %d, acknowledged %d" % (journal.next - 1, journal.acknowledged),
            "open entries %d" % len(journal.pending()),
            "%d per cent in use, %d damaged places" % (int(100 * journal.fill()), journal.damaged),
        ]

    def _records(self, words):
        journal = self._kept()
        first = int(words[0]) if words else journal.acknowledged + 1
        found = journal.unsent(4096, RECORDS_MOST, first)
        rows = ["%d %s" % (number, bytes(data).hex()) for number, data in found]
        last = found[-1][0] if found else first - 1
        return rows + ["%d records; go on with `records %d`" % (len(rows), last + 1)]

    def _selftest(self, _):
        return ["%s %s" % (code or "ok", text) for code, text in self.parts["tests"]()]

    def _slot(self, words):
        named = [one for one, name in SLOTS if words and name == words[0]]
        if not named:
            return ["slot a, slot b or slot factory"]
        values, slot = dict(self.record.values), named[0]
        if slot != FACTORY:
            number, size, digest = [values[name] for name in HELD[slot]]
            if not number or number < values["floor"]:
                return ["slot %s: release %d is older than %d" % (words[0], number,
                                                                  values["floor"])]  # fmt: skip
            if not self.is_whole(slot, size, digest):
                return ["slot %s is damaged" % words[0]]
        values["active"], values["trial"], values["left"] = slot, FACTORY, 0
        values["starts"] = 0
        kept = self.record.save(values)
        return ["slot %s is next: `restart`" % words[0] if kept else "the record is not kept"]

    def _restart(self, _):
        self.ended = True
        return ["starting anew"]

    def _kept(self):
        journal = self.parts.get("journal")
        if not journal:
            raise FormatError(self.parts.get("no_journal", "no journal"))
        return journal
