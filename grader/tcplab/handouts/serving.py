"""Serves a folder to browsers on this machine."""

from __future__ import annotations

import socket
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tcplab.errors import UsageError

LOOPBACK = "127.0.0.1"
_USUAL_PORT = 8000


def listen(port: int | None) -> socket.socket:
    """A listening socket on the loopback address. With None the port is 8000, or another one if
    that is taken. Raises UsageError if the port cannot be had."""
    for wanted in [_USUAL_PORT, 0] if port is None else [port]:
        try:
            return socket.create_server((LOOPBACK, wanted), backlog=64)
        except OSError as error:
            problem = error.strerror
    raise UsageError(f"port {port}: {problem}; name another one with --port, or none")


def address_of(listener: socket.socket) -> str:
    """What to type into a browser."""
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}/"


def serve(folder: Path, listener: socket.socket) -> None:
    """Serves until it is interrupted."""
    handler = partial(_Handler, directory=str(folder))
    with ThreadingHTTPServer((LOOPBACK, 0), handler, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = listener
        server.serve_forever()


class _Handler(SimpleHTTPRequestHandler):
    """Says nothing about requests, and lets browsers ask whether a page has changed."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass
