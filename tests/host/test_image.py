# SPDX-License-Identifier: Apache-2.0
"""Images of boards beside stock MicroPython: the same bytes in any folder, in their places, and a
MicroPython imports the firmware out of them.
"""

import hashlib
import json
import os
import shutil
import subprocess

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from littlefs import LittleFS

from firmware.boot import layout
from host_tools.cli.runtime import find_compiler
from host_tools.image import (
    boards,
    build,
    compiled,
    manifest,
    modules,
    partitions,
    romfs,
    sbom,
    sizes,
    uf2,
    unit,
)
from tests.host.console import faretap
from tests.host.unix_port import ROOT, micropython

SETTINGS = """terminal: 7
reader: serial:1:tx=4,rx=5
journal: flash:end
journal_blocks: 80
parameters: parameters.txt
"""

MADE_OF = (
    "\n".join(
        "%s 1.0+ds %s" % (name, "ab" * 32)
        for name in ("micropython", "mbedtls", "pico-sdk-source", "tinyusb-source")
    )
    + "\ncompiler gcc 12.2.1\n"
)

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no mpy-cross for this machine")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "unit"
    made.mkdir()
    (made / "settings.txt").write_text(SETTINGS)
    (made / "parameters.txt").write_text("text of the fleet")
    return made


@pytest.fixture(scope="module")
def image():
    """Of one device, without settings: the fewest files there are."""
    return make("pico_w")


def make(word, held=None, root=ROOT):
    return build.build(
        boards.maker(word), held, ("inspector",), find_compiler(), ROOT / "none", root=root
    )


def told(image):
    return manifest.make(image, "0.1.0", "mpy-cross")


def test_an_image_should_have_the_same_bytes_from_any_folder(image, tmp_path):
    elsewhere = tmp_path / "another" / "place"
    shutil.copytree(ROOT / "firmware", elsewhere / "firmware")
    for path in elsewhere.rglob("*.py"):
        os.utime(path, (1, 1))
    again = make("pico_w", root=elsewhere)
    assert again.files == image.files
    assert json.dumps(told(again)) == json.dumps(told(image))
    assert sbom.make(told(again)) == sbom.make(told(image))
    assert str(ROOT).encode() not in b"".join(image.files.values())


def test_a_manifest_should_say_what_is_in_the_files(image):
    found = told(image)
    for one in found["files"]:
        data = image.files[one["name"]]
        assert (one["size"], one["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    names = [one["name"] for one in found["firmware"]]
    assert "firmware/main.mpy" in names and "firmware/hal/board.mpy" in names
    assert "firmware/hal/cpython.mpy" not in names and "firmware/devices/taxi.mpy" not in names
    source = (ROOT / "firmware/main.py").read_bytes()
    (main,) = [one for one in found["firmware"] if one["name"] == "firmware/main.mpy"]
    assert main["source_sha256"] == hashlib.sha256(source).hexdigest()


def test_the_list_of_parts_should_pass_the_schema_of_cyclonedx(image):
    text = sbom.make(told(image))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    parts = json.loads(text)["components"]
    assert {one["name"] for one in parts} == {one["name"] for one in told(image)["firmware"]}
    used, compiler = build.made_of(MADE_OF)
    assert compiler == "gcc 12.2.1"
    full = {**told(image), "sources": used}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.make(full)) is None


def test_the_validator_should_find_a_fault(image):
    text = sbom.make(told(image)).replace('"type": "firmware"', '"type": "firmwear"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is not None


@pytest.mark.parametrize("word", [one.word for one in boards.MAKERS if one.kind == boards.UF2])
def test_blocks_of_a_uf2_should_lie_in_their_regions_and_spare_the_records(word):
    made = make(word)
    maker = made.maker
    blocks = uf2.unpack(made.files["faretap-%s.uf2" % word])
    wanted = boards.RP2350_ARM_S if word.startswith("pico2") else boards.RP2040
    assert {family for _, family, _ in blocks} == {wanted}
    flash = {place - boards.FLASH_AT: data for place, _, data in blocks}
    for part in made.parts:
        for at in range(0, len(part.data), 256):
            assert flash[part.place + at].startswith(part.data[at : at + 256])
    for name in ("boot", "journal"):
        first, size = maker.region(name)
        assert not [place for place in flash if first <= place < first + size]


def test_stock_micropython_should_mount_the_stub_and_find_boot_py(image):
    """As its own start does it: the whole storage, whose length has to be that of the stub."""
    maker = image.maker
    blocks = maker.row[3]
    stub, files = image.parts[0], image.parts[1]
    storage = (stub.data + files.data).ljust(blocks * layout.BLOCK_BYTES, b"\xff")
    mounted = mount(storage, blocks, 256)
    assert mounted.listdir("/") == ["boot.py"]
    with mounted.open("boot.py", "rb") as file:
        text = file.read().decode()
    first, size = maker.region("files")
    assert "start=%d,len=%d" % (first - maker.row[2], size) in text
    inner = mount(files.data, maker.blocks, 256)
    assert sorted(inner.listdir("/")) == ["main.py", "rom_reader.mpy"]


def mount(data, blocks, program_bytes):
    system = LittleFS(
        block_size=4096, block_count=blocks, read_size=32, prog_size=program_bytes,
        cache_size=4 * program_bytes, lookahead_size=32, disk_version=0x00020000, mount=False,
    )  # fmt: skip
    system.context.buffer[:] = data
    system.mount()
    return system


IMPORT = """import sys, vfs
sys.path.insert(0, %r)
import rom_reader
data = open(%r, "rb").read()
class Flash:
    def ioctl(self, command, argument):
        return {4: %d, 5: 4096}[command]
    def readblocks(self, block, into, offset):
        part = data[block * 4096 + offset : block * 4096 + offset + len(into)]
        into[: len(part)] = part
for release in (rom_reader.RomFiles(Flash()), vfs.VfsRom(data)):
    vfs.mount(release, "/release")
    sys.path[:] = ["/release"]
    import firmware.boot.layout as layout
    print(layout.__file__, layout.row("pico_w")[3])
    vfs.umount("/release")
    for name in [one for one in sys.modules if one.startswith("firmware")]:
        del sys.modules[name]
"""


def test_micropython_should_import_from_the_release_by_our_reader_and_by_its_own(image, tmp_path):
    path = tmp_path / "release.bin"
    path.write_bytes(image.parts[2].data)
    code = IMPORT % (str(ROOT / "firmware/boot"), str(path), 104)
    ran = subprocess.run(
        [micropython(), "-X", "heapsize=1200K", "-c", code], capture_output=True, text=True
    )
    assert ran.stdout.split("\n")[:2] == ["/release/firmware/boot/layout.mpy 212"] * 2, ran.stderr


FLASH = """STORAGE = bytearray(open(%r, "rb").read())


class Flash:
    def __init__(self, start=0, len=None):
        self.start = start
        self.size = STORAGE_BYTES - start if len is None else len

    def ioctl(self, command, argument):
        if command in (4, 5):
            return self.size // 4096 if command == 4 else 4096
        return 0

    def readblocks(self, block, into, offset=0):
        at = self.start + block * 4096 + offset
        into[:] = memoryview(STORAGE)[at : at + len(into)]

    def writeblocks(self, block, data, offset=0):
        raise OSError(30)


STORAGE_BYTES = len(STORAGE)
"""
START = """import os, sys, vfs
sys.path.insert(0, %r)
import rp2
try:
    vfs.umount("/")
except OSError:
    pass
vfs.mount(vfs.VfsLfs2(rp2.Flash(), progsize=256), "/")
exec(open("/boot.py").read())
print(sorted(os.listdir("/")))
sys.path[:] = ["", "/lib"]
exec(open("/main.py").read().split("from firmware")[0])
import sys
import firmware.boot.layout as layout
print(layout.__file__, sys.path[0])
"""


def test_stock_micropython_should_come_to_our_main_by_way_of_the_stub(image, tmp_path):
    """MicroPython's own littlefs, its own mounts and imports; only the flash is in memory."""
    storage = bytearray(b"\xff" * image.maker.row[3] * layout.BLOCK_BYTES)
    for part in image.parts:
        at = part.place - image.maker.row[2]
        storage[at : at + len(part.data)] = part.data
    (tmp_path / "storage.bin").write_bytes(storage)
    (tmp_path / "rp2.py").write_text(FLASH % str(tmp_path / "storage.bin"))
    ran = subprocess.run(
        [micropython(), "-X", "heapsize=3M", "-c", START % str(tmp_path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stdout.split("\n")[:2] == [
        "['main.py', 'rom_reader.mpy']",
        "/release/firmware/boot/layout.mpy /release",
    ], (ran.stdout, ran.stderr)


def test_each_device_should_fit_a_slot_of_our_own_image_with_room_to_grow():
    """In a signed file: its head before the body (formats/release.py), a signature behind it."""
    made = compiled.compile_files(modules.needed(modules.DEVICES), "armv6m", find_compiler())
    data = {one.name.removesuffix(".mpy"): one.data for one in made}
    names = [str(one.relative_to(ROOT).with_suffix("")) for one in modules.needed()]
    _, slot_bytes = boards.maker("pico").region("slot_a")
    _, region_bytes = boards.maker("pico_w").region("release")
    assert len(romfs.pack({name: data[name] for name in names})) <= region_bytes
    for device in modules.DEVICES:
        names = [str(one.relative_to(ROOT).with_suffix("")) for one in modules.needed([device])]
        release = romfs.pack({name: data[name] for name in names})
        assert 4096 + len(release) + 600 <= slot_bytes - 8 * 1024, device


def test_a_partition_table_should_be_one_that_the_boot_loader_takes():
    maker = boards.maker("esp32_s3")
    table = partitions.pack(maker)
    rows = partitions.entries(maker)
    assert len(table) == 0xC00 and table[:2] == b"\xaa\x50"
    end = 32 * len(rows)
    assert table[end : end + 2] == b"\xeb\xeb"
    assert table[end + 16 : end + 32] == hashlib.md5(table[:end]).digest()
    at = 0
    for _, kind, _, place, size in rows:
        assert place >= at and place % (0x10000 if kind == partitions.APP else 0x1000) == 0
        at = place + size
    assert at == maker.flash_bytes
    assert ("vfs", 1, 0x83, 0x200000, 256 * 4096) in rows


def test_every_import_by_a_name_put_together_should_be_in_the_table():
    for module, path in modules.sources().items():
        said = "__import__(" in path.read_text(encoding="utf-8")
        assert said == (module in modules.BY_NAME), module
    for names in modules.BY_NAME.values():
        assert set(names or ()) <= set(modules.sources())


def test_an_image_of_one_device_should_have_no_other_ones_program():
    assert ROOT / "firmware/devices/inspector.py" not in modules.needed(["parking"])


def test_what_is_said_to_be_elsewhere_should_be_a_module():
    for name in modules.ELSEWHERE:
        if name not in modules.sources():
            pytest.fail(name)


def test_what_is_left_away_should_be_missed_by_nothing_at_its_start():
    """Heads of files may not import what is elsewhere: hal/__init__ alone, for another system."""
    there = modules.sources()
    for path in modules.needed():
        name = path.relative_to(ROOT).as_posix()
        missed = set(sizes.at_head(path, there)) & set(modules.ELSEWHERE)
        assert not missed or name == "firmware/hal/__init__.py", (name, missed)


def test_the_frozen_image_should_have_the_storage_of_the_table():
    text = (ROOT / "tools/micropython/FARETAP_PICO/mpconfigboard.h").read_text()
    assert "FLASH_STORAGE_BYTES (%d * 1024)" % (layout.row("pico")[3] * 4) in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["picco"], "pico_w"),
        (["pico_w", "--device", "tram"], "no device 'tram'"),
        (["pico_w", "--unit", "EMPTY"], "faretap provision"),
        (["pico_w", "--unit", "EMPTY/none"], "is no folder"),
        (["pico", "--device", "bus"], "leave --device away"),
    ],
)
def test_a_wrong_order_should_be_answered_with_what_to_do(arguments, said, tmp_path):
    arguments = [one.replace("EMPTY", str(tmp_path)) for one in arguments]
    done = faretap("image", *arguments)
    assert done.returncode == 2 and said in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("journal_blocks: 80", "journal_blocks: 200", "it has 84"),
        ("flash:end", "file:journal.bin", "journal: flash:end"),
        ("parameters.txt", "lost.txt", "is not in the folder"),
        ("terminal: 7", "terminal: x", "terminal"),
        ("terminal: 7\n", "", "terminal"),
    ],
)
def test_settings_that_the_board_cannot_start_with_should_be_refused(folder, old, new, said):
    (folder / "settings.txt").write_text(SETTINGS.replace(old, new))
    with pytest.raises(unit.FormatError, match=said):
        unit.read(folder, boards.maker("pico_w"))


def test_a_unit_should_be_in_the_file_system_and_be_told(folder):
    held = unit.read(folder, boards.maker("esp32_s3")._replace(kind="uf2"))
    files = build._files(boards.maker("esp32_s3"), {**held.files, "main.py": b"x"})
    mounted = mount(files, 256, 32)
    with mounted.open("settings.txt", "rb") as file:
        assert file.read() == SETTINGS.encode()


def test_a_full_image_should_be_micropython_and_the_files_of_the_unit(folder, tmp_path):
    """The code is stood for by bytes here; tests/pico runs the real one."""
    maker = boards.maker("pico")
    code = tmp_path / "pico.bin"
    with pytest.raises(unit.FormatError, match="make image BOARD=pico"):
        build.build(maker, None, (), find_compiler(), code)
    code.write_bytes(b"\x55" * 5000)
    (tmp_path / "pico.sources").write_text(MADE_OF)
    held = unit.read(folder, maker)
    made = build.build(maker, held, (), find_compiler(), code)
    flash = {place: data for place, _, data in uf2.unpack(made.files["faretap-pico.uf2"])}
    assert flash[boards.FLASH_AT] == b"\x55" * 256
    at, _ = maker.region("files")
    files = b"".join(flash[boards.FLASH_AT + at + one] for one in range(0, 22 * 4096, 256))
    assert mount(files, 22, 256).listdir("/") == ["parameters.txt", "settings.txt"]
    assert {one["name"] for one in told(made)["unit"]} == {"parameters.txt", "settings.txt"}
    assert told(made)["terminal"] == 7 and len(told(made)["sources"]) == 4
    code.write_bytes(bytes(816 * 1024))
    with pytest.raises(unit.FormatError, match="MicroPython and firmware take 835584"):
        build.build(maker, held, (), find_compiler(), code)


def test_what_is_too_large_should_name_the_region(folder):
    (folder / "list.bin").write_bytes(bytes(200_000))
    held = unit.read(folder, boards.maker("pico_w"))
    with pytest.raises(unit.FormatError, match="do not fit into 20 blocks"):
        build._files(boards.maker("pico_w"), held.files)
    with pytest.raises(unit.FormatError, match="region `release`"):
        build._part(boards.maker("pico_w"), "release", bytes(500_000))


def test_sizes_should_be_told_by_module_and_by_device(tmp_path):
    there = modules.sources()
    order = sizes.in_order(there)
    assert sorted(order) == sorted(there)
    assert order.index("firmware.kernel") < order.index("firmware.kernel.tlv")
    assert order.index("firmware.kernel.tlv") < order.index("firmware.kernel.transaction")
    for path in there.values():
        into = (tmp_path / path.relative_to(ROOT)).with_suffix(".mpy")
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_bytes(bytes(10))
    lines = sizes.report(tmp_path, {"firmware.main": 77}, "not built")
    assert "     10     77  firmware.main" in lines
    assert "     10      -  firmware.hal.board" in lines
    assert "%7d     77  in all" % (10 * len(there)) in lines
    count = len(modules.needed(["bus"]))
    assert "%7d         a bus's, %d files" % (10 * count, count) in lines
    assert lines[-1] == "no heap: not built"
