# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a window; the test is skipped, with the reason, where it is not."""

import shutil

import pytest
from selenium import webdriver

OPTIONS = (
    "headless=new",
    "no-sandbox",
    "disable-dev-shm-usage",
    "hide-scrollbars",
    "force-prefers-reduced-motion",  # a picture must not catch a lamp that blinks
)


def started():
    """A driven browser; quit() ends it."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("chromium or chromedriver is not installed: tools/clients.sh browser")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in OPTIONS:
        options.add_argument("--" + option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(driver))
