"""An HTTP proxy that answers for hosts it names: clients with fixed https addresses come here.

    connect_proxy.py PORT CERTIFICATE KEY HOST=ADDRESS/PREFIX...

A `CONNECT HOST:443` is answered by this program itself, with a certificate of a throwaway
authority; each request inside is passed on to ADDRESS (host:port) with PREFIX in front of its
path, and the connection ends with its answer. Other hosts are refused. One line per request goes
to standard error: host, method, path, whether it carried a credential, and which program asked.
"""

import os
import socket
import ssl
import sys
import threading


def note(*words):
    # In one write: `print` makes two, and lines of two threads would run into one another.
    os.write(sys.stderr.fileno(), (" ".join(words) + "\n").encode())


def read_head(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.recv(1)
        if not byte:
            return None
        head += byte
        if len(head) > 65536:
            return None
    return head


def field(head, wanted):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == wanted:
            return value.strip().decode("latin-1")
    return None


def tunnel(plain, routes, context):
    head = read_head(plain)
    if head is None:
        return
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    host = target.rsplit(":", 1)[0]
    if method != "CONNECT" or host not in routes:
        note("refused", method, target)
        plain.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        return
    plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with context.wrap_socket(plain, server_side=True) as inside:
        answer(inside, host, routes[host])


def answer(inside, host, route):
    head = read_head(inside)
    if head is None:
        return
    address, _, prefix = route.partition("/")
    lines = head.split(b"\r\n")
    method, path, version = lines[0].split(b" ")
    told = any(line.lower().startswith((b"authorization:", b"cookie:")) for line in lines)
    asker = (field(head, b"user-agent") or "-").split(" ")[0]
    note(host, method.decode(), path.decode(), "credential" if told else "-", asker)
    lines[0] = b" ".join([method, b"/" + prefix.encode() + path.lstrip(b"/"), version])
    kept = [line for line in lines[:-2] if not line.lower().startswith(b"connection:")]
    body = b""
    length = int(field(head, b"content-length") or 0)
    while len(body) < length:
        piece = inside.recv(65536)
        if not piece:
            return
        body += piece
    server, port = address.split(":")
    with socket.create_connection((server, int(port))) as behind:
        behind.sendall(b"\r\n".join([*kept, b"Connection: close", b"", b""]) + body)
        while True:
            piece = behind.recv(65536)
            if not piece:
                break
            inside.sendall(piece)


def serve(connection, routes, context):
    try:
        tunnel(connection, routes, context)
    except (OSError, ValueError):
        pass
    finally:
        connection.close()


def main():
    port, certificate, key, *named = sys.argv[1:]
    routes = dict(one.split("=", 1) for one in named)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, routes, context), daemon=True).start()


main()
