# SPDX-License-Identifier: Apache-2.0
"""TLS of CPython (OpenSSL); contract in hal/__init__.py, the stream in secure.py."""

import errno
import socket
import ssl

from firmware.errors import FormatError, LinkLost
from firmware.hal import secure

# X509_V_ERR_ of OpenSSL
REASONS = {9: secure.NOT_YET, 10: secure.EXPIRED, 62: secure.NOT_ITS_NAME, 64: secure.NOT_ITS_NAME}
STRANGERS = (2, 18, 19, 20, 21)


class Stream(secure.SecureStream):
    """A TLS connection."""

    def __init__(self, sock, name, server_name, context):
        super().__init__(sock, name, server_name)
        self._context = context

    def _wrap(self, sock):
        try:
            failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if failed:
                raise OSError(failed, errno.errorcode.get(failed, "not connected"))
            return self._context.wrap_socket(
                sock, server_hostname=self.server_name, do_handshake_on_connect=False
            )
        except OSError as error:
            raise self.lost(error) from error

    def _take(self, count):
        return self._told(self._secure.recv, count)

    def _put(self, data):
        return self._told(self._secure.send, data) or 0

    def _told(self, call, argument):
        """What call(argument) gives, None for nothing yet; a failure is a LinkLost."""
        try:
            return call(argument)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLCertVerificationError as error:
            raise self.lost(self._why(error)) from error
        except ssl.SSLEOFError as error:
            raise self.lost("hung up in the middle of TLS") from error
        except ssl.SSLError as error:
            raise self.lost("TLS: %s" % (error.reason or error)) from error
        except OSError as error:
            raise self.lost(error) from error

    def _why(self, error):
        if error.verify_code in STRANGERS:
            return secure.STRANGER
        why = REASONS.get(error.verify_code, "its certificate: %s" % error.verify_message)
        return why % self.server_name if "%s" in why else why


class Tls:
    """Who is trusted, and who we are."""

    def __init__(self, trust, server_name, identity):
        """trust: path of the CA certificates; identity: (certificate, key) paths or None."""
        self.server_name = server_name
        with open(trust, encoding="utf-8", errors="replace") as file:
            text = file.read()
        secure.pem_blocks(text, "CERTIFICATE", trust)
        try:
            self._context = ssl.create_default_context(cadata=text)
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        except (ssl.SSLError, ValueError) as error:
            raise FormatError("%s: %s" % (trust, error)) from error
        try:
            if identity:
                self._context.load_cert_chain(*identity)
        except ssl.SSLError as error:
            raise FormatError("%s, %s: %s" % (identity[0], identity[1], error)) from error

    def connect(self, host, port):
        """A byte stream that is being connected; LinkLost when that fails at once."""
        name = "%s:%d" % (host, port)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            sock = socket.socket(found[0], socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise LinkLost("%s: %s" % (name, error)) from error
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        failed = sock.connect_ex(found[4])
        if failed not in (0, errno.EINPROGRESS):
            sock.close()
            raise LinkLost("%s: %s" % (name, errno.errorcode.get(failed, failed)))
        return Stream(sock, name, self.server_name, self._context)
