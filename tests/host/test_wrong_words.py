# SPDX-License-Identifier: Apache-2.0
"""Commands given wrong words, rubbish and files that are not there: status 2, one sentence that
says what to do next, no traceback.
"""

import signal

import pytest

from host_tools.cli import main

RUBBISH = b"\xd6\x00\xff rubbish \x80"
MAKE = ("module", "make", "{nowhere}", "--trade", "metro", "--secret", "{text}")
ISSUE = ("issue", "pass", "--module", "{rubbish}", "--secret", "{rubbish}")


@pytest.fixture
def said(tmp_path, capsys):
    """said(words) -> (status, standard error) of a command; {rubbish}, {nowhere}, {folder},
    {text} and {empty} stand for paths.
    """
    paths = {
        "rubbish": tmp_path / "rubbish.bin", "nowhere": tmp_path / "no" / "where",
        "folder": tmp_path, "text": tmp_path / "words.txt",
        "empty": tmp_path / "empty.txt",
    }  # fmt: skip
    paths["rubbish"].write_bytes(RUBBISH)
    paths["text"].write_text("fly 5\n")
    paths["empty"].write_text("")
    kept = signal.getsignal(signal.SIGTERM)

    def run(words):
        with pytest.raises(SystemExit) as ended:
            main.main([word.format(**paths) for word in words])
        return ended.value.code, capsys.readouterr().err

    yield run
    signal.signal(signal.SIGTERM, kept)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("demo", "--device", "tram"), "no device 'tram'; there are access"),
        (("demo", "--device", "metro", "--pull-plug", "2"), "without --device"),
        (("scenario", "run", "tram_day"), "no scenario of"),
        (("scenario", "run", "{rubbish}"), "rubbish.bin"),
        (("scenario", "run", "{folder}"), "A file is wanted here"),
        (("lanes", "--store", "x.db"), "no lane would be served"),
        (("lanes", "--store", "{rubbish}", "--entry", "/dev/null"), "no store of entries"),
        (("lanes", "--store", "{nowhere}", "--entry", "/dev/null"), "no store of entries"),
        (("lanes", "--store", "{folder}", "--entry", "/dev/null"), "no store of entries"),
        (("pump", "--price", "-5"), "1 to 99999 fen"),
        (("pump", "--script", "{rubbish}"), "A text file in UTF-8 is wanted"),
        (("pump", "--script", "{text}"), "words.txt:1: `fly 5` is no command of the pump"),
        (("pump", "--link", "{nowhere}"), "No such file or directory: {nowhere}"),
        (("module", "show", "{rubbish}", "--secret", "{rubbish}"), "UTF-8"),
        (("module", "show", "{text}", "--secret", "{text}"), "words.txt"),
        (("module", "secret", "{text}"), "Nothing is overwritten"),
        ((*MAKE, "--draw", "99"), "--draw is USE/VERSION"),
        ((*MAKE, "--keys", "{empty}"), "holds no key"),
        (MAKE, "say --keys or --draw"),
        (("ledger", "totals", "--database", "{nowhere}"), "there is no such ledger"),
        (("ledger", "totals", "--database", "{rubbish}"), "file is not a database"),
        (("ledger", "list", "--day", "260231"), "'260231' is no day"),
        (("ledger", "totals", "--day", "x"), "'x' is no day"),
        (("ledger", "subsidy", "261130", "261101"), "say the first day first"),
        ((*ISSUE, "--card", "{rubbish}"), "UTF-8"),
        ((*ISSUE, "--card", "{nowhere}"), "does not exist"),
        (ISSUE, "say one of --reader, --card"),
    ],
)
def test_wrong_words_should_end_in_a_sentence(said, tmp_path, words, wanted):
    status, text = said(words)
    assert status == 2, text
    assert wanted.format(nowhere=tmp_path / "no" / "where") in text
    assert "Traceback" not in text
