"""Tells systemd that the service is ready, alive, stopping: datagrams to NOTIFY_SOCKET (sd_notify(3))."""

import contextlib
import os
import socket


class Notifier:
    """Says nothing where nobody listens. Never blocks and never raises for the listener's faults."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        self._is_ready = False
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    def cycled(self) -> None:
        """A whole control cycle was made: the first means ready, each pets the watchdog."""
        if not self._is_ready:
            self._is_ready = True
            self.ready()
        self.alive()

    def ready(self) -> None:
        """Start-up is finished."""
        self._tell("READY=1")

    def alive(self) -> None:
        """Pet the watchdog: a whole control cycle has just been made."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Shutting down in order."""
        self._tell("STOPPING=1")

    def close(self) -> None:
        """Say no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, state: str) -> None:
        if self._socket is None:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError):
            self._socket.sendto(state.encode(), address)
