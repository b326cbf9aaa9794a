# SPDX-License-Identifier: Apache-2.0
"""A megabyte of rubbish: what a protocol holds is no more than after four kilobytes of it."""

import time

import pytest

from tests.neighbours.rubbish import PROTOCOLS, STREAMS, stream, swallow
from tests.neighbours.test_rubbish import MOST_HELD

MEGABYTE = 1 << 20


@pytest.mark.parametrize(("who", "make"), PROTOCOLS, ids=[who for who, _ in PROTOCOLS])
def test_a_megabyte_should_leave_a_protocol_small(who, make):
    """In pieces of 512 bytes, as a device takes them, and of 64 KB; some of it byte by byte."""
    for name in STREAMS[:1]:
        data, began = stream(name, MEGABYTE), time.process_time()
        assert swallow(make, data, 512)[0] <= MOST_HELD, name
        assert time.process_time() - began < 30, name
    for name in STREAMS:
        data = stream(name, 1 << 16)
        assert swallow(make, data, len(data))[0] <= MOST_HELD, name
        assert swallow(make, data[: 1 << 12], 1)[0] <= MOST_HELD, name
