# SPDX-License-Identifier: Apache-2.0
"""nfc-list of libnfc, unmodified, against the virtual PN532 (PS-23, PS-28)."""

import os
import shutil
import subprocess

import pytest

from sim.chip import Chip
from sim.serve import PtyServer
from sim.timing import Timing
from tests.host.virtual_host import ATS, UID, WAKE, FakeCard, FakeField, command

NFC_LIST = shutil.which("nfc-list", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
LIMIT_S = 30

pytestmark = pytest.mark.skipif(NFC_LIST is None, reason="nfc-list (Debian: libnfc-bin) is absent")


def nfc_list(server):
    """One run: its exit status and what it printed, blanks removed."""
    environment = dict(os.environ, LIBNFC_DEVICE="pn532_uart:" + server.path)
    run = subprocess.run(
        [NFC_LIST], env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    return run.returncode, "".join(run.stdout.split())


def expected(label, data):
    return label + data.hex()


@pytest.mark.parametrize("timing", [Timing.none(), Timing()], ids=["no delays", "115200 baud"])
def test_nfc_list_should_list_the_card_twice_in_a_row(timing):
    """Opened, listed, PowerDown, closed; and again: the chip has to wake for it (PS-07)."""
    with PtyServer(Chip(FakeField(FakeCard()), timing=timing)) as server:
        for _ in range(2):
            status, printed = nfc_list(server)
            assert status == 0
            assert "1ISO14443Apassivetarget(s)found" in printed
            assert expected("UID(NFCID1):", UID) in printed
            assert "SAK(SEL_RES):20" in printed
            assert expected("ATS:", ATS[1:]) in printed
            assert server.chip.power == "asleep"


def test_nfc_list_should_open_as_it_was_seen_to_open():
    """The chapter's list of libnfc's first commands, byte for byte."""
    said = []
    chip = Chip(FakeField(FakeCard()))
    with PtyServer(chip, trace=lambda who, data, _: said.append((who, data))) as server:
        nfc_list(server)
    stream = b"".join(data for who, data in said if who == "host")
    opening = [
        WAKE + command("1401"),
        command("00006c69626e6663"),
        command("02"),
        command("1214"),
        command("0663026303630d6338633d"),
        command("08630280630380"),
        command("320100"),
        command("320101"),
        command("3205ffffff"),
        command("066302630363056338633c633d"),
    ]
    assert stream.startswith(b"".join(opening))
    assert stream.endswith(command("5200") + command("320100") + command("16f0"))


def test_nfc_list_should_list_type_b():
    kind_b = FakeCard(kind="B", uid=b"\x01\x02\x03\x04")
    with PtyServer(Chip(FakeField(kind_b))) as server:
        status, printed = nfc_list(server)
    assert status == 0
    assert "1ISO14443Bpassivetarget(s)found" in printed
    assert "PUPI:01020304" in printed


def test_nfc_list_should_end_well_without_a_card():
    with PtyServer(Chip(FakeField())) as server:
        status, printed = nfc_list(server)
    assert status == 0
    assert "found" not in printed
