# SPDX-License-Identifier: Apache-2.0
"""The operator's pages: what a city's ledger says to the people who look after it.

One table of pages (pages.py) says what is asked, by which permission, and who answers. guard.py
stands in front of all of them; door.py knows people; look.py, terminals.py, stories.py, money.py
and claims.py answer; figures.py adds up in the background what takes long; words.py is the
Chinese of every English word. Nothing here runs in the browser but HTML and CSS.
"""
