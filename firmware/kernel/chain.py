# SPDX-License-Identifier: Apache-2.0
"""The certificates and the signature of one card, as background work (docs/design.md; qpboc.md I,
J).

The CA key that 8F names brings its suite, RSA or SM2; the card has no say in it (QT-217). A work
begins with the first record that makes its bytes certain; finish() is asked at the gate.
"""

from firmware.kernel import capk, oda, tags
from firmware.kernel.work import Work

SYMMETRIC_SM4 = 4  # 9F10 byte 8 (JR/T 0025.17 annex A)


class Chain:
    """The works of offline data authentication, each begun as soon as its bytes are there.

    fDDA is the only method (QT-007), with the one suite or the other (QT-009).
    A work is handed its bytes when it begins, so that its result depends on the order of the
    records alone, never on how much of it was done while the card answered.
    """

    def __init__(self, tap, purchase):
        self.tap = tap
        self.purchase = purchase
        self.capk = None
        self.failure = "certificates incomplete before the last record"
        self.issuer = None
        self.icc = None
        self.opened = None

    def advance(self):
        """Generator: yields each Work that can begin now."""
        tap = self.tap
        if not self.capk and not self._find_ca_key():
            return
        suite = self.capk.suite
        if self.issuer is None and self._may_open(tags.ISSUER_CERTIFICATE, suite.is_issuer_whole):
            self.issuer = Work(self._issuer_steps(), oda.OdaFailed)
            yield self.issuer
        if self.icc is None and self.issuer and tap.pan():
            if not self._may_open(tags.ICC_CERTIFICATE, suite.is_icc_whole):
                return
            values = [tap.value(tag) for tag in ICC_PARTS]
            self.icc = Work(self._icc_steps(values, tap.pan()), oda.OdaFailed)
            yield self.icc
        if self.opened is None and self.icc and tap.value(tags.SDAD):
            steps = self._sdad_steps(tap.value(tags.SDAD), tap.value(tags.ATC))
            self.opened = Work(steps, oda.OdaFailed)
            yield self.opened

    def mandatory(self):
        """Tags that the suite needs beside those of every suite; none while it is not known."""
        return self.capk.suite.MANDATORY if self.capk else ()

    def finish(self):
        """What open_sdad() of the suite returned, of a chain that holds from the CA key down;
        OdaFailed names the step.
        """
        oda.require(self.opened is not None, self.failure)
        opened = self.opened.finish()  # QT-147, QT-149: the works above have held, or it raises
        suite = self.capk.suite
        suite.check_static(self.icc.finish(), self.tap.static_data())  # QT-148
        sm4 = self.tap.value(tags.IAD)[7] == SYMMETRIC_SM4
        oda.require(  # one path of a card is all SM or not at all (QT-217, QT-233)
            sm4 == (suite.ALGORITHM == capk.ALGORITHM_SM2), "9F10 is of another suite"
        )
        return opened

    def without_dda(self):
        """What is said of a card that cannot sign: it is refused, whatever its 93 is worth.

        Only fDDA approves (QT-145, QT-213); with `sda` its static data are looked at for the
        record, and that is all the parameter changes (QT-008).
        """
        said = "AIP without DDA"
        if self.purchase.sda and self.tap.value(tags.SSAD):
            from firmware.kernel import sda  # such cards are few, memory is small

            said += sda.told(self)
        return said

    def _find_ca_key(self):
        """Take the CA key that 8F names (QT-146); what forbids its use is kept for finish()."""
        index = self.tap.data.get(tags.CAPK_INDEX)
        if index is None:
            return False
        if len(index) != 1:
            self.failure = "8F of %d bytes" % len(index)
            return False
        found = capk.find(self.purchase.capks, self.tap.selected.aid[:5], index[0])
        why = capk.refusal(found, self.purchase.today) if found else "is not known"
        if why:
            self.failure = "CA key %02X %s" % (index[0], why)
            return False
        self.capk = found
        return True

    def _may_open(self, tag, is_whole):
        """True when the certificate `tag` is there, and what else it needs or may get."""
        return bool(self.tap.value(tag)) and (is_whole(self.tap) or self._all_read())

    def _all_read(self):
        return len(self.tap.records) >= len(self.tap.read_list()) - 1

    def _issuer_steps(self):
        values = [self.tap.value(tag) for tag in ISSUER_PARTS]
        return self.capk.suite.issuer_key(self.capk, *values, self.purchase.cache)

    def _icc_steps(self, values, pan):
        issuer = self.issuer.finish()
        today = self.purchase.today
        oda.check_issuer(issuer, pan, today, self.capk.revoked)
        return (yield from self.capk.suite.icc_key(issuer, *values, pan, today))

    def _sdad_steps(self, sdad, atc):
        return (yield from self.capk.suite.open_sdad(self.icc.finish(), sdad, atc))


ISSUER_PARTS = (tags.ISSUER_CERTIFICATE, tags.ISSUER_REMAINDER, tags.ISSUER_EXPONENT)
ICC_PARTS = (tags.ICC_CERTIFICATE, tags.ICC_REMAINDER, tags.ICC_EXPONENT)
