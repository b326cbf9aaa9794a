# SPDX-License-Identifier: Apache-2.0
"""The page of `faretap panel` in headless Chromium: a hand with cards, a terminal that answers.

tools/clients.sh browser installs Chromium. Pictures go to build/panel, or to the folder that
SCREENSHOTS names (`make screenshots`: docs).
"""

import time

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from sim.tabletop_devices import DEVICES
from sim.wallet import Wallet
from tests.clients.chromium import started
from tests.clients.page import PHONE, STARTS, TALL, Page, served, thin_pictures

# The command itself says where there is no MicroPython, and takes CPython then
RUNTIMES = {"taxi": "micropython"}


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """serve(device): the address of its page, by the command itself on a free port; one each."""
    running, wallets = {}, {}

    def wallet_of(kinds):
        names = tuple(one.name for one in kinds)
        if names not in wallets:
            wallets[names] = tmp_path_factory.mktemp("cards") / "wallet"
            Wallet.create(wallets[names], kinds)
        return wallets[names]

    def address(device):
        if device not in running:
            wallet = wallet_of(DEVICES[device].kinds)
            words = ("--device", device, "--runtime", RUNTIMES.get(device, "cpython"))
            running[device] = served(tmp_path_factory, wallet, *words)
        return running[device][1]

    yield address
    for process, _ in running.values():
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    driven = started()
    yield driven
    driven.quit()
    thin_pictures()


def bus(browser, serve, **how):
    """A bus whose driver is signed on."""
    page = Page(browser, serve("bus"), **how)
    page.until(lambda: page.text("line2"))
    if "sign in" in page.text("line2"):
        page.key("console", "on 4711")
        page.until(lambda: "ok driver 4711" in page.part("console"))
    page.settled()
    return page


@pytest.fixture
def page(browser, serve):
    return bus(browser, serve)


def test_bus_should_sell_behind_the_sign_on_and_print_its_shift(browser, serve):
    """TD-002, TD-003, TD-030, TD-032, TD-034: driver, stop and stage; lamp, words and record."""
    page = Page(browser, serve("bus"))
    page.says("Driver: please sign in")
    assert "next" in page.one('[data-word="on 4711"]').get_attribute("class")
    page.key("console", "on 4711")
    page.says("Tap card, fare 2.00")
    page.key("announcer", "next")
    page.until(lambda: "stop 2 Renmin Road" in page.part("announcer"))
    page.key("console", "to 9")
    page.says("To the stop keyed 3.00")
    page.tap("adult-1")
    words = ["已付3.00元 余额97.00元", "Paid 3.00, balance 97.00"]
    page.until(lambda: ["green", "✓", *words, "ok", "♪1 Paid"] in page.faces())
    page.shows("green", "Paid 3.00, balance 97.00")
    page.until(lambda: page.balance("adult-1") == "97.00")
    page.until(lambda: "Paid" in page.text("records") and "3.00" in page.text("records"))
    assert "622800" in page.text("records") and "******" in page.text("records")
    waterfall = page.one("#waterfall")
    page.until(lambda: int(waterfall.get_property("naturalWidth")) > 0)
    page.key("console", "statement")
    page.until(lambda: "Total: 3.00" in page.text("paper"))
    assert "OK: Paid 3.00" in page.part("console")
    page.until(lambda: "0 wait" in page.text("acknowledged"))
    page.picture("bus")
    page.settled()


def test_torn_card_should_be_pending_and_settled_by_the_same_card(page):
    """TD-002: money is taken once; card, terminal and spectator are told what each can know."""
    page.tear("adult-2", "late", "2.00 has left the card")
    page.shows("amber", "same card again")
    page.until(lambda: "waits for the same card" in page.text("pending"))
    assert page.balance("adult-2") == "248.00"
    page.picture("torn")
    page.tap("adult-2")
    page.shows("green", "Settled 2.00, left 248.00")
    page.until(lambda: "debited once" in page.text("stories"))
    page.until(lambda: page.text("pending") == "")
    assert page.balance("adult-2") == "248.00"
    page.settled()


def test_card_torn_before_the_debit_should_keep_its_money(page):
    """TD-002: the spectator reads that nothing has left the card."""
    page.tear("student-2", "early", "nothing has left the card")
    assert page.balance("student-2") == "20.00"
    page.tap("student-2")
    page.shows("green", "Student 1.00, balance 19.00")
    page.settled()


def test_two_cards_should_be_told_to_come_one_by_one(page):
    """TD-004: nobody pays."""
    before = page.balance("student-1"), page.balance("senior-1")
    page.hand("together")
    for name in ("student-1", "senior-1"):
        page.card(name).click()
    page.one("#together").click()
    page.shows("amber", "One card only")
    page.settled()
    assert (page.balance("student-1"), page.balance("senior-1")) == before


def test_listed_card_should_be_red_and_keep_its_money(page):
    """TD-024: the list and its version are named, nothing is taken."""
    page.tap("deny-listed")
    words = ["此卡停用 未扣款 名单7", "No charge: list 7"]
    page.until(lambda: ["red", "✗", *words, "no", "♪14 Card is on the list"] in page.faces())
    page.shows("red", "No charge: list 7")
    page.settled()
    assert page.balance("deny-listed") == "100.00"


def test_card_should_be_held_with_the_mouse_and_pay_once(page):
    """TD-005: dragged onto the reader, it stays there while the button is down."""
    reader = page.one("#reader")
    hold = ActionChains(page.browser).click_and_hold(page.card("adult-3"))
    hold.move_to_element(reader).perform()
    page.shows("green", "Paid 2.00, balance 98.00")
    page.until(lambda: "adult-3" in page.text("reach"))
    time.sleep(1.2)  # longer than a result stands
    ActionChains(page.browser).release().perform()
    page.settled()
    assert page.balance("adult-3") == "98.00"


def test_plug_should_be_pulled_and_the_terminal_recover(page):
    """TD-012: what is durable is there afterwards; a second browser sees the same."""
    page.one("#plug").click()
    page.until(lambda: page.text("link") == "No power" and page.lamp() == "dark")
    assert "The plug is out" in page.text("stories")
    first, address = page.browser.current_window_handle, page.browser.current_url
    page.browser.switch_to.new_window("tab")
    other = page.browser.current_window_handle
    page.browser.get(address)
    page.until(lambda: page.text("link") == "No power")
    page.browser.switch_to.window(first)
    page.one("#plug").send_keys(Keys.ENTER)
    page.until(lambda: page.text("link") == "Connected")
    page.says("Tap card, fare 2.00")
    page.hand("tap")
    page.card("adult-4").send_keys(Keys.ENTER)
    page.shows("green", "Paid 2.00, balance 98.00")
    page.browser.switch_to.window(other)
    page.until(lambda: page.balance("adult-4") == "98.00")
    page.browser.close()
    page.browser.switch_to.window(first)
    page.settled()


def test_collector_that_is_gone_should_keep_records_waiting(page):
    """TD-011: sales go on, and go up when it is back."""
    page.one("#collector").click()
    page.until(lambda: page.text("collector").startswith("Collector off"))
    page.tap("senior-1")
    page.shows("green", "Senior 0.50, balance 99.50")
    page.until(lambda: "wait" in page.text("collector"))
    page.settled()
    page.one("#collector").click()
    page.until(lambda: page.text("collector") == "Collector on")
    assert "records go up" in page.text("stories")


def test_page_should_fit_a_phone_in_chinese(browser, serve):
    page = Page(browser, serve("bus"), PHONE, "?lang=zh")
    assert page.text("plug") == "拔电源" and page.one("html").get_attribute("lang") == "zh-Hans"
    page.one("#theme").click()
    assert page.one("html").get_attribute("data-theme") == "dark"
    page.until(lambda: page.lamp() == "blue")
    page.tap("adult-5")
    page.until(lambda: "Paid 2.00, balance 98.00" in [face[3] for face in page.faces()])
    wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
    page.picture("phone")
    assert wide <= 0
    page.until(lambda: page.lamp() == "blue")


def test_taxi_should_tell_its_meter_that_a_card_has_paid(browser, serve):
    """TD-050, TD-053, TD-054, TD-056: the meter names the amount and hears how it was paid."""
    page = Page(browser, serve("taxi"), TALL)
    assert "Python" in page.text("runtime")
    page.says("Driver: sign in")
    page.key("meter", "stop")
    page.until(lambda: "nobody is in the car" in page.text("trouble"))
    for word, shown in (("in", "For hire"), ("hire", "Hired, meter running")):
        page.key("meter", word)
        page.says(shown)
    page.key("meter", "drive 5.2")
    page.until(lambda: "15.00" in page.part("meter"))
    page.key("meter", "stop")
    page.says("Tap card, fare 15.00")
    page.tap("adult-1")
    page.shows("green", "Paid 15.00, balance 85.00")
    page.until(lambda: "paid by card, the terminal answered 90" in page.part("meter"))
    page.until(lambda: "Balance 85.00" in page.text("paper") and "已付 PAID" in page.text("paper"))
    page.picture("taxi")
    page.key("console", "report")
    page.until(lambda: "SHIFT REPORT" in page.text("paper"))
    page.key("meter", "out")
    page.says("Driver: sign in")


def test_gate_should_open_for_who_has_paid_and_close_behind_him(browser, serve):
    """TD-001, TD-060: paid, opened and passed are seen apart."""
    page = Page(browser, serve("gate"), TALL)
    page.until(lambda: "Closed" in page.text("lane"))
    for _ in range(STARTS):  # a busy machine lets nobody through before the gate closes again
        page.tap("adult-1")
        page.until(lambda: "Open" in page.text("lane"))
        page.key("lane", "normal")
        page.picture("gate")
        page.until(lambda: "In 1" in page.text("lane") or "Not passed" in page.text("before"))
        if "In 1" in page.text("lane"):
            break
    page.until(lambda: "In 1" in page.text("lane") and "Closed" in page.text("lane"))
    greens = [face for face in page.faces() if face[0] == "green" and "Paid 2.00" in str(face)]
    assert "balance 98.00" in str(greens)
    page.until(lambda: "Gate opened" in page.text("records") and "Passed" in page.text("records"))
    page.says("Tap card")


def test_ticket_should_be_good_once_and_a_forged_one_never(browser, serve):
    """TD-070: a QR code that is drawn, shown to the scanner, and its screenshot."""
    page = Page(browser, serve("gate"), TALL)
    page.says("Tap card")
    inside = page.text("lane").partition("In ")[2].split(" ")[0]
    code = page.one('.ticket[data-word="valid"] img')
    page.until(lambda: int(code.get_property("naturalWidth")) > 0)
    page.key("scanner", "forged")
    page.shows("red", "Ticket not genuine")
    page.key("scanner", "valid")
    page.until(lambda: "Open" in page.text("lane"))
    page.key("lane", "normal")
    page.shows("green", "Ticket valid")
    page.until(lambda: f"In {int(inside) + 1}" in page.text("lane"))
    page.until(lambda: "Closed" in page.text("lane"))
    page.says("Tap card")
    page.key("scanner", "expired")
    page.shows("red", "Ticket expired")
    page.key("scanner", "copied")
    page.shows("red", "Ticket already used")


def test_fire_should_open_the_gate_until_the_attendant_resets_it(browser, serve):
    """TD-065, TD-066: everything is open and nothing is sold; the operator ends it."""
    page = Page(browser, serve("gate"), TALL)
    page.key("lane", "fire")
    page.says("Emergency: gate is open")
    page.until(lambda: "Fire!" in page.text("lane"))
    page.key("lane", "clear")
    page.until(lambda: "Fire!" not in page.text("lane"))
    # Again, where it is refused: the terminal may not have seen yet that the input is clear
    page.until(lambda: "Tap card" in page.text("display") or page.key("console", "reset"))


def test_bike_should_be_taken_brought_and_paid_for(browser, serve):
    """QX-049, QX-056: what is frozen stands beside the balance; minutes pass, the rest is free."""
    page = Page(browser, serve("bike"))
    page.says("Hire or return: tap card")
    page.tap("rider-1")
    page.shows("green", "Balance 170.00 + 30.00 held")
    page.until(lambda: page.balance("rider-1") == "170.00\n❄ 30.00")
    page.until(lambda: "Lock is open" in page.part("docks"))
    page.until(lambda: page.key("docks", "take 1") is None)
    page.until(lambda: "rides 3101" in page.part("docks"))
    page.picture("bike")
    for word in ("later rider-1 50", "bring rider-1"):  # docks are drawn anew when they change
        page.until(lambda: page.key("docks", word) is None)  # noqa: B023
    page.until(lambda: "Brought, no tap yet" in page.part("docks"))
    page.settled()
    for _ in range(STARTS):  # the docks' word may be on its way
        page.tap("rider-1")
        page.settled()
        if page.balance("rider-1") == "199.00":
            break
    page.until(lambda: "Frozen" in page.text("records") and "1.00" in page.text("records"))
    assert page.balance("rider-1") == "199.00"


def test_toll_lane_should_read_what_another_station_has_written(browser, serve):
    """QX-044, QX-045: a record of the card, a PSAM that answers, a barrier that opens; the lane
    becomes another one.
    """
    page = Page(browser, serve("toll"), TALL)
    page.says("Please wait")
    assert "next" in page.one('[data-word="class 1"]').get_attribute("class")
    page.pick("entries", "rider-1")
    page.key("entries", "11 45 1")
    page.until(lambda: "rider-1: came in at 11" in page.part("entries"))
    page.key("console", "class 1")
    page.says("Exit: present card")
    page.tap("rider-1")
    page.shows("green", "Paid 40.00, balance 160.00")
    page.until(lambda: "rider-1: left at 14" in page.part("entries"))
    assert "keys derived: 0" not in page.part("module")
    page.picture("toll")
    page.key("loop", "drive")
    page.until(lambda: "drove over: 1" in page.part("loop"))
    page.key("lane", "entry 11")
    page.until(lambda: "other settings" in page.text("stories"))
    page.until(lambda: page.text("link") == "Connected" and "Please wait" in page.text("display"))
    pressed = page.one('[data-part="lane"] [aria-pressed="true"]').get_attribute("data-word")
    assert pressed == "entry 11" and page.balance("rider-1") == "160.00"
