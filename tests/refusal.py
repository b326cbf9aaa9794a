# SPDX-License-Identifier: Apache-2.0
"""What a parser says against bad input; runs on both interpreters, so without pytest.raises."""

from firmware.errors import FormatError


def refusal(function, *values):
    """The text of the FormatError of function(*values); AssertionError without one."""
    try:
        function(*values)
    except FormatError as wrong:
        return str(wrong)
    raise AssertionError("accepted: " + repr(values))
