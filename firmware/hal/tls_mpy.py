# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""TLS of MicroPython, mbedtls in all ports; contract in hal/__init__.py, the stream in secure.py.

A certificate is checked: its CA, its name and its dates. Whether dates are looked at is up to the
build (MBEDTLS_HAVE_TIME_DATE); Python cannot ask it. The PC's has them, and a test shows it.
"""

import binascii
import socket

from firmware.errors import FormatError, LinkLost
from firmware.hal import secure

try:
    import tls
except ImportError:
    tls = None

EINPROGRESS = (115, 119)  # Linux and lwIP; ESP-IDF
# what mbedtls says, and what we say
REASONS = (
    ("validity has expired", secure.EXPIRED),
    ("starts in the future", secure.NOT_YET),
    ("Common Name", secure.NOT_ITS_NAME),
    ("trusted CA", secure.STRANGER),
)


class Stream(secure.SecureStream):
    """A TLS connection."""

    def __init__(self, sock, name, server_name, context):
        super().__init__(sock, name, server_name)
        self._context = context

    def _wrap(self, sock):
        return self._told(self._begin, sock)

    def _begin(self, sock):
        return self._context.wrap_socket(
            sock, server_hostname=self.server_name, do_handshake_on_connect=False
        )

    def _take(self, count):
        return self._told(self._secure.read, count)

    def _put(self, data):
        return self._told(self._secure.write, data) or 0

    def _told(self, call, argument):
        """What call(argument) gives; a failure is a LinkLost with its reason."""
        try:
            return call(argument)
        except ValueError as error:  # of the certificate
            text = str(error).strip()
            for part, why in REASONS:
                if part in text:
                    raise self.lost(why % self.server_name if "%s" in why else why)
            raise self.lost("its certificate: " + text)
        except OSError as error:
            raise self.lost("TLS: %s" % error)


class Tls:
    """Who is trusted, and who we are."""

    def __init__(self, trust, server_name, identity):
        """trust: path of the CA certificates; identity: (certificate, key) paths or None."""
        if tls is None or not hasattr(tls, "CERT_REQUIRED"):
            raise FormatError("link: this MicroPython has no TLS that checks certificates")
        self.server_name = server_name
        self._context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        self._context.verify_mode = tls.CERT_REQUIRED
        try:
            for one in _der(trust, "CERTIFICATE"):
                self._context.load_verify_locations(one)
        except (ValueError, OSError) as error:
            raise FormatError("%s: %s" % (trust, error))
        if not identity:
            return
        certificate, key = identity
        try:
            self._context.load_cert_chain(
                _der(certificate, "CERTIFICATE")[0], _der(key, "PRIVATE KEY")[0]
            )
        except (ValueError, OSError) as error:
            raise FormatError("%s, %s: %s" % (certificate, key, error))

    def connect(self, host, port):
        """A byte stream that is being connected; LinkLost when that fails at once."""
        name = "%s:%d" % (host, port)
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][-1])
        except OSError as error:
            if error.errno not in EINPROGRESS:
                sock.close()
                raise LinkLost("%s: %s" % (name, error))
        return Stream(sock, name, self.server_name, self._context)


def _der(path, kind):
    """The blocks of a PEM file in the binary form mbedtls wants. FormatError, OSError."""
    try:
        with open(path) as file:
            text = file.read()
        return [binascii.a2b_base64(one) for one in secure.pem_blocks(text, kind, path)]
    except OSError as error:
        raise OSError(error.errno, path)
    except (ValueError, UnicodeError) as error:
        raise FormatError("%s: %s" % (path, error))
