# SPDX-License-Identifier: Apache-2.0
"""The CA keys and opened issuer keys of one device, and what is done for them between cards."""

from firmware.formats import record
from firmware.kernel import capk, oda


class Keys:
    """`capks`: the CA keys that may be used now; `cache`: oda.KeyCache."""

    def __init__(self, capks, parts, stamp):
        self.ring = capk.Keyring(capks)
        self.cache = oda.KeyCache()
        self.parts = parts
        self.stamp = stamp

    @property
    def capks(self):
        return self.ring.capks

    def idle(self):
        """Look at one CA key, do one slice for the cache. A damaged key is out of use from here
        on; it is reported and goes into the journal as an event (QT-022).
        """
        self.cache.idle()
        damaged = self.ring.check_next()
        if not damaged:
            return
        name = "%s %02X" % (damaged.rid.hex().upper(), damaged.index)
        self.parts.report({"event": "ca_key", "text": name + " is damaged"})
        note(self.parts.journal, self.stamp, "ca_key_damaged " + name)


def note(journal, stamp, reason):
    """Write an event without a card; the last place in the journal is a sale's."""
    if journal.room() > 1:
        values = stamp.onto(record.blank(record.EVENT))
        values["reason"] = reason
        journal.append(record.pack(values))
