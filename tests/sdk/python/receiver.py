"""A receiver as a Python developer writes one: HTTPS, and the official verifiers.

It says where it listens, is told the secret on standard input, and reports each notification as a
line of JSON: `id`, the event's `type`, and `problem` if anything was wrong with it.
"""

import json
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from complycube.eventverifier import EventVerifier
from standardwebhooks.webhooks import Webhook

secret = None
reporting = threading.Lock()
# The SDK's verifier prints signatures; they are no reports.
standard_output, sys.stdout = sys.stdout, open(os.devnull, "w")


def report(**fields):
    with reporting:
        print(json.dumps(fields), file=standard_output, flush=True)


def must_refuse(what, check, *args):
    """Fails unless `check` does: a verifier that accepts everything proves nothing."""
    try:
        check(*args)
    except Exception:
        return
    raise AssertionError(f"{what} was accepted")


def verify(raw, headers):
    verifier = EventVerifier(secret)
    # This header is looked up by its exact spelling, as some receivers do.
    signature = dict(headers.items())["Complycube-Signature"]
    event = verifier.construct_event(raw, signature)
    must_refuse("a changed body", verifier.construct_event, raw + b" ", signature)

    standard = Webhook(secret)
    standard.verify(raw, dict(headers.items()))
    replayed = {**headers, "Webhook-Timestamp": "1500000000"}
    must_refuse("an old timestamp", standard.verify, raw, replayed)

    assert event.id == headers["Webhook-Id"], "the event has another id than its header"
    keys = list(json.loads(raw))
    assert keys == ["id", "type", "resourceType", "payload", "createdAt"], keys
    assert event.type.startswith(f"{event.resource_type}."), event.resource_type
    return event.type


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        event_type = problem = None
        try:
            event_type = verify(raw, self.headers)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        self.send_response(400 if problem else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        report(id=self.headers["Webhook-Id"], type=event_type, problem=problem)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
server.socket = tls.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
report(port=server.server_address[1])
for line in sys.stdin:
    secret = line.strip()
    report(secret="known")
