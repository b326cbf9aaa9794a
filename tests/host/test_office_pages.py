# SPDX-License-Identifier: Apache-2.0
"""What the operator's pages say, and what their forms do to the ledger; figures and metrics."""

import re
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from firmware.devices.lane_store import Entry, key_of, pack_entry
from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import (
    files,
    parking,
    registry,
    report,
    rollout,
    settlement,
    stamp_sums,
    stamps,
)
from host_tools.office import bars, limits, memory, services
from host_tools.office.asked import fen_of
from host_tools.office.figures import Figures
from host_tools.office.passwords import Passwords
from host_tools.office.people import masked
from host_tools.office.shown import ago, clean, yuan
from host_tools.office.words import CHINESE, ENGLISH
from tests import deny_lists
from tests.host import test_ledger_trips
from tests.host.office_stand import NOW, Stand, digest_of, quick_passwords, send, sold
from tests.host.test_ledger import PAN
from tests.host.test_rollout import deny, deny_file, hello

ROOT = Path(__file__).resolve().parents[2]
DAY = 20261120
METRICS = """faretap_sales 1.0
faretap_sales_fen 200.0
faretap_doubtful{kind="pending"} 1.0
faretap_records_not_counted{mark="conflict"} 1.0
faretap_quarantine_batches 2.0
faretap_terminals{state="served"} 2.0
faretap_refusals{reason="<i>reason</i>"} 1.0"""


@pytest.fixture
def stand(tmp_path):
    made = Stand(tmp_path, metrics_token="let-me-read")
    yield made
    made.close()


def seen(text):
    """What a person reads, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_overview_says_what_settlement_says(stand):
    page = seen(stand.browser("viewer").get("/", params={"lang": "en"}).text)
    (total,) = settlement.totals(stand.ledger, DAY, ("line",))
    assert f"Sales today {yuan(total.sales_fen)} yuan · {total.sales} taps" in page
    assert "Doubtful debits 1 2.00 yuan, open" in page
    for alarm in ("1 Conflicts", "2 Quarantine", "1 Lost records", "1 Unreadable", "1 Duplicates"):
        assert alarm in page, alarm


@pytest.mark.parametrize("by", ["operator", "line"])
def test_a_day_is_the_settlement_of_the_ledger(stand, by):
    registry.enrol(stand.ledger, [9], "South")
    stand.ledger.commit(9, [(n, sold(40 + n, fen=50)) for n in range(1, 4)])
    stand.office.figures.look()
    page = seen(stand.browser("viewer").get(f"/days/2026-11-20?by={by}&lang=en").text)
    for one in settlement.totals(stand.ledger, DAY, (by,)):
        money = f"{one.sales} {yuan(one.sales_fen)} {one.pending} · {yuan(one.pending_fen)}"
        assert money in page, one
    days = seen(stand.browser("viewer").get("/days?lang=en").text)
    (whole,) = settlement.totals(stand.ledger, DAY, ("device",))
    assert f"2026-11-20 open day {whole.sales} {yuan(whole.sales_fen)}" in days


def test_a_terminal_that_is_silent_is_lost(stand):
    client = stand.browser("viewer")
    assert "lost contact" not in client.get("/terminals?lang=en").text
    stand.now += 24 * 3600 + 1
    client = stand.browser("viewer")
    stand.ledger.commit(8, [(4, sold(9))])
    stand.office.figures.look()
    listed = client.get("/terminals?state=lost&lang=en").text
    assert listed.count('href="/terminals/') == 1 and 'href="/terminals/7"' in listed
    assert "Lost terminals 1" in seen(client.get("/?lang=en").text)


def test_what_terminals_say_is_shown_and_orders_them(stand):
    for terminal, p95_ms in ((7, 350), (8, 700)):
        hello(stand.ledger, terminal, deny(41), p95_ms=p95_ms, taps=100, torn=terminal, backlog=3,
              oldest_s=7200, wear_most=terminal * 10, self_test=b"\x15")  # fmt: skip
    client = stand.browser("viewer")
    for sort, first in (("number", 7), ("p95", 8), ("torn", 8), ("wear", 8), ("backlog", 7)):
        listed = client.get("/terminals", params={"sort": sort}).text
        assert re.search(r'href="/terminals/(\d)"', listed)[1] == str(first), sort
    page = seen(client.get("/terminals/8?lang=en").text)
    for told in ("p95 of a tap 700 ms", "Backlog 3 (2 h)", "Torn taps 8.0 %", "Flash wear 80",
                 "Clock trusted", "Self-test 21", "Deny list 41"):  # fmt: skip
        assert told in page, told


def test_lists_come_in_pages(stand):
    registry.enrol(stand.ledger, list(range(100, 220)), "Many")
    client = stand.browser("viewer")
    numbers = []
    for offset in (0, 50, 100):
        listed = client.get("/terminals", params={"from": offset}).text
        numbers += re.findall(r'href="/terminals/(\d+)"', listed)
    assert numbers == ["7", "8", *map(str, range(100, 220))]
    stand.ledger.commit(9, [(n, sold(100 + n)) for n in range(1, 121)])
    found, path = [], "/terminals/9"
    while path:
        page = client.get(path).text
        found += re.findall(r'href="/records/9/(\d+)"', page)
        older = re.search(r'href="(/terminals/9\?before=\d+)"', page)
        path = older and older[1]
    assert found == [str(n) for n in range(120, 0, -1)]


def test_the_story_of_a_record_and_of_a_batch(stand):
    client = stand.browser("viewer")
    twin = seen(client.get("/records/8/2?lang=en").text)
    assert "conflict" in twin and "The sale is counted by 7 · 1" in twin
    assert "Came with numbers 1 to 3 (3)" in twin and "amount_yuan 3.00" in twin
    lost = seen(client.get("/records/7/3?lang=en").text)
    assert "nothing is known but its number" in lost
    stories = [seen(client.get(f"/quarantine/7/{one}?lang=en").text) for one in digest_of(stand)]
    whole = next(one for one in stories if "Records in it" in one)
    assert "other bytes" in whole and "not stored" in whole and "622848*********0123" in whole
    assert any("It cannot be read" in one for one in stories)


def test_a_doubtful_debit_is_decided_and_stays_what_it_is(stand):
    clerk = stand.browser("clerk")
    before = stand.ledger.totals()
    for terminal, number, decision in ((7, 1, "refunded"), (7, 99, "paid"), (7, 2, "forget it")):
        answer = send(clerk, f"/records/{terminal}/{number}/decide", decision=decision)
        assert answer.status_code == 400
    assert send(clerk, "/records/7/2/decide", decision="refunded", note="by phone").is_redirect
    assert clerk.get("/pending").text.count("/records/7/2") == 0
    assert clerk.get("/pending?decision=refunded").text.count("/records/7/2") == 1
    assert "refunded clerk: by phone" in seen(clerk.get("/records/7/2?lang=en").text)
    assert send(clerk, "/records/7/2/decide", decision="open").is_redirect
    assert clerk.get("/pending").text.count("/records/7/2") == 1
    assert stand.ledger.totals() == before  # CL-010


def test_a_day_is_cut_by_who_types_it_once_more(stand):
    clerk = stand.browser("clerk")
    path = "/days/2026-11-19/cut"
    assert send(clerk, path, sure="2026-11-20").status_code == 400
    assert send(clerk, "/days/2026-11-20/cut", sure="2026-11-20").status_code == 400  # not over
    assert settlement.closed_through(stand.ledger) == 0
    assert send(clerk, path, sure="2026-11-19").is_redirect
    assert settlement.closed_through(stand.ledger) == 20261119
    late = [(4, record.pack(record.unpack(sold(77)) | {"date": "261119", "time": "100000"}))]
    stand.ledger.commit(7, late)
    assert "/records/7/4" in clerk.get("/days/2026-11-20/late").text
    told = [(row.did, row.outcome.partition(":")[0]) for _, row in stand.office.people.log(0, 9)]
    assert told[:3] == [("cut day", "done"), ("cut day", "refused"), ("cut day", "refused")]


def test_a_terminal_is_stopped_and_served(stand):
    client = stand.browser("operator")
    assert send(client, "/terminals/7/stop").is_redirect
    assert registry.terminals(stand.ledger)[0].state == "stopped"
    assert send(client, "/terminals/7/serve").is_redirect
    assert registry.terminals(stand.ledger)[0].state == "served"


def test_a_file_goes_out_in_waves_with_a_halt(stand):
    # TD-020
    files.register(stand.ledger, deny_file(41), deny_lists.AUTHORITY, "weekly")
    client = stand.browser("operator")
    assert "deny 41" in client.get("/rollouts").text
    form = {"file": "deny 41", "percent": "", "terminals": "7", "most": "0", "hours": "24"}
    assert send(client, "/rollouts/start", **form | {"terminals": "99"}).status_code == 400
    assert send(client, "/rollouts/start", **form | {"file": "deny 1e3"}).status_code == 400
    at = send(client, "/rollouts/start", **form).headers["location"]
    assert re.fullmatch(r"/rollouts/\d+", at)
    assert hello(stand.ledger, 8, deny(0)) == []
    assert len(hello(stand.ledger, 7, deny(0))) == 1
    assert send(client, at + "/halt", why="<b>stop</b>").is_redirect
    assert hello(stand.ledger, 7, deny(0)) == []
    page = client.get(at + "?lang=en").text
    assert "operator: &lt;b&gt;stop&lt;/b&gt;" in page
    assert send(client, at + "/widen", percent="100").status_code == 400  # halted
    assert send(client, at + "/resume", most="2").is_redirect
    for wrong in ("101", "-1", "nan", "1e1", "0.001"):
        assert send(client, at + "/widen", percent=wrong).status_code == 400, wrong
    assert send(client, at + "/widen", percent="100").is_redirect
    assert len(hello(stand.ledger, 8, deny(0))) == 1
    hello(stand.ledger, 7, deny(41))
    page = seen(client.get(at + "?lang=en").text)
    assert "in force 1" in page and "offered 1" in page and "In all 2" in page
    assert send(client, at + "/back", why="").is_redirect
    assert hello(stand.ledger, 8, deny(0)) == []


def test_a_wave_whose_terminals_fall_silent_is_halted_by_the_pages(stand):
    # TD-020
    files.register(stand.ledger, deny_file(41), deny_lists.AUTHORITY)
    number = rollout.start(stand.ledger, "deny", 41, 100, most_failures=0, silent_s=3600)
    assert len(hello(stand.ledger, 7, deny(0))) == 1
    stand.now += 3601
    stand.office.figures.start()
    end_s = time.monotonic() + 30
    while rollout.one(stand.ledger, number).state == "running" and time.monotonic() < end_s:
        time.sleep(0.02)
    stand.office.figures.stop()
    assert rollout.one(stand.ledger, number).state == "halted"


def test_figures_of_days_that_are_cut_are_added_up_once(stand):
    settlement.cut(stand.ledger, 20261119)
    figures, asked = Figures(stand.ledger, 3600), []
    sa.event.listen(
        stand.ledger.engine, "before_cursor_execute", lambda *what: asked.append(what[2])
    )
    first = figures.look()
    assert sum("substr(settled.time" in one for one in asked) == len(first.last_days) == 14
    asked.clear()
    again = figures.look()
    assert sum("substr(settled.time" in one for one in asked) == 1  # the day that is open
    assert again.today.groups == first.today.groups


def test_a_question_that_takes_long_is_ended(stand):
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    )
    begun_s = time.monotonic()
    with (
        limits.within(0.1),
        pytest.raises(sa.exc.OperationalError) as over,
        stand.ledger.engine.connect() as connection,
    ):
        connection.exec_driver_sql(endless)
    assert limits.is_over(over.value) and time.monotonic() - begun_s < 5
    assert stand.browser("viewer").get("/").status_code == 200


def test_metrics_want_their_token_and_say_what_the_pages_say(stand, tmp_path):
    client = stand.client()
    for wrong in ({}, {"authorization": "Bearer let-me"}, {"authorization": "Basic let-me-read"}):
        assert client.get("/metrics", headers=wrong).status_code == 401
    told = client.get("/metrics", headers={"authorization": "Bearer let-me-read"}).text
    for line in METRICS.split("\n"):
        assert line in told.splitlines(), line
    (tmp_path / "other").mkdir()
    without = Stand(tmp_path / "other")
    assert without.client().get("/metrics").status_code == 404
    without.close()


def test_health_says_whether_the_database_answers(stand):
    assert stand.client().get("/health").text == "ok\n"
    stand.ledger.engine.dispose()
    with stand.ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE books RENAME TO gone")
    assert stand.client().get("/health").status_code == 503


def test_a_database_that_is_gone_is_a_sentence(stand):
    client = stand.browser("viewer")
    with stand.ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE records RENAME TO gone")
    answer = client.get("/marked?lang=en")
    assert answer.status_code == 503 and "The database does not answer." in answer.text
    assert "SELECT" not in answer.text


def test_every_word_of_the_pages_has_its_chinese():
    said = set()
    for path in (ROOT / "host_tools/office/pages").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        said |= set(re.findall(r'_(?:\.plain)?\(\s*"([^"]+)"(?! ~)', text))
        said |= set(re.findall(r'chart\(\w+, "([^"]+)"', text))
    assert len(said) > 150 and said - CHINESE.keys() == set()
    assert not [key for key, word in CHINESE.items() if not word or word == ENGLISH.get(key, key)]


def test_open_trips_and_frozen_sums_should_be_listed_with_their_age(stand):
    """QX-052, QX-061: what nothing has closed, and what the day's cards with memory came to."""
    frozen = test_ledger_trips.bike(72, 5000, date="261101", time_utc_s=NOW - 19 * 86400)[1]
    late = {"date": "261120", "time": "230000", "time_utc_s": NOW - 3600}
    _, came = test_ledger_trips.entry(number=70, **late)
    ridden = test_ledger_trips.on_pass(1, 100, **late)
    stand.ledger.commit(9, [(1, frozen), (2, came), (3, ridden)])
    page = seen(stand.browser("viewer").get("/trips?lang=en").text)
    for told in ("trip 0-1 d 1 0.00", "frozen older 1 50.00", "pass rides today 1 1.00",
                 "offset drawn today 0", "19 d", "60 min", "the rider may still be inside",
                 "issuer to release the sum: no terminal can"):  # fmt: skip
        assert told in page, told
    assert page.index("9 · 1") < page.index("9 · 2") and "9 · 3" not in page
    day = seen(stand.browser("viewer").get("/days/2026-11-20?lang=en").text)
    assert "Cards with memory" in day and "pass rides bus 1 1.00" in day
    assert not set(stamp_sums.TO_DO.values()) - CHINESE.keys()
    sides = {*stamps.SIDES.values(), stamps.PASS, stamps.OTHER, stamps.PURCHASE, stamps.ADJUST}
    assert not sides - CHINESE.keys() - {"freeze"}
    assert not {*memory.TODAY, "never cleared"} - CHINESE.keys()


def test_day_should_be_told_by_device_and_lane_as_far_as_a_page_can_read(stand, monkeypatch):
    """The lines of `faretap ledger report` and `parking`; a hostile rule is text."""
    body = pack_entry(1, Entry(key_of(PAN), 1, (2026, 11, 20, 9, 0, 0), 0))
    parked = sold(90, device="parking", rule="time", direction=2, stop=2, trade_data=body)
    lost = sold(91, device="parking", rule="lost", direction=2, stop=2, driver=7, fen=5000)
    odd = sold(92, device="toll", rule="<b>x</b>", reference=2)
    stand.ledger.commit(9, [(1, parked), (2, lost), (3, odd)])
    client = stand.browser("viewer")
    page = client.get("/days/2026-11-20/services?lang=en").text
    assert "<b>x" not in page
    told = seen(page)
    for line in (
        "parking sale time 1 2.00", "toll sale &lt;b&gt;x&lt;/b&gt; class 2 1 2.00",
        "exit 2 9 sale lost entry 7 1 50.00", "1-4 h 1 2.00", "unknown 1 50.00",
    ):  # fmt: skip
        assert line in told, line
    assert "do not add up" not in told
    monkeypatch.setattr(services, "READ_MOST", 2)
    told = seen(client.get("/days/2026-11-20/services?lang=en").text)
    assert "more than a page reads" in told and "parking sale" not in told
    assert client.get("/days/2026-13-20/services").status_code == 400
    what = {*report.MONEY, *report.WHAT.values(), "let through"}
    lengths = {word for _, word in parking.LENGTHS} | {parking.UNKNOWN}
    assert not (what | lengths) - CHINESE.keys()


def test_languages(stand):
    client = stand.browser("viewer")
    both = client.get("/terminals").text
    assert 'lang="zh-Hans">终端' in both and 'lang="en">Terminals' in both
    assert "Terminals" not in seen(client.get("/terminals?lang=zh").text)
    assert "Terminals" not in seen(client.get("/terminals").text)  # it is remembered
    english = client.get("/terminals?lang=en").text.replace("中文", "").replace("中 / EN", "")
    assert not re.search("[\u4e00-\u9fff]", english)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [("short", ""), ("x" * 129, ""), ("aaaaaaaaaaaa", ""), ("lin-and-more", "lin"),
     ("password123!", "")],
)  # fmt: skip
def test_passwords_that_are_none(wrong, name):
    with pytest.raises(FormatError, match="password"):
        quick_passwords().keep(wrong, name)


def test_passwords_are_kept_by_argon2id():
    kept = Passwords().keep("a-good-long-secret")
    assert kept.startswith("$argon2id$") and "secret" not in kept
    assert Passwords().fits(kept, "a-good-long-secret")
    assert not Passwords().fits(kept, "a-good-long-secreT") and not Passwords().fits(None, kept)


def test_small_parts():
    assert [yuan(fen) for fen in (0, 5, 123456789, -50)] == [
        "0.00",
        "0.05",
        "1,234,567.89",
        "-0.50",
    ]
    assert [ago(s) for s in (-5, 119, 120, 7199, 7200, 172800)] == [
        "0 s", "119 s", "2 min", "119 min", "2 h", "2 d",
    ]  # fmt: skip
    assert clean("a\u202eb\x00\n") == "a<202E>b<0000><000A>" and len(clean("x" * 999)) == 201
    assert masked("call 6228 4800-0000 0000123, 12345678901") == "call ******0123, 12345678901"
    assert [bars.round_up(n) for n in (0, 1, 3, 21, 500, 501)] == [0, 1, 5, 50, 500, 1000]
    assert [fen_of(t) for t in ("", "2", "2.5", "0.05")] == [None, 200, 250, 5]
