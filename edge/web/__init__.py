"""What the box shows and takes over HTTP: the page, and the API behind it."""

from edge.web.server import PortTakenError, SocketTakenError, WebServer, serve

__all__ = ["PortTakenError", "SocketTakenError", "WebServer", "serve"]
