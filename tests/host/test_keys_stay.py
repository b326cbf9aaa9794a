# SPDX-License-Identifier: Apache-2.0
"""QX-070: no key of a card's memory in firmware, image, flash or log of a day that was played."""

import base64
import json

from firmware.hal import cpython as hal
from firmware.module.opening import open_module
from host_tools import module_file
from host_tools.image import modules
from sim import capp_keys
from sim.capp_profile import known_key_rows
from sim.psam import KEY_USE, VERSIONS
from tests.small_card import SmallCard
from tests.stand import Stand

SECRET = "a secret of a laboratory"
FACTOR = bytes.fromhex("1122334455667788")


def keys():
    """Every key that is in the module, and those it derives in this day."""
    found = [
        one.value for one in module_file.read_plain("\n".join(known_key_rows("3des")), "known")
    ]
    cipher = capp_keys.CIPHERS["3des"]
    masters = [capp_keys.known_master(KEY_USE, one) for one in VERSIONS]
    return found + [capp_keys.record_key(cipher, one, FACTOR) for one in masters]


def forms(key):
    """What somebody who searches would search for: the whole, its halves, hex, base64."""
    halves = (key, key[:8], key[8:])
    texts = [one.hex().encode() for one in halves] + [base64.b64encode(key)[:21]]
    return [*halves, *texts, *(one.upper() for one in texts[:3])]


def found_in(data):
    return [form for key in keys() for form in forms(key) if form in data]


def played_day(folder):
    """A terminal with a module: three sales, sessions and MACs beside them; (Stand, module)."""
    (folder / "secret").write_text(SECRET)
    rows = module_file.read_plain("\n".join(known_key_rows("3des")), "known")
    module_file.write(folder / "sealed", module_file.seal("lab", rows, SECRET))
    stand = Stand()
    more = {"module": f"software:{folder}/sealed", "module_secret": f"{folder}/secret"}
    told = []
    stand.module = open_module(more, hal, hal, told.append)
    stand.restart()
    for _ in range(3):
        stand.reader.field = [SmallCard()]
        stand.terminal.turn()
        for version in VERSIONS:
            session = stand.terminal.parts.module.session(KEY_USE, version, FACTOR)
            assert session.mac(bytes(8), b"a record")
            stand.events.append(repr((session, session.__dict__, session.module.__dict__)))
        stand.reader.field = []
        for _ in range(4):
            stand.terminal.turn()
    stand.events += told
    return stand


def test_no_key_should_be_in_flash_log_or_sealed_file_of_a_played_day(tmp_path):
    """QX-070: flash bytes, events, reprs and the file; a key that is put there is found."""
    stand = played_day(tmp_path)
    assert [event for event in stand.events if isinstance(event, dict) and "tap" in str(event)]
    said = json.dumps(stand.events, default=repr).encode()
    assert not found_in(b"".join(stand.flash.blocks))
    assert not found_in(said)
    assert not found_in((tmp_path / "sealed").read_bytes())
    assert found_in(said + keys()[0].hex().encode())


def test_no_key_should_be_in_the_code_of_a_terminal():
    """QX-070: of the sources of an image none holds a master or its hex."""
    for path in modules.sources().values():
        assert not found_in(path.read_bytes()), path


def test_keys_and_memory_of_cards_should_be_in_images_of_devices_that_use_them(tmp_path):
    """The bit is the device's own: `uses_records` of its trade."""
    (tmp_path / "uses.py").write_text("class Metro(Trade):\n    uses_records = True\n")
    (tmp_path / "does_not.py").write_text("class Bus(Trade):\n    name = 'bus'\n")
    for word, uses in (("uses", True), ("does_not", False)):
        name = "firmware.devices." + word
        assert modules.use_records([name], {name: tmp_path / (word + ".py")}) is uses
    names = [path.relative_to(modules.ROOT).as_posix() for path in modules.needed(["bus"])]
    assert not [name for name in names if name.startswith("firmware/module")]
