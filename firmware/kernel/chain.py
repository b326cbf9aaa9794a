# SPDX-License-Identifier: Apache-2.0
"""The certificates and the signature of one card, as background work (docs/design.md; qpboc.md I).

A work begins with the first record that makes its bytes certain; finish() is asked at the gate.
"""

from firmware.kernel import oda, tags
from firmware.kernel.work import Work


class Chain:
    """The works of offline data authentication, each begun as soon as its bytes are there.

    A work is handed its bytes when it begins, so that its result depends on the order of the
    records alone, never on how much of it was done while the card answered.
    """

    def __init__(self, tap, purchase):
        self.tap = tap
        self.purchase = purchase
        self.issuer = None
        self.icc = None
        self.opened = None

    def advance(self):
        """Generator: yields each Work that can begin now."""
        tap = self.tap
        if self.issuer is None and self._may_open_issuer():
            self.issuer = self._work(self._issuer_steps())
            yield self.issuer
        if self.icc is None and self.issuer and self._may_open_icc():
            self.icc = self._work(
                oda.icc_key(
                    self.issuer,
                    tap.value(tags.ICC_CERTIFICATE),
                    tap.value(tags.ICC_REMAINDER),
                    tap.value(tags.ICC_EXPONENT),
                    tap.pan(),
                    self.purchase.today,
                )
            )
            yield self.icc
        if self.opened is None and self.icc and self._has(tags.SDAD):
            self.opened = self._work(
                oda.open_sdad(self.icc, tap.value(tags.SDAD), tap.value(tags.ATC))
            )
            yield self.opened

    def finish(self):
        """OpenedSdad of a chain that holds from the CA key down; OdaFailed names the step."""
        if self.opened is None:
            raise oda.OdaFailed("certificates incomplete before the last record")
        opened = self.opened.finish()
        oda.check_static(self.icc.finish(), self.tap.static_data())
        return opened

    def _has(self, *wanted):
        return all(tag in self.tap.data for tag in wanted)

    def _all_read(self):
        return len(self.tap.records) >= len(self.tap.read_list()) - 1

    def _may_open_issuer(self):
        """92 may come in a record of its own; the length of 9F46, the issuer's modulus, tells
        whether it is due (QT-196).
        """
        if not self._has(tags.CAPK_INDEX, tags.ISSUER_CERTIFICATE, tags.ISSUER_EXPONENT):
            return False
        room = len(self.tap.value(tags.ISSUER_CERTIFICATE)) - oda.ISSUER_FIELDS
        whole = self._has(tags.ICC_CERTIFICATE) and (
            len(self.tap.value(tags.ICC_CERTIFICATE)) <= room
        )
        return whole or self._has(tags.ISSUER_REMAINDER) or self._all_read()

    def _may_open_icc(self):
        """9F48 likewise, by the length of 9F4B (QT-202)."""
        if not self._has(tags.ICC_CERTIFICATE, tags.ICC_EXPONENT) or not self.tap.pan():
            return False
        room = len(self.tap.value(tags.ICC_CERTIFICATE)) - oda.ICC_FIELDS
        whole = self._has(tags.SDAD) and len(self.tap.value(tags.SDAD)) <= room
        return whole or self._has(tags.ICC_REMAINDER) or self._all_read()

    def _work(self, slices):
        return Work(slices, oda.OdaFailed)

    def _issuer_steps(self):
        tap = self.tap
        return self._issuer_key(
            *[
                tap.value(tag)
                for tag in (
                    tags.CAPK_INDEX,
                    tags.ISSUER_CERTIFICATE,
                    tags.ISSUER_REMAINDER,
                    tags.ISSUER_EXPONENT,
                )
            ]
        )

    def _issuer_key(self, index, certificate, remainder, exponent):
        if len(index) != 1:
            raise oda.OdaFailed("8F of %d bytes" % len(index))
        rid = self.tap.selected.aid[:5]
        capk = oda.find_capk(self.purchase.capks, rid, index[0])  # QT-146
        if capk is None:
            raise oda.OdaFailed("CA key %02X is not known" % index[0])
        if capk.expiry and capk.expiry < self.purchase.today:
            raise oda.OdaFailed("CA key %02X has expired" % index[0])  # QT-023
        key = yield from oda.issuer_key(
            capk, certificate, remainder, exponent, self.purchase.cache
        )
        return key
