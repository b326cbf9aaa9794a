// SPDX-License-Identifier: Apache-2.0
// A Raspberry Pi Pico with firmware/ frozen: code takes up to 768 KB of the 2 MB of flash, the rest is
// a small file system for settings, parameters and lists, and the journal (modules/_boot.py).
#define MICROPY_HW_BOARD_NAME "Raspberry Pi Pico with faretap"
#define MICROPY_HW_FLASH_STORAGE_BYTES (1280 * 1024)
