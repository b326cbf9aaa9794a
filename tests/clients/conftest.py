# SPDX-License-Identifier: Apache-2.0
"""Says at the end of a run which foreign clients took part, and what was done again.

pn532pi waits 10 ms for an ACK and adafruit 100 ms for bytes, on a clock that does not stop while
the machine is busy elsewhere. A test marked `own_clock` is asked of a run that nothing disturbed:
when it fails it is tried again, TRIES times in all, and the summary names it.
"""

import pytest
from _pytest.runner import runtestprotocol

from tests.clients import clients


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    if item.get_closest_marker("own_clock") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in reversed(range(clients.TRIES)):
        item._initrequest()  # fixtures of the test are made anew
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not left or not any(report.failed for report in reports):
            break
        clients.AGAIN.append(item.name)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter):
    if clients.RAN or clients.ABSENT or clients.AGAIN:
        for line in clients.summary(clients.RAN, clients.ABSENT, clients.AGAIN):
            terminalreporter.write_line(line)
