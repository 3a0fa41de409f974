"""The OpenSSL of pyOpenSSL as a peer: README.md says what it reads and writes. Its arguments are the folder of the package, and the
groups, in the words of OpenSSL."""

import os
import sys
import tempfile

LIBRARY, GROUPS = sys.argv[1:]
sys.path.insert(0, LIBRARY)
SETTINGS = tempfile.NamedTemporaryFile("w", suffix=".cnf")
SETTINGS.write(f"openssl_conf = start\n[start]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\nGroups = {GROUPS}\n")
SETTINGS.flush()
# pyOpenSSL has no function for this; OpenSSL reads the file when it is loaded.
os.environ["OPENSSL_CONF"] = SETTINGS.name

import socket

from OpenSSL import SSL

SERVER_NAME = "supplier.example.com"
ANSWER = b'<cXML payloadID="1@openssl" timestamp="2026-11-22T04:00:01Z"><Response><Status code="200" text="OK"/></Response></cXML>'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: "


def main():
    version = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode().split()[1]
    print(f"ready OpenSSL {version}", flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        try:
            print(f"done {serve(*words) if command == 'serve' else post(*words)}", flush=True)
        except Exception as error:
            print(f"failed {error!r}", flush=True)


def serve(chain, key, root):
    """Takes one connection, and describes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"port {listener.getsockname()[1]}", flush=True)
        plain, _ = listener.accept()
    with plain:
        connection = SSL.Connection(context(chain, key, root), plain)
        connection.set_accept_state()
        connection.do_handshake()
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(4096)
        connection.sendall(HEAD + str(len(ANSWER)).encode() + b"\r\n\r\n" + ANSWER)
        return finish(connection)


def post(port, chain, key, root, order):
    """Posts one order, and describes the connection."""
    with socket.create_connection(("127.0.0.1", int(port))) as plain, open(order, "rb") as document:
        connection = SSL.Connection(context(chain, key, root), plain)
        connection.set_tlsext_host_name(SERVER_NAME.encode())
        connection.set_connect_state()
        connection.do_handshake()
        body = document.read()
        connection.sendall(f"POST /orders HTTP/1.1\r\nHost: {SERVER_NAME}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        response = connection.recv(4096)
        if not response.startswith(b"HTTP/1.1 200 "):
            raise ValueError(response)
        return finish(connection)


def context(chain, key, root):
    made = SSL.Context(SSL.TLS_METHOD)
    made.set_min_proto_version(SSL.TLS1_3_VERSION)
    made.load_verify_locations(root)
    made.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    made.use_certificate_chain_file(chain)
    made.use_privatekey_file(key)
    return made


def finish(connection):
    described = f"CN={connection.get_peer_certificate().get_subject().CN} group={connection.get_group_name()}"
    connection.shutdown()
    return described


main()
