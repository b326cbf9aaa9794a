# SPDX-License-Identifier: Apache-2.0
# `make` prints what there is. Everything works in .venv of this checkout; nothing is installed beside it.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SOURCES := firmware host_tools sim tests
SECONDS ?= 20
STEP ?= 1
FIRST ?= 0
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: city help setup run test check lint format types test-host test-micropython demo replay serve \
	fuzz adversary mutation proof test-clients \
	collect bench panel screenshots waterfall size mpy lock sessions docs docs-check \
	conformance clean image image-twice test-pico test-qemu test-side-by-side test-here test-emulated proof-pico micropython test-heap deb test-deb

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv and install the pinned packages
$(READY): requirements.lock tools/typings.lock pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" tools/setup.sh

run: demo  ## setup, then a day in front of the terminal: the demo
demo: $(READY)  ## simulated terminals, cards and collector on this machine
	@$(BIN)/faretap demo $(ARGS)

replay: $(READY)  ## play a recorded card: make replay SESSION=sim/sessions/NAME.session
	@test -n "$(SESSION)" || { echo "say which: make replay SESSION=FILE"; exit 2; }
	@$(BIN)/faretap replay "$(SESSION)" $(ARGS)

serve: $(READY)  ## the virtual PN532 on a pty, for any PN532 driver
	@$(BIN)/faretap pn532 $(ARGS)

collect: $(READY)  ## the collector: takes uploads into a ledger
	@$(BIN)/faretap collect $(ARGS)

bench: $(READY)  ## taps a second, time of each APDU, journal writes
	@$(BIN)/faretap bench $(ARGS)

test: check test-side-by-side  ## everything: what CI runs

city: $(READY)  ## a city with everything that goes wrong, another one each day: by night
	@$(BIN)/faretap city --terminals 2000 --taps 40000 --jobs 2 --seed $(or $(SEED),$(shell date +%Y%m%d)) --html build/city.html

check: lint types mpy  ## no tests, seconds: lint, types, MicroPython syntax

lint: $(READY)  ## ruff: rules and format
	@$(BIN)/ruff check --quiet $(SOURCES) tools/deb
	@$(BIN)/ruff format --quiet --check --diff $(SOURCES) tools/deb

format: $(READY)  ## rewrite the sources as ruff would have them
	@$(BIN)/ruff check --quiet --fix $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

types: $(READY)  ## mypy: all as CPython, firmware again against the stubs of a Pico W
	@$(BIN)/mypy --no-error-summary firmware host_tools sim tools/deb
	@$(BIN)/mypy --no-error-summary --config-file tools/mypy_micropython.ini

test-host: $(READY)  ## pytest: host tests, shared tests on both interpreters; JOBS files at a time
	@$(BIN)/python -m pytest --ignore tests/clients --ignore tests/heap --ignore tests/pico --ignore tests/qemu --ignore tests/deb -n $(JOBS) --dist loadfile $(ARGS)

test-clients: $(READY)  ## other people's PN532 drivers and PC/SC on the virtual chip and card; installs them first
	@tools/clients.sh
	@$(BIN)/python -m pytest tests/clients $(ARGS)

test-side-by-side: $(READY)  # what computes on foreign processors behind what waits for clients; packages first, one apt at a time
	@tools/clients.sh
	@tools/micropython.sh packages || test $$? -eq 3
	@$(BIN)/python tools/beside.py build/emulated.txt nice -n 19 $(MAKE) --no-print-directory test-emulated -- $(MAKE) --no-print-directory test-here

test-here: test-host test-clients test-deb
test-emulated: test-pico test-qemu test-heap

test-heap: $(READY)  ## every device in the heap of a Pico W: 32 bits, code in flash; builds that interpreter first
	@tools/micropython.sh || test $$? -eq 3
	@$(BIN)/python -m pytest tests/heap -n $(JOBS) $(ARGS)

test-micropython: $(READY)  ## the shared tests under MicroPython, a process a file
	@$(BIN)/python -m pytest tests/host/test_micropython.py $(ARGS)

micropython:  ## 32-bit MicroPython with firmware/ frozen, as in a board's flash: build/micropython
	@tools/micropython.sh

image: $(READY)  ## what is flashed: make image BOARD=pico|pico_w|esp32_s3|.. UNIT=folder DEVICE=bus
	@test "$(or $(BOARD),pico)" != pico || tools/micropython.sh pico
	@$(BIN)/faretap image $(or $(BOARD),pico) $(if $(UNIT),--unit "$(UNIT)") $(DEVICE:%=--device %) $(ARGS)

image-twice:  ## the image of a Pico built in another folder, and compared (minutes)
	@tools/image_twice.sh

test-deb: $(READY)  ## the Debian package in a clean bookworm: installed, upgraded, rolled back, removed; makes that first
	@tools/deb/tree.sh || test $$? -eq 3
	@$$(unshare --mount true 2>/dev/null && echo unshare --mount env OWN_MOUNTS=yes) $(BIN)/python -m pytest tests/deb $(ARGS)

test-pico: $(READY)  ## the image of a Pico in an emulated RP2040: boots, debits, loses power, uploads; builds that image first
	@tools/micropython.sh pico || test $$? -eq 3
	@$(BIN)/python -m pytest tests/pico -n $(JOBS) --dist loadfile $(ARGS)

test-qemu: $(READY)  ## kernel and formats on a Cortex-M3 (QEMU); builds MicroPython for it first
	@tools/micropython.sh qemu || test $$? -eq 3
	@$(BIN)/python -m pytest tests/qemu $(ARGS)

proof-pico: image  ## the emulated Pico loses power in COUNT operations of its flash, drawn by SEED (minutes each)
	@$(BIN)/faretap pico cuts --count $(or $(COUNT),50) --seed $(or $(SEED),1)

deb: $(READY)  ## the Debian package of a Raspberry Pi, built twice and compared: build/deb (RELEASE=12 RELEASE_FILE=signed)
	@command -v dpkg-deb >/dev/null || tools/clients.sh packages dpkg
	@$(BIN)/python tools/deb/build.py --twice $(if $(RELEASE),--number $(RELEASE)) $(if $(RELEASE_FILE),--release-file $(RELEASE_FILE))

mpy: $(READY)  ## compile every firmware file with mpy-cross into build/mpy: the syntax gate
	@$(BIN)/python -m host_tools.cli.runtime build/mpy

waterfall: $(READY)  ## draw docs/tap.svg anew: where the time of a simulated tap went
	@$(BIN)/faretap replay --paced --trace build/tap.trace sim/sessions/pboc-approved-sm2.session
	@$(BIN)/faretap waterfall build/tap.trace --title "A simulated tap with SM2" -o docs/tap.svg

panel: $(READY)  ## a simulated terminal in the browser: cards to tap, hold and tear
	@$(BIN)/faretap panel $(ARGS)

screenshots: $(READY)  ## docs/panel-*.png and office-*.png anew, by the tests that hold the mouse
	@tools/clients.sh browser
	@SCREENSHOTS=docs $(BIN)/python -m pytest tests/clients/test_browser.py tests/clients/test_office_browser.py

size: $(READY) mpy  ## flash and heap of each module, flash of each device; heap where `make micropython` was run
	@$(BIN)/python -m host_tools.image.sizes build/mpy

fuzz: $(READY)  ## look for faults by coverage: make fuzz SECONDS=60 TARGETS="tlv taps"
	@tools/fuzz.sh run $(TARGETS) --seconds $(SECONDS)

adversary: $(READY)  ## stories against the money of cards with records: make adversary SECONDS=600
	@$(BIN)/python -m tests.adversary --seconds $(SECONDS)

proof: $(READY) mpy  ## cut the power in every flash operation of a day, on both interpreters: make proof STEP=4 FIRST=1
	@$(BIN)/python tests/power_cuts.py $(STEP) $(FIRST)
	@MICROPYPATH=build/mpy $(BIN)/micropython -X heapsize=512K tests/power_cuts.py $(STEP) $(FIRST)
	@$(BIN)/python tests/update_cuts.py
	@MICROPYPATH=build/mpy $(BIN)/micropython -X heapsize=512K tests/update_cuts.py

mutation: $(READY)  ## do the tests notice faults? make mutation FILES="firmware/kernel/tlv.py"
	@tools/mutation.sh $(FILES)

lock: $(READY)  ## write requirements.lock and the locks of tools/ anew (UPGRADE=1: newest versions)
	@PYTHON="$(PYTHON)" tools/lock.sh

sessions: $(READY)  ## write sim/sessions anew, with new test keys
	@$(BIN)/python tools/make_sessions.py

docs: $(READY)  ## write the tables in docs/ from the code
	@$(BIN)/python tools/docs.py

docs-check: $(READY)  ## fail when a printed table in docs/ is out of date
	@$(BIN)/python tools/docs.py --check

conformance: $(READY)  ## each requirement of the book: clause, code, tests and how they ended
	@$(BIN)/python tools/conformance.py $(ARGS)

clean:  ## remove .venv, build and caches
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
