# SPDX-License-Identifier: Apache-2.0
"""The page of `faretap panel` in headless Chromium: a hand with cards, a terminal that answers.

tools/clients.sh browser installs Chromium. Pictures go to build/panel, or to the folder that
SCREENSHOTS names (`make screenshots`: docs).
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(os.environ.get("SCREENSHOTS", ROOT / "build" / "panel"))
WAIT_S = 20  # a busy machine loses frames of the virtual chip; the terminal heals its reader
WIDE, PHONE = (1120, 1120), (390, 844)


STARTS = 3  # on a busy machine the virtual chip may be too late for the terminal's start


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a page is served, by the command itself on a free port."""
    yield from served(tmp_path_factory)


@pytest.fixture(scope="module")
def gate_address(tmp_path_factory):
    """The same with a gate."""
    yield from served(tmp_path_factory, "--device", "gate")


def served(tmp_path_factory, *words):
    """The address, while the command runs."""
    for number in range(STARTS):
        process = started(tmp_path_factory.mktemp("panel"), *words)
        found = [re.search(r"http://\S+", line) for line in iter_until_address(process.stdout)]
        if found and found[-1]:
            break
        process.wait()
        assert number < STARTS - 1, "the command ended without an address"
    yield found[-1][0]
    process.terminate()
    process.wait()
    process.stdout.close()


def started(folder, *words):
    """The command as a process."""
    command = [sys.executable, "-m", "host_tools.cli.main", "panel", "--port", "0", *words]
    return subprocess.Popen(
        [*command, "--folder", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def iter_until_address(lines):
    """Its lines, up to the one with the address."""
    for line in lines:
        yield line
        if "http://" in line:
            return


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window; skipped, with the reason, where it cannot be had."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("chromium or chromedriver is not installed: tools/clients.sh browser")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "hide-scrollbars",
        "force-prefers-reduced-motion",
    ):  # a picture must not catch a lamp that blinks
        options.add_argument("--" + option)
    driven = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield driven
    driven.quit()


class Page:
    """What a person sees and does."""

    def __init__(self, browser, address, size=WIDE):
        self.browser = browser
        browser.set_window_size(*size)
        browser.get(address)
        self.until(lambda: self.text("link").endswith("Connected"))

    def until(self, true):
        WebDriverWait(self.browser, WAIT_S, 0.05).until(lambda _: true())

    def text(self, name):
        return self.browser.find_element(By.ID, name).text

    def lamp(self):
        return self.browser.find_element(By.ID, "terminal").get_attribute("data-lamp")

    def card(self, name, part):
        return self.browser.find_element(By.CSS_SELECTOR, f'[data-name="{name}"] {part}')

    def balance(self, name):
        return self.card(name, ".balance").text.partition(" ")[2]

    def shows(self, lamp, words):
        """A result stands for a second, the line of the last one longer."""
        sign = {"green": "✓", "amber": "!", "red": "✗"}[lamp]
        self.until(lambda: self.text("before").endswith(words) and sign in self.text("before"))

    def settled(self):
        """The result has gone, and the card with it."""
        self.until(lambda: self.lamp() == "blue" and "Reader" in self.text("reach"))

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(PICTURES / f"panel-{name}.png"))


@pytest.fixture
def page(browser, address):
    page = Page(browser, address)
    page.settled()
    return page


def test_tap_should_be_green_with_amount_and_balance(page):
    """TD-002, TD-003: lamp, sign, tone, words in two languages, and the record."""
    page.card("adult-1", ".face").click()
    page.until(lambda: page.text("line1") == "已付2.00元 余额98.00元")
    assert page.lamp() == "green" and page.text("sign") == "✓"
    page.shows("green", "Paid 2.00, balance 98.00")
    buzzer = page.browser.find_element(By.ID, "buzzer")
    assert buzzer.get_attribute("data-kind") == "ok"
    assert "已付款" in page.text("voice")
    page.until(lambda: page.balance("adult-1") == "98.00")
    page.until(lambda: "ok" in page.text("records"))
    assert "622800" in page.text("records") and "******" in page.text("records")
    waterfall = page.browser.find_element(By.ID, "waterfall")
    page.until(lambda: int(waterfall.get_property("naturalWidth")) > 0)
    page.picture("paid")
    page.until(lambda: "Uploaded" in page.text("acknowledged"))


def test_torn_card_should_be_amber_and_recovered_by_the_same_card(page):
    """TD-002: money is taken once, and said so at the second tap."""
    page.card("adult-2", ".tear").click()
    page.shows("amber", "same card again")
    page.picture("torn")
    page.card("adult-2", ".face").click()
    page.shows("green", "Settled 2.00, left 248.00")
    page.until(lambda: page.balance("adult-2") == "248.00")
    page.settled()


def test_two_cards_should_be_told_to_come_one_by_one(page):
    """TD-004: nobody pays."""
    before = page.balance("student-1"), page.balance("senior-1")
    for name in ("student-1", "senior-1"):
        page.card(name, ".pick").click()
    page.browser.find_element(By.ID, "together").click()
    page.shows("amber", "One card only")
    page.picture("two")
    page.settled()
    assert (page.balance("student-1"), page.balance("senior-1")) == before


def test_listed_card_should_be_red_and_keep_its_money(page):
    """TD-024: the list and its version are named, nothing is taken."""
    page.card("deny-listed", ".face").click()
    page.until(lambda: "未扣款" in page.text("line1") and "此卡停用" in page.text("voice"))
    page.shows("red", "No charge: list 7")
    page.picture("refused")
    page.settled()
    assert page.balance("deny-listed") == "100.00"


def test_card_should_be_held_with_the_mouse_and_pay_once(page):
    """TD-005: it stays while the button is down."""
    face = page.card("adult-3", ".face")
    ActionChains(page.browser).click_and_hold(face).perform()
    page.shows("green", "Paid 2.00, balance 98.00")
    page.until(lambda: "adult-3" in page.text("reach"))
    time.sleep(1.2)  # longer than a result stands
    ActionChains(page.browser).release(face).perform()
    page.settled()
    assert page.balance("adult-3") == "98.00"


def test_keyboard_should_tap_and_the_plug_should_be_pulled(page):
    page.browser.find_element(By.ID, "plug").click()
    page.until(lambda: "no power" in page.text("link"))
    page.until(lambda: page.text("link").endswith("Connected"))
    page.card("adult-4", ".face").send_keys(Keys.ENTER)
    page.shows("green", "Paid 2.00, balance 98.00")
    page.settled()


def test_page_should_fit_a_phone(browser, address):
    page = Page(browser, address, PHONE)
    page.settled()
    page.card("adult-5", ".face").click()
    page.shows("green", "Paid 2.00, balance 98.00")
    wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
    page.picture("phone")
    assert wide <= 0
    page.settled()


def test_gate_should_open_for_who_has_paid_and_close_behind_him(browser, gate_address):
    """TD-001, TD-060: paid, opened and passed are seen apart."""
    page = Page(browser, gate_address)
    page.until(lambda: "Closed" in page.text("lane"))
    page.card("adult-1", ".face").click()
    page.until(lambda: "Open" in page.text("lane"))
    page.shows("green", "Paid 2.00, balance 98.00")
    page.browser.find_element(By.CSS_SELECTOR, '[data-word="normal"]').click()
    page.picture("gate")
    page.until(lambda: "In 1" in page.text("lane") and "Closed" in page.text("lane"))
