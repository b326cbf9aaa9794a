# SPDX-License-Identifier: Apache-2.0
"""Free read of the card number, so that a concession is known before the amount is sent.

READ RECORD 1 of file 1 holds 57 on bank cards; no GPO, so nothing changes on the card (TD-022).
"""

from firmware.errors import FormatError
from firmware.kernel import apdu, bcd, tags, tlv


def read_card_number():
    """Generator: PAN as digits, "" when the card does not let it be read. LinkLost goes up."""
    answer = yield apdu.read_record(1, 1)
    try:
        data, sw = apdu.split(answer)
        if sw != apdu.SW_OK:
            return ""
        objects = tlv.parse_template(data, tags.RECORD)
        track = tlv.find(objects, tags.TRACK_2)
        if track:
            return bcd.pan_of_57(track.value)[0]
        pan = tlv.find(objects, tags.PAN)
        return bcd.pan_of_5a(pan.value) if pan else ""
    except FormatError:
        return ""
