"""What the broker was told, and what it must be told now: by change, and all of it now and then."""

from typing import Protocol


class Sender(Protocol):
    """Who carries a message to the broker."""

    @property
    def is_connected(self) -> bool:
        """Whether a broker is there."""

    @property
    def is_full(self) -> bool:
        """Whether what was sent before has not left yet."""

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send it."""


class Publisher:
    """Retained messages below one topic. What the broker cannot take now is told when it can: the latest."""

    def __init__(self, sender: Sender, topic: str, *, period_ms: int) -> None:
        """`period_ms`: after so long everything is told again, whether it changed or not."""
        self._sender = sender
        self._topic = topic
        self._period_ms = period_ms
        self._told: dict[str, bytes] = {}
        self._all_due_ms = 0

    def forget(self) -> None:
        """The broker may be a new one: say everything again."""
        self._told.clear()

    def publish(self, messages: dict[str, bytes], now_ms: int) -> None:
        """Tell what has changed, and take back what is not there any more."""
        if not self._sender.is_connected or self._sender.is_full:
            return
        if now_ms >= self._all_due_ms:
            self._all_due_ms = now_ms + self._period_ms
            told, self._told = self._told, {}
        else:
            told = self._told
        for name in told.keys() - messages.keys():
            self._sender.publish(f"{self._topic}/{name}", b"", retain=True)  # empty: the broker forgets it
            self._told.pop(name, None)
        for name, payload in messages.items():
            if self._told.get(name) != payload:
                self._told[name] = payload
                self._sender.publish(f"{self._topic}/{name}", payload, retain=True)
