# SPDX-License-Identifier: Apache-2.0
"""libnfc's own programs, unmodified, on the virtual PN532."""

import threading

import pytest

from sim.timing import Timing
from tests.clients.clients import DIAGNOSE, LIMIT_S, NFC_LIST, NFC_POLL, RAN, until
from tests.clients.stand import Stand
from tests.host.chip_stand import RadioCard
from tests.host.virtual_host import WAKE, command


def run(client, stand):
    """One run: its exit status and what it printed, blanks removed."""
    client.needed()
    where = {"LIBNFC_DEVICE": "pn532_uart:" + stand.path}
    ended = client.run(client.probe, more=where)
    version = ended.stdout.partition("\n")[0].strip().removeprefix(client.name + " uses ")
    RAN[client.name] = "%s of %s" % (client.name, version)
    return ended.returncode, "".join(ended.stdout.split())


def starting(**parts):
    """A stand whose chip has just got its power: it takes SAMConfiguration first."""
    return Stand(power="low_vbat", **parts)


def missing(card, printed):
    """What should be printed of the card and is not."""
    wanted = ("UID(NFCID1):" + card.uid.hex(), "SAK(SEL_RES):20", "ATS:" + card.ats[1:].hex())
    return [one for one in wanted if one not in printed]


def ended_well(result):
    return result[0] == 0


@pytest.mark.parametrize("timing", [Timing.none(), Timing()], ids=["no delays", "115200 baud"])
def test_nfc_list_should_list_the_card_twice_in_a_row(timing):
    """PS-23; opened, listed, PowerDown, closed, and again: the chip has to wake for it (PS-07)."""

    with starting(timing=timing) as stand:
        for _ in range(2):
            status, printed = until(ended_well, lambda: run(NFC_LIST, stand))
            assert status == 0
            assert "1ISO14443Apassivetarget(s)found" in printed
            assert missing(stand.card, printed) == []
            assert stand.chip.power == "asleep"


def test_nfc_list_should_open_as_it_was_seen_to_open():
    """PS-09, PS-23: the chapter's list of libnfc's first commands, byte for byte."""
    with starting() as stand:
        run(NFC_LIST, stand)
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
    assert stand.stream().startswith(b"".join(opening))
    assert stand.stream().endswith(command("5200") + command("320100") + command("16f0"))


def test_nfc_list_should_list_type_b():
    """PS-16, PS-23."""
    with starting(card=RadioCard(kind="B")) as stand:
        status, printed = run(NFC_LIST, stand)
    assert status == 0
    assert "1ISO14443Bpassivetarget(s)found" in printed
    assert "PUPI:" + stand.card.uid.hex() in printed


def test_nfc_list_should_end_well_without_a_card():
    """PS-12: no card in any of the types it asks for."""
    with starting() as stand:
        stand.field.remove()
        status, printed = run(NFC_LIST, stand)
    assert status == 0
    assert "found" not in printed


def test_nfc_poll_should_find_the_card_and_see_it_leave():
    """PS-08, PS-14, PS-21: InAutoPoll finds it, then raw R(NAK) ask whether it is there, until the
    card goes.
    """
    NFC_POLL.needed()
    with starting(timing=Timing()) as stand:
        asked = threading.Event()
        note = stand.server.trace

        def trace(who, data, at_us):
            note(who, data, at_us)
            if command("42b2") in data:
                asked.set()

        stand.server.trace = trace
        leaving = threading.Thread(target=lambda: asked.wait(LIMIT_S) and stand.field.remove())
        leaving.start()
        status, printed = run(NFC_POLL, stand)
        asked.set()
        leaving.join()
    assert status == 0
    assert missing(stand.card, printed) == []
    assert printed.endswith("Waitingforcardremoving...done.")


def test_pn53x_diagnose_should_find_line_rom_and_ram_in_order():
    """PS-11: Diagnose 00, 01 and 02, as libnfc's own check asks for them."""
    with starting() as stand:
        status, printed = run(DIAGNOSE, stand)
    assert status == 0
    assert "Communicationlinetest:OK" in printed
    assert "ROMtest:OK" in printed
    assert "RAMtest:OK" in printed
