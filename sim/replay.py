# SPDX-License-Identifier: Apache-2.0
"""The card side of a replay: answers a session file gives, and the debits they amount to.

A command is looked up by CLA INS P1 P2 in the current presentation, SELECT also by its data; the
data of GET PROCESSING OPTIONS are ignored; what was not recorded gets 6D00. The same key several
times in one presentation answers in recorded order and stays at the last. A recorded `< -` loses
the link, and the card is gone until its next presentation.
"""

from collections import namedtuple

from firmware.errors import FormatError, LinkLost
from sim import coding

INS_SELECT, INS_READ_RECORD, INS_GPO, INS_GET_DATA = 0xA4, 0xB2, 0xA8, 0xCA
SW_OK = b"\x90\x00"
SW_UNKNOWN = b"\x6d\x00"
UNTIMED_MS = 10  # for an exchange without '@ms'

Sent = namedtuple("Sent", ("command", "answer"))  # answer None: lost


class ReplayCard:
    """A recorded card: `uid`, `ats`, `kind`, `busy_ms`, power_up(), exchange().

    Driven directly, each power_up() begins the next presentation. In a Field, placing the card
    begins it (placed()), and power_up() then only activates the card once more.
    `sent` is the log: one list of Sent for each presentation so far.
    """

    kind = "A"

    def __init__(self, session):
        self.session = session
        self.uid, self.ats = session.uid, session.ats
        self.busy_ms = 0
        self.sent = []
        self._in_field = False
        self._gone = True
        self._asked = {}

    @property
    def presentation(self):
        """Index of the current presentation, -1 before the first."""
        return len(self.sent) - 1

    @property
    def presentations_left(self):
        return len(self.session.presentations) - len(self.sent)

    def placed(self):
        """Begin the next presentation; behind the last one the card stays gone."""
        self._in_field = True
        self._present()

    def power_up(self):
        if not self._in_field:
            self._present()
        self._asked = {}

    def exchange(self, c_apdu, spare=None):
        """Answer as recorded; LinkLost when the answer was lost or the card is gone."""
        if self._gone:
            raise LinkLost("the card is gone until its next presentation")
        found = self._next_answer(_key(c_apdu))
        self.busy_ms = UNTIMED_MS if found is None or found.card_ms is None else found.card_ms
        answer = SW_UNKNOWN if found is None else found.answer
        self.sent[-1].append(Sent(bytes(c_apdu), answer))
        if answer is None:
            self._gone = True
            raise LinkLost("the answer was lost")
        return answer

    def debits(self):
        """Count how often the commands sent so far took money."""
        return debits(self.sent, self.session.presentations)

    def _present(self):
        self._gone = self.presentations_left <= 0
        self._asked = {}
        if not self._gone:
            self.sent.append([])

    def _next_answer(self, key):
        recorded = self.session.presentations[self.presentation]
        answers = [exchange for exchange in recorded if _key(exchange.command) == key]
        if not answers:
            return None
        turn = self._asked.get(key, 0)
        self._asked[key] = turn + 1
        return answers[min(turn, len(answers) - 1)]


def _key(command):
    if len(command) > 5 and command[1] == INS_SELECT:
        return bytes(command[:4]) + bytes(command[5 : 5 + command[4]])
    return bytes(command[:4])


def last_record(gpo_answer):
    """Return (P1, P2) of the READ RECORD of the last record in a GPO answer's AFL, else None."""
    if gpo_answer is None or gpo_answer[-2:] != SW_OK:
        return None
    try:
        afl = coding.find(gpo_answer[:-2], 0x77, 0x94)
        if afl is None:
            format_1 = coding.find(gpo_answer[:-2], 0x80)
            afl = format_1[2:] if format_1 else None
    except FormatError:
        return None
    if not afl or len(afl) % 4:
        return None
    return afl[-2], afl[-4] & 0xF8 | 4


def debits(sent, recorded=None):
    """Count the debits of a session from the card's side, as the session format defines them.

    `sent`: a Session, or one list of (command, answer, ..) for each presentation, of the commands
    really sent. `recorded`: the presentations of the session, which know the card's ATC and
    balance even where the terminal did not ask; without them those of `sent` count.
    """
    sent = getattr(sent, "presentations", sent)
    recorded = recorded or sent
    return sum(
        _settled(atc, number, recorded) if lost else 1
        for number, exchanges in enumerate(sent)
        for atc, lost in _committed(exchanges)
    )


def _committed(exchanges):
    """Yield (ATC, was its answer lost) for each GPO whose last record was asked for."""
    last = atc = None
    for command, answer, *_ in exchanges:
        if command[1] == INS_GPO:
            last = last_record(answer)
            atc = _object(answer, 0x77, 0x9F36) if last else None
        elif last and command[1] == INS_READ_RECORD and tuple(command[2:4]) == last:
            yield atc, answer is None or answer[-2:] != SW_OK
            last = None


def _settled(atc, number, recorded):
    """Return 1 or 0: what the presentations after `number` say of an answer that was lost."""
    if number + 1 >= len(recorded):
        return 1  # the command reached the card
    before = _data(recorded[number], 0x9F79)
    for later in recorded[number + 1 :]:
        balance = _data(later, 0x9F79)
        if _data(later, 0x9F36) == atc is not None and None not in (balance, before):
            return int(balance < before)
    return 0


def _data(exchanges, tag):
    """Return what the first GET DATA of `tag` was answered with, None without one."""
    for command, answer, *_ in exchanges:
        if command[1] == INS_GET_DATA and command[2:4] == tag.to_bytes(2, "big"):
            return _object(answer, tag)
    return None


def _object(answer, *path):
    try:
        return coding.find(answer[:-2], *path) if answer and answer[-2:] == SW_OK else None
    except FormatError:
        return None
