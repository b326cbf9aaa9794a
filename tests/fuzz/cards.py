# SPDX-License-Identifier: Apache-2.0
"""BentCard: the small card of the shared tests with Bends in its answers and in what it signs."""

from firmware.errors import LinkLost
from firmware.kernel import apdu, dol, tags
from firmware.kernel.bcd import from_int
from tests.fuzz import reference, seals
from tests.fuzz.bends import BEFORE, LOST, bent, bent_objects
from tests.sm_card import CAPK as SM_CAPK
from tests.small_card import PDOL, SmallCard

INS_TRANS_PROVE = 0x5A
LOG_FILE = 11
LOG_FORMAT = bytes.fromhex("9A039F36029F0206")
AFLS = (
    "1001020018010301",
    "1001020018010303",
    "10010200180102021803030018020200",
    "180101011001020018020300",
    "1001020018010200",
    "1001020018010300",
    "10010200180101011803030008010100",
    "100102001801030118030300",
    "10010200100102001801030118010301",
    "1803030110010200180101011802020018030300",
    "10010100",
    "18010301",
    "10010200180103012001ff00",
)
# name of an answer: first bytes of its command
NAMES = [("GPO", "80A8"), ("DATA 9F36", "80CA9F36"), ("DATA 9F79", "80CA9F79")]
NAMES += [("DATA 9F51", "80CA9F51"), ("DATA 9F4F", "80CA9F4F"), ("DATA", "80CA")]
NAMES += [("READ %d.%d" % (sfi, n), "00B2%02X%02X" % (n, sfi << 3 | 4))
          for sfi, n in ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3))]  # fmt: skip
NAMES += [("LOG", "00B2015C"), ("LOG", "00B2025C"), ("READ", "00B2"), ("PROVE", "805A")]
PREFIXES = [(name, bytes.fromhex(head)) for name, head in NAMES]


def name_of(command):
    """Which of bends.SLOTS a command is."""
    if command[1] == apdu.INS_SELECT:
        return "PPSE" if apdu.PPSE in command else "SELECT"
    return next((name for name, head in PREFIXES if command.startswith(head)), "any")


class Profile:
    """What a card is before anything is bent; read off two bytes of the fuzzer."""

    def __init__(self, choice=0, more=0):
        self.version = ("0030", "0020", "", "0030")[choice & 3]
        self.free_records = not choice & 4
        self.psn = not choice & 8
        self.balance_fen = (10000, 200, 100, 10000)[choice >> 4 & 3]
        self.long_pan = bool(choice & 64)
        self.stranger = bool(choice & 128)
        self.sm = bool(more & 16)  # keys of SM2
        self.tells = bool(more & 32)  # has a log, and answers GET TRANS PROVE
        self.second = bool(more & 64)  # its balance is in the second currency


class BentCard(SmallCard):
    """`plan`: list of Bend; `slices`: 0, 1 or 2, how much waiting work is done in each exchange.

    `log`: (command, answer or None) of this presentation; `ask(command)` is called before anything
    else with each command; `lies`: it answers other than the honest card it is made of.
    """

    def __init__(self, plan, profile, number=0):
        self.plan, self.profile = plan, profile
        self.presentation = 0
        self.slices = 0
        self.log = []
        self.ask = None
        self.lies = any(one.how not in LOST and one.slot not in BEFORE for one in plan)
        self.seals = (seals.Sm if profile.sm else seals.Rsa)(plan, profile.stranger)
        self.symmetric = b"\x04" if profile.sm else b"\x01"
        self.paid = []  # (ATC, amount in fen) of each final debit, newest first: the card's log
        self.asked_fen = 0
        pan = "622800010000%04d" % (10 + number) + ("123" if profile.long_pan else "")
        super().__init__(pan, profile.balance_fen)
        self.free_records = profile.free_records
        self.fci = self._fci()
        if not profile.psn:
            self.gpo_extra = b""
        if profile.second:
            self.currency = b"\x08\x40"

    def _fci(self):
        pdol = PDOL + (b"\xdf\x69\x01" if self.profile.sm else b"")
        told = [[b"\x9f\x4d", bytes((LOG_FILE, 10))], [b"\xdf\x61", b"\x80"]]
        told = [[b"\xbf\x0c", told]] if self.profile.tells else []
        return reference.written([[b"\x9f\x38", pdol], *told])

    def present(self, number, log):
        """Into the field; what is said goes to `log`."""
        self.presentation = number
        self.log = log

    def exchange(self, command, spare=None):
        """The answer, bent; LinkLost where it is to be lost."""
        if self.ask:
            self.ask(command)
        while spare and self.slices and spare() and self.slices > 1:
            pass
        name = name_of(command)
        due = [one for one in self.plan
               if one.presentation == self.presentation and one.slot in (name, "any")]  # fmt: skip
        losses = [one.how for one in due if one.how in LOST]
        if "lose" in losses:
            self._lose(command)
        answer = super().exchange(command)
        for one in due:
            if one.how not in LOST:
                answer = bent(answer, one)
        if losses:
            self._lose(command)
        self.log.append((command, answer))
        return answer

    def _lose(self, command):
        self.log.append((command, None))
        raise LinkLost("gone")

    def _of(self, slot):
        return [one for one in self.plan if one.slot == slot]

    # --- what it tells of a debit

    def _answer(self, command):
        if command[1] == INS_TRANS_PROVE and self.selected:
            return self._prove(command[5:7])
        if command[1] == apdu.INS_GPO and self.selected:
            self.asked_fen = int(command[11:17].hex())
        known = len(self.debits)
        answer = super()._answer(command)
        if len(self.debits) > known:
            self.paid.insert(0, (self.debits[-1], self.asked_fen))
        return answer

    def _prove(self, atc):
        if self.profile.tells and int.from_bytes(atc) in self.debits:
            return bytes(6) + atc + b"\x90\x00"  # the TC of small_card.py
        return b"\x6a\x88"

    def _get_data(self, tag):
        if self.profile.tells and tag == tags.LOG_FORMAT:
            return reference.written([[b"\x9f\x4f", LOG_FORMAT]]) + b"\x90\x00"
        second = {tags.SECOND_CURRENCY: b"\x01\x56"}
        second[tags.SECOND_BALANCE] = from_int(self.balance_fen, 6)
        if self.profile.second and tag in second:
            return reference.written([[tag.to_bytes(2), second[tag]]]) + b"\x90\x00"
        return super()._get_data(tag)

    def _read(self, sfi, number):
        if sfi == LOG_FILE:
            if not self.profile.tells or number > len(self.paid):
                return b"\x6a\x83"
            atc, amount_fen = self.paid[number - 1]
            return b"\x26\x11\x21" + atc.to_bytes(2) + from_int(amount_fen, 6) + b"\x90\x00"
        return super()._read(sfi, number)

    # --- what is bent before it is signed

    def personalise(self, expiry, effective="200101", version="0030"):
        """As SmallCard, then objects moved, AFL changed, certificates made over the result."""
        super().personalise(expiry, effective, self.profile.version)
        if self.profile.sm:
            index = [[b"\x8f", bytes([SM_CAPK.index])], [b"\x90", b""]]
            self.records[0][2] = reference.written(index)
            self.records[1][2] = reference.written([[b"\x9f\x46", b""]])
        for one in self._of("afl"):
            self.afl = bytes.fromhex(AFLS[one.place % len(AFLS)])
        for one in self._of("signed"):
            if one.how not in LOST:
                self.records[2][2] = bent_objects(self.records[2][2], one)
        for one in self._of("move"):
            self._move(self.records[one.place % 5], self.records[one.a % 5], one.b)
        self._replace(tags.ISSUER_CERTIFICATE, self.seals.issuer())
        self._replace(tags.ICC_CERTIFICATE, self.seals.icc(self.pan, self._static()))

    def signature(self, signed, atc=None):
        """9F4B."""
        return self.seals.sdad(self.atc if atc is None else atc, signed)

    def _sign(self, entries, sent):
        if self.profile.version == "0020":  # an older card signs version 00 alone
            return self.signature(dol.taken(entries, sent, tags.UN) or b"")
        return super()._sign(entries, sent)

    def _move(self, source, target, which):
        try:
            nodes = reference.tree(source[2])
        except reference.Broken:
            return
        if nodes:
            node = nodes.pop(which % len(nodes))
            source[2] = reference.written(nodes)
            target[2] += reference.written([node])

    def _static(self):
        signed = b""
        for at in range(0, len(self.afl), 4):
            head, first, _, count = self.afl[at : at + 4]
            for sfi, number, body in self.records:
                if sfi == head >> 3 and first <= number < first + count:
                    signed += body
        return signed + self.aip

    def _replace(self, tag, value):
        for record in self.records:
            try:
                nodes = reference.tree(record[2])
            except reference.Broken:
                continue
            for node in nodes:
                if node[0] == tag.to_bytes(2 if tag > 0xFF else 1):
                    node[1] = value
                    record[2] = reference.written(nodes)
