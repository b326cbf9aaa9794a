# SPDX-License-Identifier: Apache-2.0
"""What stands beside a terminal: meter, gate, announcer, console. Protocols without I/O, one driver."""
