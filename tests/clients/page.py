# SPDX-License-Identifier: Apache-2.0
"""The page of `faretap panel` as a person has it before him: served by the command, held by the
mouse of a headless Chromium.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(os.environ.get("SCREENSHOTS", ROOT / "build" / "panel"))
COLOURS = 192  # of a picture
DRAWN_ANEW = (NoSuchElementException, StaleElementReferenceException)  # between two looks
WAIT_S = 20  # a busy machine loses frames of the virtual chip; the terminal heals its reader
STARTS = 3  # on a busy machine the virtual chip may be too late for the terminal's start
# A result stands for a second: a busy machine that looks now and then may miss it, the page itself
# does not
WATCH = """const text = (id) => document.getElementById(id).innerText;
window.faces = [];
const look = () => {
  const face = [document.getElementById("terminal").dataset.lamp, text("sign"), text("line1"),
    text("line2"), document.getElementById("buzzer").dataset.kind, text("voice")];
  if (JSON.stringify(face) !== JSON.stringify(window.faces.at(-1))) window.faces.push(face);
};
look();
new MutationObserver(look).observe(document.body,
  {subtree: true, childList: true, characterData: true, attributes: true});"""
WIDE, TALL, PHONE = (1440, 1180), (1440, 1000), (390, 844)


def served(tmp_path_factory, wallet, *words):
    """(process, address); wallet: a folder of cards, of which this page has copies."""
    for _ in range(STARTS):
        folder = tmp_path_factory.mktemp("panel")
        shutil.copytree(wallet, folder / "wallet")
        process = started(folder, *words)
        found = [re.search(r"http://\S+", line) for line in iter_until_address(process.stdout)]
        if found and found[-1]:
            return process, found[-1][0]
        process.wait()
        process.stdout.close()
    raise AssertionError("the command ended without an address")


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


class Page:
    """What a person sees and does."""

    def __init__(self, browser, address, size=WIDE, words=""):
        self.browser = browser
        browser.set_window_size(*size)
        browser.get(address + words)
        self.until(lambda: self.text("link") in ("Connected", "已连接"))
        browser.execute_script(WATCH)

    def until(self, true):
        try:
            WebDriverWait(self.browser, WAIT_S, 0.05, DRAWN_ANEW).until(lambda _: true())
        except TimeoutException:
            seen = [self.text(name) for name in ("link", "display", "before", "stories")]
            raise AssertionError("not seen in %d s; there stands: %s" % (WAIT_S, seen)) from None

    def one(self, css):
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def text(self, name):
        return self.browser.find_element(By.ID, name).text

    def faces(self):
        """[lamp, sign, line 1, line 2, tone, prompt] of all that was shown since the page came."""
        return self.browser.execute_script("return window.faces")

    def lamp(self):
        return self.one("#terminal").get_attribute("data-lamp")

    def card(self, name):
        return self.one(f'.card[data-name="{name}"]')

    def balance(self, name):
        return self.card(name).find_element(By.CSS_SELECTOR, ".balance").text.partition(" ")[2]

    def hand(self, word):
        """What a click on a card means from here on."""
        self.one(f'input[name="hand"][value="{word}"]').click()

    def key(self, part, word):
        """A key of a machine beside the terminal."""
        key = self.one(f'[data-part="{part}"] [data-word="{word}"]')
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", key)
        key.click()

    def pick(self, part, name):
        """The card that the keys of a machine are about."""
        Select(self.one(f'[data-part="{part}"] select')).select_by_value(name)

    def part(self, name):
        """What a machine shows."""
        return self.one(f'[data-part="{name}"]').text

    def tap(self, name):
        self.hand("tap")
        self.card(name).click()

    def tear(self, name, moment, told):
        """A card is torn away, and the spectator is told so; again, where the machine was so busy
        that the virtual chip lost the card before.
        """
        self.hand(moment)
        for _ in range(STARTS):
            before = self.text("stories")
            self.card(name).click()
            self.until(lambda: self.text("stories") != before)  # noqa: B023
            if told in self.text("stories").partition("\n")[0]:
                return
            self.settled()
        raise AssertionError("not torn: " + self.text("stories"))

    def says(self, words):
        """A line of the display."""
        self.until(lambda: words in self.text("display"))

    def shows(self, lamp, words):
        """A result stands for a second, the line of the last one longer."""
        sign = {"green": "✓", "amber": "!", "red": "✗"}[lamp]
        self.until(lambda: self.text("before").endswith(words) and sign in self.text("before"))

    def settled(self):
        """The result has gone, and the card with it."""
        self.until(lambda: self.lamp() == "blue" and self.text("reach") in ("Reader", "读卡区"))

    def picture(self, name):
        """Of what is to be seen."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.browser.execute_script("scrollTo(0, 0)")
        self.browser.save_screenshot(str(PICTURES / f"panel-{name}.png"))


def thin_pictures(page="panel"):
    """For the docs: a palette, as a page has few colours."""
    if "SCREENSHOTS" not in os.environ:
        return
    from PIL import Image  # for the docs alone

    for path in PICTURES.glob(page + "-*.png"):
        with Image.open(path) as seen:
            few = seen.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
