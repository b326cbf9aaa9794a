# SPDX-License-Identifier: Apache-2.0
"""The operator's pages of `faretap office --demo` in headless Chromium, as a person uses them.

tools/clients.sh browser installs Chromium. Pictures go to build/panel, or to the folder that
SCREENSHOTS names (`make screenshots`: docs).
"""

import os
import re
import subprocess
import sys

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.ui import WebDriverWait

from sim.office_fleet import card_number
from tests.clients.chromium import started
from tests.clients.page import DRAWN_ANEW, PHONE, PICTURES, ROOT, iter_until_address, thin_pictures

DESK, WAIT_S = (1440, 1060), 30
MASKED = re.compile(r"\b62280\d\*{6}\d{4}\b")
WHOLE = re.compile(r"(?<!\d)6228\d{12}(?!\d)")


@pytest.fixture(scope="module")
def city():
    """(address, password) of the command itself, on a free port."""
    command = [sys.executable, "-m", "host_tools.cli.main", "office", "--demo"]
    process = subprocess.Popen(
        [*command, "--address", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    said = "".join(iter_until_address(process.stdout))
    yield re.search(r"http://\S+", said)[0], re.search(r"password is (\S+)", said)[1]
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    driven = started()
    yield driven
    driven.quit()
    thin_pictures("office")


class Person:
    """Somebody in front of the pages, signed in."""

    def __init__(self, browser, city, role, size=DESK):
        self.browser = browser
        self.address, password = city
        browser.delete_all_cookies()
        browser.set_window_size(*size)
        self.go("/login")
        self.type("name", role)
        self.type("password", password)
        self.press(".main")
        self.until(lambda: "/login" not in browser.current_url)
        self.until(lambda: "Adding up" not in self.text())

    def go(self, path):
        self.browser.get(self.address + path)

    def one(self, css):
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def type(self, name, text):
        field = self.one(f'[name="{name}"]')
        field.clear()
        field.send_keys(text)

    def press(self, css):
        """A link or a button, and the page that it leads to."""
        left = self.one("html")
        self.one(css).click()
        WebDriverWait(self.browser, WAIT_S, 0.05).until(staleness_of(left))

    def text(self):
        """All words of the page, spaces even; looked at again where another page came."""
        seen = WebDriverWait(self.browser, WAIT_S, 0.05, DRAWN_ANEW).until(
            lambda _: [self.one("body").text]
        )
        return " ".join(seen[0].split())

    def until(self, true):
        WebDriverWait(self.browser, WAIT_S, 0.05).until(lambda _: true())

    def fits(self):
        """Nothing hangs out of the window, and no script is there to run."""
        wide = self.browser.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wide <= 0 and not self.browser.find_elements(By.TAG_NAME, "script")

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(PICTURES / f"office-{name}.png"))


@pytest.fixture
def admin(browser, city):
    return Person(browser, city, "admin")


def test_the_day_is_seen_at_a_glance(admin):
    seen = admin.text()
    assert "Simulated city" in seen and "2026-11-20" in seen and "Lost terminals 2" in seen
    assert "北方公交 North Buses" in seen and admin.fits()
    assert len(admin.browser.find_elements(By.CSS_SELECTOR, ".chart .bar")) == 24 + 14
    admin.picture("overview")
    refused = [one for one in admin.browser.get_log("browser") if "Refused" in one["message"]]
    assert refused == []  # the policy forbids nothing that the page needs


def test_a_terminal_is_found_by_what_is_wrong_with_it(admin):
    admin.go("/terminals?sort=torn")
    assert admin.fits()
    admin.picture("terminals")
    admin.press("tbody a")
    assert "Terminal 1004" in admin.text() and "Shifts" in admin.text()
    assert len(admin.browser.find_elements(By.CSS_SELECTOR, ".spark polyline")) == 3
    admin.picture("terminal")


def test_a_wave_is_halted_and_goes_on(admin):
    admin.go("/rollouts/3")
    admin.type("why", "riders complain")
    admin.press('form[action$="/halt"] button')
    assert "Halted: admin: riders complain" in admin.text()
    admin.press('form[action$="/resume"] button')
    assert "running" in admin.text() and "riders complain" not in admin.text()
    admin.go("/rollouts/2")
    admin.picture("rollout")


def test_a_doubtful_debit_is_decided_by_a_clerk(browser, city):
    # CL-010
    clerk = Person(browser, city, "clerk")
    assert "Audit log" not in clerk.text()
    clerk.go("/pending")
    clerk.picture("pending")
    clerk.press("tbody a")
    clerk.type("note", "by phone, card 6228000100000010")
    clerk.press('form[action$="/decide"] button')
    assert "refunded clerk: by phone, card ******0010" in clerk.text()
    clerk.picture("record")


def test_a_dispute_is_looked_up_by_the_whole_number_which_stays_nowhere(browser, city):
    # CL-016
    clerk = Person(browser, city, "clerk")
    clerk.go("/dispute")
    clerk.type("card", card_number(8))
    clerk.press("form.row button.main")
    clerk.until(lambda: "a day before to a day after" in clerk.text())
    assert MASKED.search(clerk.text()) and not WHOLE.search(browser.page_source)
    assert browser.current_url.endswith("/dispute")
    clerk.picture("dispute")


def test_pages_fit_a_phone_in_chinese_and_in_the_dark(browser, city):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 1, "mobile": True},
    )
    person = Person(browser, city, "operator", PHONE)
    person.go("/?lang=zh")
    assert "总览" in person.text() and "Overview" not in person.text()
    for path in ("/terminals", "/terminals/1004", "/days", "/rollouts/2", "/pending", "/marked"):
        person.go(path)
        assert person.fits(), path
    person.go("/")
    person.picture("phone")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_who_signs_out_is_out(admin):
    admin.press('form[action="/logout"] button')
    admin.go("/")
    assert "/login" in admin.browser.current_url
