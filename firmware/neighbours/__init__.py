# SPDX-License-Identifier: Apache-2.0
"""What stands beside a terminal: meter, gate, announcer, console; protocols and one driver."""
