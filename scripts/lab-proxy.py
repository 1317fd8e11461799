"""Proxies on the lab's gateway, as administrators run them.

TCP port 3128 serves CONNECT and plain forward requests, and whatever a nat REDIRECT rule sends to
it. Port 3129 takes what a TPROXY rule sends. UDP ports 5300 and 7100 relay to one address each:

    lab-proxy.py 5300=198.51.100.53:53 7100=198.51.100.10:7002 ...

It prints "ready" once it listens.
"""

import selectors
import socket
import struct
import sys
import threading

SO_ORIGINAL_DST = 80  # linux/netfilter_ipv4.h; the same number for IPv6
IP_TRANSPARENT = 19  # linux/in.h
IPV6_TRANSPARENT = 75  # linux/in6.h


def listener(port, transparent=False):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if transparent:
        sock.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    sock.bind(("::", port))
    sock.listen(64)
    return sock


def unmapped(address):
    return address.removeprefix("::ffff:")


def redirected_from(client):
    """Where the client wanted to go before a REDIRECT rule sent it here; None for nobody else."""
    own = client.getsockname()
    try:
        if own[0].startswith("::ffff:"):
            raw = client.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16)
            port, address = struct.unpack("!2xH4s8x", raw)
            host = socket.inet_ntop(socket.AF_INET, address)
        else:
            raw = client.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
            port, address = struct.unpack("!2xH4x16s4x", raw)
            host = socket.inet_ntop(socket.AF_INET6, address)
    except OSError:
        return None
    return None if (host, port) == (unmapped(own[0]), own[1]) else (host, port)


def read_head(client):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 16384:
        data = client.recv(4096)
        if not data:
            break
        head += data
    return head


def host_and_port(text, port):
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, int(rest[1:] or port)
    host, _, given = text.partition(":")
    return host, int(given or port)


def asked_target(client):
    """The target of a request to the proxy itself, and what to send there first."""
    head = read_head(client)
    method, url, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    if method == "CONNECT":
        return host_and_port(url, 443), None
    return host_and_port(url.split("/")[2], 80), head


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for sock in (source, sink):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, transparent):
    try:
        client.settimeout(60)
        own = client.getsockname()
        first = b""
        target = (unmapped(own[0]), own[1]) if transparent else redirected_from(client)
        if target is None:
            target, first = asked_target(client)
        server = socket.create_connection(target, timeout=5)
        server.settimeout(60)
        if first is None:
            client.sendall(b"HTTP/1.1 200 connected\r\n\r\n")
        elif first:
            server.sendall(first)
        threading.Thread(target=copy, args=(server, client), daemon=True).start()
        copy(client, server)
    except (OSError, ValueError):
        client.close()


def accept_all(sock, transparent):
    while True:
        client, _ = sock.accept()
        threading.Thread(target=serve, args=(client, transparent), daemon=True).start()


def relay(port, target):
    """Datagrams of any client to one address, and the answers back."""
    front = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    front.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    front.bind(("::", port))
    clients = {}
    events = selectors.DefaultSelector()
    events.register(front, selectors.EVENT_READ, None)
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET

    def run():
        while True:
            for key, _ in events.select():
                try:
                    if key.data is not None:
                        front.sendto(key.fileobj.recv(65536), key.data)
                        continue
                    data, client = front.recvfrom(65536)
                    if client not in clients:
                        back = socket.socket(family, socket.SOCK_DGRAM)
                        back.connect(target)
                        events.register(back, selectors.EVENT_READ, client)
                        clients[client] = back
                    clients[client].send(data)
                except OSError:
                    pass

    threading.Thread(target=run, daemon=True).start()


def main(relays):
    for text in relays:
        port, _, target = text.partition("=")
        relay(int(port), host_and_port(target, 53))
    listeners = [
        threading.Thread(target=accept_all, args=(listener(3128), False)),
        threading.Thread(target=accept_all, args=(listener(3129, transparent=True), True)),
    ]
    for thread in listeners:
        thread.start()
    print("ready", flush=True)


main(sys.argv[1:])
