# SPDX-License-Identifier: Apache-2.0
"""A card in a contact reader through PC/SC, by pyscard (Debian: python3-pyscard). CPython, loaded
only where settings name one. Contract: slot of firmware/module/psam.py.

pcscd waits for a card as long as the card asks for more time. So each call runs beside, and one
that takes longer than `timeout_ms` is lost: nothing else is asked of the reader until it is back.
"""

import threading

from firmware.errors import FormatError, LinkLost

try:
    from smartcard import scard
except ImportError as error:
    raise FormatError(
        f"PC/SC needs pyscard (Debian: python3-pyscard; in a venv: pip install pyscard): {error}"
    ) from error

TIMEOUT_MS = 2000
LONGEST = 258


class PcscSlot:
    """where: part of a reader's name, "" for the first one with a card in it."""

    def __init__(self, where, timeout_ms=TIMEOUT_MS):
        self._where = where
        self._timeout_s = timeout_ms / 1000
        self._context = None
        self._card = None
        self._protocol = None
        self._busy = None  # the thread of a call that has not come back

    def reset(self):
        """ATR of the card, powered anew."""
        return self._bounded(self._connect)

    def names(self):
        """Names of all readers; LinkLost without pcscd, or without a reader."""
        return self._bounded(self._listed)

    def exchange(self, command, spare=None):
        """R-APDU of a C-APDU."""
        if self._card is None:
            raise LinkLost("no card in the reader")
        return self._bounded(lambda: self._transmit(command))

    def present(self):
        """LinkLost where it was taken out."""
        if self._card is None:
            raise LinkLost("no card in the reader")
        self._bounded(lambda: self._checked(scard.SCardStatus(self._card)))

    def close(self):
        """Leave the card without power."""
        if self._card is not None:
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
            self._card = None
        if self._context is not None:
            scard.SCardReleaseContext(self._context)
            self._context = None

    def _listed(self):
        self.close()
        self._context = self._checked(scard.SCardEstablishContext(scard.SCARD_SCOPE_USER))[0]
        return self._checked(scard.SCardListReaders(self._context, []))[0]

    def _connect(self):
        said = []
        for name in self._listed():
            if self._where in name:
                try:
                    return self._connect_to(name)
                except LinkLost as gone:
                    said.append("%s: %s" % (name, gone))
        raise LinkLost("; ".join(said) or "no reader that is called %r" % self._where)

    def _connect_to(self, name):
        # exclusive: nobody else makes MACs with the key that is derived
        self._card, self._protocol = self._checked(
            scard.SCardConnect(
                self._context,
                name,
                scard.SCARD_SHARE_EXCLUSIVE,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
            )
        )
        return bytes(self._checked(scard.SCardStatus(self._card))[3])

    def _transmit(self, command):
        t1 = self._protocol == scard.SCARD_PROTOCOL_T1
        kind = scard.SCARD_PCI_T1 if t1 else scard.SCARD_PCI_T0
        answer = self._checked(scard.SCardTransmit(self._card, kind, list(command)))[0]
        return bytes(answer[: LONGEST + 1])

    @staticmethod
    def _checked(result):
        """The values behind a result's code; LinkLost where that is an error."""
        if result[0] != scard.SCARD_S_SUCCESS:
            raise LinkLost("PC/SC: " + scard.SCardGetErrorMessage(result[0]))
        return result[1:]

    def _bounded(self, call):
        """What call() gives, in time."""
        if self._busy and self._busy.is_alive():
            raise LinkLost("the reader is still at the last call")
        told, failed = [], []

        def run():
            try:
                told.append(call())
            except (LinkLost, ValueError, TypeError) as wrong:
                failed.append(str(wrong))

        self._busy = threading.Thread(target=run, daemon=True)
        self._busy.start()
        self._busy.join(self._timeout_s)
        if not told:
            silent = "no answer of the reader in %d ms" % (self._timeout_s * 1000)
            raise LinkLost(failed[0] if failed else silent)
        return told[0]


def open_pcsc(where):
    """A slot; reader and card may come later."""
    return PcscSlot(where)
