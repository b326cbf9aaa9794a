# SPDX-License-Identifier: Apache-2.0
"""`faretap deny`: lists from text to terminal, and what the guard says before they are signed."""

import pytest

from firmware.errors import FormatError
from firmware.formats import deny_list as layout
from firmware.formats import signed
from host_tools import deny_files, deny_list, deny_text, sealing, signing
from tests.host.console import faretap

LISTED, OTHER, THIRD = "6228000100000010", "6228000100000028", "6228000100000036"
TEXT = f"""pan,psn,reason,date
{LISTED},,lost,2026-03-01
"{OTHER}";3;stolen;20260405
{THIRD} all fraud 260301  # by telephone
621799*, fraud, 2026-01-01
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Paths of an RSA and an SM2 key."""
    folder = tmp_path_factory.mktemp("keys")
    sealing.make_key(folder / "rsa.pem", b"")
    signing.make_sm2_key(folder / "sm2.key")
    return folder / "rsa.pem", folder / "sm2.key"


def build(folder, key, text=TEXT, number=4, name="deny.bin", *more):
    source, path = folder / "list.csv", folder / name
    source.write_text(text)
    words = ["deny", "build", source, "-o", path, "--number", number, "--key", key, *more]
    return faretap(*map(str, words)), path


def test_list_should_come_from_text_to_what_a_terminal_reads(tmp_path, keys):
    """Both kinds of keys; TD-024: reason and date arrive; TD-023: numbers are masked."""
    for key in keys:
        done, path = build(tmp_path, key)
        assert done.returncode == 0 and "version 4, 3 entries, 1 ranges" in done.stdout
        authority = signing.load_signer(key).authority
        with deny_files.opened(path, authority) as one:
            assert one.is_full and one.listed.rows(OTHER) == [layout.Entry(3, "stolen", "260405")]
        good = faretap("deny", "check", str(path), "--key", str(key))
        assert good.stdout == "good: deny list, version 4, at once, 3 entries\n"
        assert path.read_bytes() and not path.with_name("deny.bin.part").exists()
    shown = faretap("deny", "show", str(path)).stdout
    assert "622800******0010 all lost 2026-03-01" in shown and LISTED not in shown
    assert LISTED in faretap("deny", "show", str(path), "--numbers").stdout
    assert "and 1 more" in faretap("deny", "show", str(path), "--limit", "2").stdout


def test_wrong_key_should_be_refused(tmp_path, keys):
    _, path = build(tmp_path, keys[0])
    other = tmp_path / "other.pem"
    sealing.make_key(other, b"")
    for key, why in ((other, "does not fit"), (keys[1], "no authority")):
        done = faretap("deny", "check", str(path), "--key", str(key))
        assert done.returncode == 2 and why in done.stderr
    path.write_bytes(path.read_bytes()[:-1])
    assert faretap("deny", "show", str(path)).returncode == 2


def test_lookup_should_say_what_a_terminal_says(tmp_path, keys):
    _, path = build(tmp_path, keys[0])
    for words, status, said in (
        ((LISTED,), 1, "on the list: all lost 2026-03-01"),
        ((OTHER, "--psn", "3"), 1, "on the list: PSN 3 stolen"),
        ((OTHER, "--psn", "4"), 0, "not on the list; of this number: PSN 3 stolen"),
        (("6217990000000000",), 1, "on the list: all fraud 2026-01-01"),
        (("6217980000000000",), 0, "not on the list"),
        (("62179x",), 2, ""),
    ):
        done = faretap("deny", "lookup", str(path), *words)
        assert (done.returncode, done.stdout.startswith(said)) == (status, True), words


def test_changes_should_turn_one_list_into_the_other(tmp_path, keys):
    """Added, freed, listed otherwise; what stays is not repeated."""
    _, path = build(tmp_path, keys[0])
    today = tmp_path / "today.csv"
    today.write_text(f"{OTHER},5,stolen,260405\n{THIRD} all fraud 260301\n6228000100000044\n")
    delta = tmp_path / "deny.delta"
    words = ["deny", "delta", path, today, "-o", delta, "--number", 5, "--key", keys[0]]
    done = faretap(*map(str, words))
    assert done.returncode == 0 and "version 5, 3 entries, 0 ranges" in done.stdout
    for pan, status in ((LISTED, 0), (THIRD, 1), ("6228000100000044", 1), ("6217990000000000", 0)):
        done = faretap("deny", "lookup", str(path), pan, "--changes", str(delta))
        assert done.returncode == status, pan
    words[-3] = 4
    assert faretap(*map(str, words)).returncode == 2
    assert faretap("deny", "lookup", str(delta), LISTED, "--changes", str(path)).returncode == 2


def test_changes_and_full_list_should_say_the_same_of_any_card():
    """Old and new drawn at random: over every number of both, the overlay answers as the new."""
    import random

    drawn = random.Random(7)
    pans = ["62284" + "%010d" % at for at in range(400)]
    pans = [pan + str(layout.luhn(pan)) for pan in pans]

    def a_list():
        return [
            deny_list.Listed(pan, psn, "lost", "260301")
            for pan in drawn.sample(pans, 200)
            for psn in drawn.choice([(layout.ALL,), (1,), (1, 2), (0, 7)])
        ]

    for _ in range(20):
        old, new = a_list(), a_list()
        full = layout.DenyFile(signing.Bytes(deny_list.build(old)))
        changed = deny_files.changes(full, deny_text.Source(new, []))
        over = layout.DenyFile(signing.Bytes(deny_list.build(changed, [], 1)))
        alone = layout.DenyFile(signing.Bytes(deny_list.build(new)))
        for pan in pans:
            assert set(layout.entries_of(pan, [over, full])) == set(alone.rows(pan))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("62280001000000x0", "a card number has 11 to 19 digits"),
        (LISTED + ", gone", "`gone` is no sequence number"),
        (LISTED + ", 101", "`101` is no sequence number"),
        (LISTED + ", 20261301", "is not YYMMDD"),
        (LISTED + "\n" + LISTED + ",3", "622800******0010 stands in line 1 already"),
        (OTHER + ",3\n" + OTHER + ",03", "stands in line 1 already"),
        ("63-62", "is empty"),
        ("62-621", "two prefixes"),
        ("622848*, 3", "no sequence number"),
    ],
)
def test_wrong_line_should_be_named(line, why):
    with pytest.raises(FormatError) as told:
        deny_text.parse(line.split("\n"), "list.csv")
    assert str(told.value).startswith("list.csv:") and why in str(told.value)
    assert LISTED not in str(told.value)


def test_guard_should_speak_before_anything_is_signed(tmp_path, keys):
    """terminals.md 8, 9: growth, cards that just paid, a range of many issuers."""
    _, old = build(tmp_path, keys[0], LISTED + "\n", 1, "old.bin")
    few = ["--against", str(old), "--growth-least", "1"]
    done, path = build(tmp_path, keys[0], TEXT, 2, "new.bin", *few)
    assert done.returncode == 2 and "not signed: 2 entries more than 1" in done.stderr
    assert not path.exists()
    done, path = build(tmp_path, keys[0], TEXT, 2, "new.bin", *few, "--anyway")
    assert done.returncode == 0 and path.exists() and "signed although" in done.stderr
    paid = tmp_path / "paid.txt"
    paid.write_text(f"{OTHER} 3\n{THIRD}\n6228000100000051\n")
    done, _ = build(tmp_path, keys[0], TEXT, 2, "bad.bin", "--good", str(paid))
    assert done.returncode == 2 and "2 of the last 3 cards that paid" in done.stderr
    done, _ = build(tmp_path, keys[0], "62*", 2, "wide.bin")
    assert done.returncode == 2 and "a range of 2 digits" in done.stderr


def test_sm2_key_should_never_be_overwritten(tmp_path):
    key = tmp_path / "list.key"
    done = faretap("seal", "new", str(key), "--sm2")
    assert done.stdout.startswith("authority_sm2: ") and key.stat().st_mode & 0o777 == 0o600
    assert faretap("seal", "new", str(key), "--sm2").returncode != 0
    point = bytes.fromhex(done.stdout.split()[1])
    assert signing.load_signer(key).authority == signed.Authority(b"", point)
    key.write_text("sm2: 00\n")
    with pytest.raises(FormatError):
        signing.load_signer(key)
