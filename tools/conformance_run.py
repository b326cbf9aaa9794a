# SPDX-License-Identifier: Apache-2.0
"""Runs the cited tests in one pytest and says how each ended; shared files on MicroPython too."""

import os

import pytest

MICROPYTHON = "tests/host/test_micropython.py"
SHARED_TEST = "test_shared_tests_should_pass_under_micropython"
WORST = ("passed", "skipped", "failed")  # of the cases of one test, the last one found counts


class Recorder:
    """A pytest plugin: `ended`, dict node id -> "passed", "failed" or "skipped"; `left_out`, set of
    (node id, test) that MicroPython skipped.
    """

    def __init__(self):
        self.ended = {}
        self.left_out = set()

    def pytest_runtest_logreport(self, report):
        """Setup and teardown count too: a test whose fixture breaks did not pass."""
        word = report.outcome
        if report.when != "call" and word == "passed":
            return
        self.left_out.update(
            (report.nodeid, name)
            for key, names in report.user_properties
            for name in (names if key == "skipped" else ())
        )
        before = self.ended.get(report.nodeid, "passed")
        self.ended[report.nodeid] = max(before, word, key=WORST.index)


def node_of(place):
    """Node id of a (path, test)."""
    return "%s::%s" % (place[0], place[1].replace(".", "::"))


def is_shared(path):
    """True for a test file that runs on both interpreters."""
    return path.startswith("tests/") and not path.startswith(
        ("tests/host/", "tests/clients/", "tests/heap/")
    )


def by_test(ended, places):
    """Dict place -> how its worst case ended, of dict node id -> word; a case is `node[name]`."""
    words = {}
    for node, word in ended.items():
        words.setdefault(node.partition("[")[0], []).append(word)
    return {
        place: max(words[node_of(place)], key=WORST.index)
        for place in places
        if node_of(place) in words
    }


def portable_nodes(paths):
    """Node ids that run shared files under MicroPython."""
    modules = [path[: -len(".py")].replace("/", ".") for path in paths]
    return ["%s::%s[%s]" % (MICROPYTHON, SHARED_TEST, module) for module in modules]


def run(root, found, with_micropython):
    """(dict (path, test) -> word, dict shared path -> word under MicroPython).

    found: requirements.Carried.
    """
    places = sorted({place for tests in found.tests.values() for place in tests})
    shared = sorted({path for path, _ in places if is_shared(path)}) if with_micropython else []
    nodes = [node_of(place) for place in places] + portable_nodes(shared)
    recorder = Recorder()
    os.chdir(root)
    pytest.main(["-q", "--no-header", *nodes], plugins=[recorder])
    portable = {
        path: recorder.ended[node]
        for path, node in zip(shared, portable_nodes(shared), strict=True)
        if node in recorder.ended
    }
    words = by_test(recorder.ended, places)
    for path, node in zip(shared, portable_nodes(shared), strict=True):
        for place in places:
            only_there = place[0] == path and words.get(place) == "skipped"
            if only_there and portable.get(path) == "passed":
                if (node, place[1]) not in recorder.left_out:
                    words[place] = "passed"  # a test that only MicroPython can do, and did
    return words, portable
