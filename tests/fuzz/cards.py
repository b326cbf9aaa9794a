# SPDX-License-Identifier: Apache-2.0
"""BentCard: the small card of the shared tests with Bends in its answers and in what it signs."""

import hashlib
from functools import lru_cache

from firmware.errors import LinkLost
from firmware.kernel import apdu, tags
from tests import small_card
from tests.fuzz import reference
from tests.fuzz.bends import BEFORE, LOST, bent, bent_objects
from tests.small_card import CA, ICC, ISSUER, SmallCard, SmallKey, icc_fields, issuer_fields

# 800 bits, of no terminal's CA: an approval of what it signs is a fault whatever else holds
STRANGER = SmallKey(
    3,
    "D0F217A0D78ED386B9B1E74C4FAFF31888FD4EB5655816B922E4F2184FE38F202D6F6D60FB91E0D28FC1DC3E01D9"
    "8F9FA31F6149487FEE17CA9E0CB8645FE88F2209401FE289A64D4C33782C7677179F322828355152B77EED847A1E"
    "F918F761A82D0377",
    "8B4C0FC08FB48D047BCBEF88351FF765B0A8DF2398E5647B6C98A1658A97B4C01E4A48EB5261408C5FD692D4013B"
    "B51517690C6D55247FE146BE431697D4DA8AF6954FF358BC652879A42C833F6F759D618FDAC2E208E0A5FEA4D87C"
    "855F0F765F78B36B",
)
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
NAMES += [("DATA 9F51", "80CA9F51"), ("DATA", "80CA")]
NAMES += [("READ %d.%d" % (sfi, n), "00B2%02X%02X" % (n, sfi << 3 | 4))
          for sfi, n in ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3))]  # fmt: skip
NAMES += [("READ", "00B2")]
PREFIXES = [(name, bytes.fromhex(head)) for name, head in NAMES]


def name_of(command):
    """Which of bends.SLOTS a command is."""
    if command[1] == apdu.INS_SELECT:
        return "PPSE" if apdu.PPSE in command else "SELECT"
    return next((name for name, head in PREFIXES if command.startswith(head)), "any")


class Profile:
    """What a card is before anything is bent; read off one byte of the fuzzer."""

    def __init__(self, choice=0):
        self.version = ("0030", "0020", "")[choice & 3 if choice & 3 < 3 else 0]
        self.free_records = not choice & 4
        self.psn = not choice & 8
        self.balance_fen = (10000, 200, 100)[choice >> 4 & 3 if choice >> 4 & 3 < 3 else 0]
        self.long_pan = bool(choice & 64)
        self.stranger = bool(choice & 128)


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
        pan = "622800010000%04d" % (10 + number) + ("123" if profile.long_pan else "")
        super().__init__(pan, profile.balance_fen)
        self.free_records = profile.free_records
        if not profile.psn:
            self.gpo_extra = b""

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
        due = [one for one in self.plan if one.presentation == self.presentation
               and one.slot in (name_of(command), "any")]  # fmt: skip
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

    # --- what is bent before it is signed

    def personalise(self, expiry, effective="200101", version="0030"):
        """As SmallCard, then objects moved, AFL changed, certificates made over the result."""
        super().personalise(expiry, effective, self.profile.version)
        for one in self._of("afl"):
            self.afl = bytes.fromhex(AFLS[one.place % len(AFLS)])
        for one in self._of("signed"):
            if one.how not in LOST:
                self.records[2][2] = bent_objects(self.records[2][2], one)
        for one in self._of("move"):
            self._move(self.records[one.place % 5], self.records[one.a % 5], one.b)
        sealing = STRANGER if self.profile.stranger else CA
        fields = issuer_fields()
        rest = ISSUER.modulus[64:] + ISSUER.exponent
        self._replace(tags.ISSUER_CERTIFICATE, self._sealed(sealing, fields, rest, "issuer"))
        rest = ICC.modulus[38:] + ICC.exponent + self._static()
        self._replace(
            tags.ICC_CERTIFICATE, self._sealed(ISSUER, icc_fields(self.pan), rest, "icc")
        )

    def signature(self, signed, atc=None):
        """9F4B, its fields bent."""
        dynamic = b"\x02" + (self.atc if atc is None else atc).to_bytes(2)
        fields = b"\x05\x01\x03" + dynamic + b"\xbb" * (len(ICC.modulus) - 28)
        return self._sealed(ICC, fields, signed, "sdad")

    def _sign(self, entries, sent):
        if self.profile.version == "0020":  # an older card signs version 00 alone
            head = small_card.dol.taken(entries, sent, tags.UN) or b""
            return self.signature(head)
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

    def _sealed(self, key, fields, also_hashed, slot):
        """A block of `fields` signed by `key`; each Bend sets one byte, before or behind the hash
        is made, or one outside of the fields.
        """
        head, trailer, hashed = b"\x6a", b"\xbc", fields
        for one in self._of(slot):
            at = one.place % len(fields)
            fields = fields[:at] + bytes([one.a]) + fields[at + 1 :]
            hashed = hashed if one.b & 1 else fields
            head = b"\x6b" if one.b & 2 else head
            trailer = b"\xbd" if one.b & 4 else trailer
        digest = hashlib.sha1(hashed + also_hashed).digest()
        return _signed(key, head + fields + digest + trailer)


@lru_cache(maxsize=4096)
def _signed(key, block):
    return key.sign(block)
