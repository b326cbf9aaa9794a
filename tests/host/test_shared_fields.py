# SPDX-License-Identifier: Apache-2.0
"""What a record takes over from its pending entry as packed bytes."""

from firmware.devices.entries import SHARED
from firmware.formats import pending, record


def test_shared_fields_should_be_of_one_kind_in_both_tables():
    of_entry, of_record = dict(pending.PENDING_V4), dict(record.RECORD_V4)
    for name in SHARED:
        one, other = of_entry[name], of_record[name]
        assert type(one) is type(other) and vars(one) == vars(other), name
