#!/usr/bin/env python3
"""A user store for Portcullis that asks an LDAP directory: a password is right if the directory lets its user bind.

    python3 -m pip install ldap3
    LDAP_URL=ldaps://ldap.example LDAP_USER_DN='uid={},ou=people,dc=example' VERIFIER_TOKEN=... ./verifier.py 127.0.0.1:8099

The gateway file then says

    identity:
      userStore: { endpoint: 'http://127.0.0.1:8099/verify', authorizationEnv: VERIFIER_TOKEN }

Scopes are the names of the groups under LDAP_GROUP_BASE, if it is set, of which the user is a member.
"""

import hmac
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import ldap3
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import escape_rdn

SERVER = ldap3.Server(os.environ["LDAP_URL"], connect_timeout=1)
USER_DN = os.environ["LDAP_USER_DN"]
GROUP_BASE = os.environ.get("LDAP_GROUP_BASE")
TOKEN = os.environ["VERIFIER_TOKEN"]
MAX_BODY = 4096


def scopes_of(name, password):
    """The user's scopes; None if name or password is wrong. Raises what ldap3 raises when the directory cannot say."""
    if not password:
        return None  # A bind without password succeeds as nobody (RFC 4513, section 5.1.2).
    dn = USER_DN.format(escape_rdn(name))
    connection = ldap3.Connection(SERVER, dn, password, receive_timeout=1)
    try:
        if not connection.bind():
            if connection.result["result"] == ldap3.core.results.RESULT_INVALID_CREDENTIALS:
                return None
            raise OSError(connection.result["description"])
        if not GROUP_BASE:
            return []
        connection.search(GROUP_BASE, f"(member={escape_filter_chars(dn)})", attributes=["cn"])
        return [value for entry in connection.entries for value in entry.cn.values]
    finally:
        connection.unbind()


class Verifier(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        # Who may ask this may guess passwords without limit.
        if not hmac.compare_digest(self.headers.get("authorization", "").encode(), TOKEN.encode()):
            return self.answer(403, {})
        try:
            length = int(self.headers["content-length"])
            asked = json.loads(self.rfile.read(length)) if length <= MAX_BODY else {}
            name, password = asked["username"], asked["password"]
        except (KeyError, TypeError, ValueError):
            return self.answer(400, {})
        try:
            scopes = scopes_of(name, password)
        except Exception as cause:  # The directory is down: that says nothing of the password.
            print(f"the directory cannot say: {type(cause).__name__}", file=sys.stderr)
            return self.answer(503, {})
        return self.answer(401, {}) if scopes is None else self.answer(200, {"consumer": name, "scopes": scopes})

    def answer(self, status, said):
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    host, port = sys.argv[1].rsplit(":", 1)
    ThreadingHTTPServer((host, int(port)), Verifier).serve_forever()
