# SPDX-License-Identifier: Apache-2.0
"""What a terminal must not do, and does not: no other command, no symmetric key, no path of its
own, nothing written but the journal.
"""

import ast
from pathlib import Path

import pytest

from firmware import settings
from firmware.formats import ca_keys, parameters
from firmware.kernel import apdu, capp, capp_update, tags
from host_tools.image import modules
from sim.wallet import Wallet
from tests.host.console import faretap
from tests.small_card import SmallCard, bend, replaced
from tests.stand import Stand

ROOT = Path(__file__).resolve().parents[2]
# SELECT, GET PROCESSING OPTIONS, READ RECORD, GET DATA, GET TRANS PROVE: what only reads, and the
# one command that takes the money.
ALLOWED = {"select": 0xA4, "get_processing_options": 0xA8, "read_record": 0xB2, "get_data": 0xCA,
           "get_trans_prove": 0x5A}  # fmt: skip
SAMPLES = {"select": (b"name",), "get_processing_options": (b"data",), "read_record": (1, 1),
           "get_data": (0x9F79,), "get_trans_prove": (b"\x00\x05",)}  # fmt: skip
SOFTWARE_MODULE = "firmware/hal/ciphers_cpython.py"
# What a terminal that uses records of the card sends beside them (JR/T 0025.14), where it is made
EXTENDED = {"firmware/kernel/capp.py": "read_capp_data", "firmware/kernel/capp_update.py":
            "update_capp_data_cache"}  # fmt: skip
CIPHERS = {"cryptolib", "ucryptolib", "Crypto", "cryptography", "hmac", "gmssl", "nacl"}


def trees(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def builders():
    """Functions of apdu.py that make a command."""
    return [
        name
        for name, value in vars(apdu).items()
        if callable(value)
        and getattr(value, "__module__", "") == apdu.__name__
        and name != "split"
    ]


def foreign(path, node):
    """True when a generator yields what is no command of ours, no work and no end of a slice."""
    text = ast.unparse(node.value) if node.value else ""
    known = any(text.startswith("apdu.%s(" % name) for name in ALLOWED)
    work = path == "firmware/kernel/chain.py" and text in (
        "self.issuer",
        "self.icc",
        "self.opened",
    )
    extended = path in EXTENDED and text.startswith(EXTENDED[path] + "(")
    twins = path == "firmware/kernel/twins.py"  # modules, to who computes
    chore = CHORES.get(path) == text
    asks = text.startswith(ASKS)
    return bool(text) and not (known or work or extended or twins or chore or asks)


CHORES = {
    "firmware/devices/sale.py": "Chore(self.collect)",
    "firmware/kernel/transaction.py": "Chore(meanwhile, tap)",
}
# calls to the trade's rules and to the security module: none of them reaches the card
ASKS = (
    "Ask(purchase.refuse, ",
    "Ask(change.session.mac, ",
    "Ask(change.session.ahead, ",
    "Ask(later.session.ahead, ",
    "Ask(proof.r_mac, ",
    "Ask(ahead)",
)
DRIVERS = (
    "firmware/drive.py",
    "firmware/devices/terminal.py",  # the sale
    "firmware/devices/inspector.py",  # kernel.enquiry
)


def drives(tree):
    """True for a module that drives a dialogue."""
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "firmware.drive"
        for node in ast.walk(tree)
    )


def test_only_five_commands_should_be_known():
    """QT-214, QT-266, QT-286: no GENERATE AC (AE), INTERNAL AUTHENTICATE (88), PUT DATA (DA),
    UPDATE RECORD (DC), nor anything else that loads, unloads or changes a card. So what was
    taken at the entrance could not be given back at the exit, and is not taken (TD-036).
    """
    assert sorted(builders()) == sorted(ALLOWED)
    for name, sample in SAMPLES.items():
        assert getattr(apdu, name)(*sample)[1] == ALLOWED[name]


def test_an_extended_terminal_should_know_two_more():
    """QX-068: READ CAPP DATA and UPDATE CAPP DATA CACHE; no APPEND RECORD (E2), which subscribes
    a card to a trade, is built anywhere in the firmware.
    """
    assert capp.read_capp_data(0x15, 0, b"\x01\x21")[1] == 0xB4
    assert capp_update.update_capp_data_cache(0x15, 0, b"record", bytes(4))[1] == 0xDE
    for path, tree in trees("firmware"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                assert not node.value.startswith(b"\x04\xe2"), path
            if isinstance(node, ast.FunctionDef):
                assert "append_record" not in node.name, path


def test_every_command_should_be_made_by_those_builders():
    """QT-214, QT-266, QT-286: a generator of the kernel, or of the sale over it, yields nothing
    else, and nobody else drives one.
    """
    seen = 0
    dialogues = [one for one in trees("firmware/devices") if one[0].endswith("/sale.py")]
    for path, tree in [*trees("firmware/kernel"), *dialogues]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Yield):
                seen += 1
                assert not foreign(path, node), "%s:%d" % (path, node.lineno)
    assert seen > 10
    assert len(dialogues) == 1
    driving = [path for path, tree in trees("firmware") if path not in DRIVERS and drives(tree)]
    assert not driving, driving
    assert foreign("x.py", ast.parse("yield b'\\x80\\xae'").body[0].value)
    assert not foreign("x.py", ast.parse("yield apdu.select(name)").body[0].value)


def test_no_symmetric_key_should_be_held():
    """QT-031: no cipher, no key among settings and parameters: nothing that could be exposed.

    A software module of tests and depots has ciphers (QX-070): one file, which no board gets.
    """
    on_boards = {str(path) for path in modules.needed()}
    assert not [path for path in on_boards if path.endswith(SOFTWARE_MODULE)]
    for path, tree in trees("firmware"):
        if path.endswith(SOFTWARE_MODULE):
            continue
        for node in ast.walk(tree):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & CIPHERS, path
            if isinstance(node, ast.FunctionDef):
                assert "encrypt" not in node.name and "decrypt" not in node.name, path
    keys = settings.SINGLE + parameters.SINGLE + parameters.MANY
    keys += ca_keys.SINGLE + ca_keys.MANY
    assert not [key for key in keys if "secret" in key or "mac" in key or "password" in key]
    assert {key for key in keys if "key" in key} <= {"key", "ca_key", "ca_key_check_s"}


def test_no_path_should_be_addressed_and_no_application_probed():
    """QT-076, QT-089: one directory, no name of a contact or path-specific application."""
    names = set()
    for _, tree in trees("firmware"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                names.update(one for one in ("1PAY", "2PAY") if text.startswith(one))
                if text.upper().startswith("A0000003") and len(text) <= 32:
                    names.add(text)
    assert names == {"2PAY", "A0000003330101"}  # the default of the AID list, a parameter


def test_nothing_should_be_written_but_the_journal():
    """QT-013, QT-277: program, settings, parameters and keys are only read, and a newer sealed
    set takes the place of the older one in one step; the journal's file is the one that is ever
    opened to be written, and a serial line, and what is fetched, beside what is in force.
    """
    writers, renamers, fetched = set(), set(), set()
    for path, tree in trees("firmware"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open":
                mode = node.args[1].value if len(node.args) > 1 else "r"
                if set(mode) & set("wax+"):
                    writers.add(path)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in ("unlink", "truncate", "write_text"), path
                if node.func.attr == "write_at":
                    fetched.add((path, ast.unparse(node.args[0])))
                if node.func.attr in ("rename", "replace") and len(node.args) == 2:
                    renamers.add((path, ast.unparse(node.func.value)))
    assert writers == {
        "firmware/hal/fileflash.py", "firmware/hal/unix.py", "firmware/hal/parts.py",
    }  # fmt: skip
    assert fetched == {
        ("firmware/download.py", "path + PART"),
        ("firmware/download.py", "path + WANT"),
        ("firmware/boot/record.py", "'%s.%d' % (self.path, place)"),  # two copies in turn
        ("firmware/boot/raw_slots.py", "self.path + AT"),  # how far a download is
        ("firmware/boot/raw_slots.py", "self.path + NEXT"),
        ("firmware/boot/raw_slots.py", "path"),
        ("firmware/boot/raw_slots.py", "new"),
        ("firmware/stick.py", "path + '.part'"),  # records on their way to the collector
    }
    files = ("os", "self.hal", "self.store")
    on_files = {(path, whose) for path, whose in renamers if whose in files}
    assert on_files == {
        ("firmware/boot/file_slots.py", "self.store"),  # a release that was verified
        ("firmware/download.py", "self.store"),  # to PATH.next, and its hash is the one offered
        ("firmware/hal/cpython.py", "os"),
        ("firmware/hal/mpy.py", "os"),
        ("firmware/devices/deny.py", "self.hal"),  # a deny list that was checked whole
        ("firmware/devices/host_sums.py", "self.hal"),  # sums of the host, checked likewise
        ("firmware/hal/fileflash.py", "os"),  # a new journal, made whole beside its place
        ("firmware/renewal.py", "self.hal"),  # a sealed set takes the place of the one before
    }


def test_no_log_of_a_day_should_hold_a_card_number(tmp_path):
    """QT-033: all that a day of taps, tears and refusals prints; journal, ledger, wallet and
    parameters are data and are not printed. Neither PAN nor track 2, nor any part beyond 6 and 4.
    """
    folder = tmp_path / "day"
    said = faretap("demo", "--fast", "--runtime", "cpython", "--folder", folder)
    assert said.returncode == 0 and "●" in said.stdout
    listed = faretap("ledger", "list", "--json", "--database", folder / "ledger.db")
    assert listed.stdout.count("\n") >= 20
    logs = said.stdout + said.stderr + listed.stdout + listed.stderr
    for entry in Wallet(folder / "wallet").entries:
        pan = entry.pan
        assert len(pan) >= 13 and pan not in logs
        assert pan[:10] not in logs and pan[-8:] not in logs, "more than six and four digits"


TAGS = (
    tags.AIP, tags.AFL, tags.ATC, tags.TRACK_2, tags.IAD, tags.CRYPTOGRAM, tags.SDAD, tags.CTQ,
    tags.AVAILABLE_OFFLINE_AMOUNT, tags.PAN, tags.PSN, tags.EXPIRY, tags.EFFECTIVE,
    tags.CAPK_INDEX,
    tags.ISSUER_CERTIFICATE, tags.ISSUER_EXPONENT, tags.ICC_CERTIFICATE, tags.SDA_TAG_LIST,
    tags.APPLICATION_LABEL, tags.PDOL, tags.ADF_NAME,
)  # fmt: skip


@pytest.mark.parametrize("tag", TAGS, ids=lambda tag: "%X" % tag)
@pytest.mark.parametrize("head", ["00A4", "80A8", "00B2"])
def test_no_log_should_hold_a_number_that_a_card_puts_elsewhere(head, tag):
    """QT-033: PAN or track 2 in place of any value, refused with words that do not repeat it."""
    for value in ("6228000100000010", "6228000100000010d3512201", "6228000100000010" * 3):
        stand, card = Stand(), SmallCard()
        card.edit = bend(head, lambda pairs, v=value: replaced(pairs, tag, bytes.fromhex(v)))
        stand.tap(card)
        said = repr(stand.events) + repr(stand.log)
        assert card.pan not in said and card.pan[:10] not in said
