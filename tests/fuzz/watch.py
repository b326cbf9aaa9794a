# SPDX-License-Identifier: Apache-2.0
"""Watch: what must hold while cards of any kind stand before a terminal and its journal.

* only SELECT, GET DATA, READ RECORD, GET TRANS PROVE and at most one GPO are sent, within the
  bounds of bounds.py;
* the last record is asked for only when verifier.py agrees and its entry is in the journal;
* approved and recovered only where verifier.py agrees;
* each last record asked for is one record or open entry of the journal, and no other is there.

A breach is an AssertionError.
"""

from firmware.formats import record
from firmware.kernel import apdu, bcd, tags
from tests.fuzz import bounds, reference, verifier

TAPPED = ("approved", "debited-refused", "debited-unproven", "void", "pending")
SENT = {apdu.INS_SELECT: 0, apdu.INS_READ_RECORD: 0, apdu.INS_GPO: 0x80, apdu.INS_GET_DATA: 0x80}
SENT[0x5A] = 0x80  # GET TRANS PROVE


class Watch:
    """Over one journal; `logs` has one list of (command, answer or None) for each presentation."""

    def __init__(self, torn_count):
        """torn_count: entries that may be open at once."""
        self.journal = None  # of the terminal; another one after each restart
        self.most = bounds.BASE_EXCHANGES + bounds.TORN_EXCHANGES * torn_count
        self.logs = []
        self.terms = []  # of each presentation, functions: 9F37 is drawn in the middle of it
        self.commits = 0  # last records asked for behind a GPO

    def present(self, terms):
        """A presentation begins; its log. terms() -> verifier.Terms of a transaction in it."""
        self.logs.append([])
        self.terms.append(terms)
        return self.logs[-1]

    def asked(self, command):
        """To be called before a command reaches the card."""
        log = self.logs[-1]
        assert not log or log[-1][1] is not None, "a command behind a lost link"
        due = SENT.get(command[1]) == command[0] and len(command) <= bounds.MOST_COMMAND
        assert due, "a command that is not due: " + command.hex()
        assert len(log) < self.most, "more than %d exchanges" % self.most
        gpos = [answer for sent, answer in log if sent[1] == apdu.INS_GPO]
        assert command[1] != apdu.INS_GPO or not gpos, "a second GPO"
        if gpos and command == _last(gpos[0]):
            assert self.journal.pending(), "the last record without an entry"
            transaction = judge(verifier.Transaction, log)
            judge(verifier.commit_is_due, transaction, self.terms[-1]())
            self.commits += 1

    def approved(self, sequence, recovered):
        """To be called behind a presentation that ended well: was it due, is it written down?

        A tap that was recovered began in an earlier presentation, the one of its 9F37.
        """
        kind, values = self._record(sequence)
        un = reference.find(values["chip_data"], tags.UN)
        gpo_here = [sent for sent, _ in self.logs[-1] if sent[1] == apdu.INS_GPO]
        assert bool(gpo_here) != recovered
        place = len(self.logs) - 1
        while recovered and (place < 0 or self.terms[place]().un != un or not self._paid(place)):
            place -= 1
        terms = self.terms[place]()
        transaction = judge(verifier.Transaction, self.logs[place])
        judge(transaction.take_last, self.logs[-1][-1][1])
        judge(verifier.approval_is_due, transaction, terms)
        assert kind == "approved" and values["amount_fen"] == bcd.to_int(terms.amount)
        assert values["atc"] == int.from_bytes(transaction.data[tags.ATC])
        assert values["tc"] == transaction.data[tags.CRYPTOGRAM]

    def _paid(self, place):
        return any(sent[1] == apdu.INS_GPO for sent, _ in self.logs[place])

    def _record(self, wanted):
        for sequence, data in self.journal.records():
            if sequence == wanted:
                values = record.unpack(data)
                return record.kind_name(values["kind"]), values
        raise AssertionError("no record %d" % wanted)

    def records(self):
        """[(kind word, values)] of the journal, each read back whole."""
        found = [record.unpack(data) for _, data in self.journal.records()]
        return [(record.kind_name(values["kind"]), values) for values in found]

    def check_journal(self):
        """A record or an open entry for each last record that was asked for, and no other."""
        kinds = [kind for kind, _ in self.records() if kind in TAPPED]
        assert len(kinds) + len(self.journal.pending()) == self.commits, kinds


def judge(check, *arguments):
    """What a check of the verifier returns; its Wrong is a finding."""
    try:
        return check(*arguments)
    except verifier.Wrong as why:
        raise AssertionError("the verifier: %s" % why) from None


def _last(gpo_answer):
    """The command for the last record of a GPO answer, None where it names none."""
    try:
        afl = reference.find(gpo_answer[:-2], tags.GPO_FORMAT_2, tags.AFL) if gpo_answer else None
    except reference.Broken:
        return None
    if not afl or len(afl) % 4:
        return None
    return apdu.read_record(afl[-4] >> 3, afl[-2])
