"""Python's ssl as a peer: README.md says what it reads and writes."""

import http.client
import socket
import ssl
import sys

SERVER_NAME = "supplier.example.com"
ANSWER = b'<cXML payloadID="1@python" timestamp="2026-11-22T04:00:01Z"><Response><Status code="200" text="OK"/></Response></cXML>'
LIMIT = 20
ALERT = 21


def main():
    print(f"ready Python {sys.version.split()[0]} ({' '.join(ssl.OPENSSL_VERSION.split()[:2])})", flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        alerts = []
        try:
            print(f"done CN={serve(alerts, *words) if command == 'serve' else post(alerts, *words)}", flush=True)
        except Exception as error:
            print(alerts[0] if alerts else f"failed {error!r}", flush=True)


def serve(alerts, chain, key, root, *options):
    """Takes one connection, and gives the common name of the client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    configure(context, alerts, chain, key, root, options)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"port {listener.getsockname()[1]}", flush=True)
        plain, _ = listener.accept()
    with Lingering(plain), context.wrap_socket(plain.dup(), server_side=True) as connection:
        request = connection.makefile("rb")
        request.readline()
        request.read(int(http.client.parse_headers(request)["Content-Length"]))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(ANSWER)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + ANSWER)
        seen = common_name(connection)
        connection.unwrap().close()
        return seen


def post(alerts, port, chain, key, root, order, *options):
    """Posts one order, and gives the common name of the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    configure(context, alerts, chain, key, root, options)
    plain = socket.create_connection(("127.0.0.1", int(port)))
    with Lingering(plain), context.wrap_socket(plain.dup(), server_hostname=SERVER_NAME) as connection:
        seen = common_name(connection)
        client = http.client.HTTPSConnection(SERVER_NAME)
        client.sock = connection
        with open(order, "rb") as document:
            client.request("POST", "/orders", document.read(), {"Content-Type": "text/xml; charset=UTF-8", "Connection": "close"})
        response = client.getresponse()
        body = response.read()
        if response.status != 200 or b'code="200"' not in body:
            raise ValueError(f"HTTP {response.status}: {body}")
        return seen


def configure(context, alerts, chain, key, root, options):
    context.load_verify_locations(root)
    if chain != "-":
        context.load_cert_chain(chain, key)
    for option in options:
        if option != "tls12":
            raise ValueError(f"no such option: {option}")
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    def watch(_connection, direction, _version, content, kind, _data):
        if content == ALERT and kind != 0:
            alerts.append(f"{'got' if direction == 'read' else 'sent'} {int(kind)}")

    # It is not documented, and the only one that tells of alerts by number; the tests of CPython use it.
    context._msg_callback = watch


def common_name(connection):
    subject = dict(attribute for name in connection.getpeercert()["subject"] for attribute in name)
    return subject["commonName"]


class Lingering:
    """A socket that is closed with unread data is reset, and an alert may be lost: this reads the rest."""

    def __init__(self, plain):
        plain.settimeout(LIMIT)
        self.plain = plain

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.plain.shutdown(socket.SHUT_WR)
            while self.plain.recv(4096):
                pass
        except OSError:
            pass
        self.plain.close()


main()
