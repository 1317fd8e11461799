"""The web of the lab: answers every GET in plain HTTP on port 80 and over TLS on port 443. What is
asked for at /stream comes without an end, a line every 10 ms.

One thread for each connection, because a device that is cut off in the middle of a handshake
leaves a connection that never ends.
"""

import http.server
import socket
import socketserver
import ssl
import sys
import threading
import time


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self):
        if self.path.endswith("/stream"):
            self.stream()
            return
        body = b"Hello from the internet.\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self):
        self.close_connection = True
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for number in range(6000):
                self.wfile.write(b"line %d of a page without an end\n" % number)
                self.wfile.flush()
                time.sleep(0.01)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, context=None):
        self.context = context
        super().__init__(("::", port), Page)

    def server_bind(self):
        # One socket for both families (RFC 3493 section 5.3).
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Not HTTPServer's: it asks for this host's full name, and with a name that only DNS knows
        # that takes longer than the lab waits.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "lab", self.server_address[1]

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's own thread.
        if self.context:
            request.settimeout(20)
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass


def main(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    for server in (Server(80), Server(443, context)):
        threading.Thread(target=server.serve_forever).start()


main(*sys.argv[1:])
