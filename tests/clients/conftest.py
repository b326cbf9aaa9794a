# SPDX-License-Identifier: Apache-2.0
"""Says at the end of a run which foreign clients took part."""

from tests.clients import clients


def pytest_terminal_summary(terminalreporter):
    if clients.RAN or clients.ABSENT:
        for line in clients.summary(clients.RAN, clients.ABSENT, clients.AGAIN):
            terminalreporter.write_line(line)
