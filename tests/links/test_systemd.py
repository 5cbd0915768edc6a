"""What systemd is told, on a real datagram socket."""

import socket
from pathlib import Path

import pytest

from edge.links.systemd import Notifier


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield listening


def test_ready_alive_and_stopping_are_said_in_systemd_s_words(listener: socket.socket) -> None:
    notifier = Notifier()
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    assert [listener.recv(64) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]
    notifier.close()


def test_a_listener_that_is_gone_or_does_not_read_costs_nothing(listener: socket.socket) -> None:
    notifier = Notifier()
    for _ in range(10_000):  # far more than the socket's buffer holds
        notifier.alive()
    listener.close()
    notifier.alive()
    notifier.close()


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier()
    notifier.ready()
    notifier.close()
