# SPDX-License-Identifier: Apache-2.0
"""write_at(path, at, data): a file that comes in pieces, each durable before the next.

The same on all interpreters but for the one durable call (MP-1, MP-2), which is handed in.
"""


def write_part(path, at, data, make_durable):
    """Let `data` stand at place `at` of file `path`, durable on return; at 0 the file is made
    anew. OSError, and what stands there from `at` on is then not known.
    """
    with open(path, "r+b") if at else open(path, "wb") as file:
        if at:
            file.seek(at)
        file.write(data)
        make_durable(file)
