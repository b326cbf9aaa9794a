# SPDX-License-Identifier: Apache-2.0
"""Named bits as (byte from 1 as in the book, mask), and one test for them."""

AIP_SDA = (1, 0x40)  # JR/T 0025.12 C.1
AIP_DDA = (1, 0x20)

TTQ_FULL_PBOC = (1, 0x40)  # JR/T 0025.12 table 3
TTQ_QPBOC = (1, 0x20)
TTQ_CONTACT = (1, 0x10)
TTQ_OFFLINE_ONLY = (1, 0x08)
TTQ_ONLINE_PIN = (1, 0x04)
TTQ_SIGNATURE = (1, 0x02)
TTQ_ONLINE_CRYPTOGRAM = (2, 0x80)
TTQ_CVM_REQUIRED = (2, 0x40)
TTQ_FDDA_01 = (4, 0x80)

CTQ_ONLINE_PIN = (1, 0x80)  # JR/T 0025.12 C.1
CTQ_SIGNATURE = (1, 0x40)
CTQ_ONLINE_IF_ODA_FAILED = (1, 0x20)
CTQ_CONTACT_IF_ODA_FAILED = (1, 0x10)


def has(value, bit):
    """True when `value` (bytes) is long enough and carries `bit`."""
    return len(value) >= bit[0] and bool(value[bit[0] - 1] & bit[1])


def with_bit(value, bit):
    """`value` with `bit` set."""
    changed = bytearray(value)
    changed[bit[0] - 1] |= bit[1]
    return bytes(changed)
