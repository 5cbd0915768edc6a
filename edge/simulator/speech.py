"""Which version of OCPP a simulated charger speaks: its inside is the same, and says 1.6 to itself."""

import importlib
from typing import Protocol, TypeVar

import msgspec

from edge.links.ocppj import Connection
from edge.ocpp.v16 import codec
from edge.ocpp.v16.types import Message
from edge.simulator.answers import Answers
from edge.simulator.books import Transaction
from edge.simulator.station import Station

Answer = TypeVar("Answer", bound=Message)

_SPEECHES = {
    "1.6": "edge.simulator.speech",
    "2.0.1": "edge.simulator.speech_201",
    "2.1": "edge.simulator.speech_201",
}


class Speech(Protocol):
    """Puts what a charger wants to say into a version's words, and what it hears into its own."""

    subprotocol: str

    def begin(self, now_ms: int) -> None:
        """A new connection."""

    async def ask(
        self,
        connection: Connection,
        request: Message,
        expected: type[Answer],
        *,
        timeout_s: float,
        message_id: str | None = None,
        about: Transaction | None = None,
    ) -> Answer:
        """Say it and return what was answered. `about`: the transaction that it belongs to.

        Raises LinkLost, CallTimedOut, CallRefused, Fault.
        """

    def answer(self, action: str, payload: msgspec.Raw, answers: Answers) -> bytes:
        """Do what is asked and put the answer into words. Raises Fault."""


def speech_of(version: str, station: Station) -> Speech:
    """A station's speech; a version's words are loaded when one speaks it."""
    speech: Speech = importlib.import_module(_SPEECHES[version]).speech(version, station)
    return speech


def speech(version: str, station: Station) -> "Speech16":
    """OCPP 1.6."""
    del version, station
    return Speech16()


class Speech16:
    """OCPP 1.6: what it says to itself goes over the wire."""

    subprotocol = "ocpp1.6"

    def begin(self, now_ms: int) -> None:
        """Nothing depends on it."""

    async def ask(
        self,
        connection: Connection,
        request: Message,
        expected: type[Answer],
        *,
        timeout_s: float,
        message_id: str | None = None,
        about: Transaction | None = None,
    ) -> Answer:
        """As it is."""
        del about
        raw = await connection.call(
            codec.action_of(request), codec.encode(request), timeout_s=timeout_s, message_id=message_id
        )
        return codec.decode_answer(request, expected, raw)

    def answer(self, action: str, payload: msgspec.Raw, answers: Answers) -> bytes:
        """As it is."""
        return codec.encode(answers.answer(codec.decode_request(action, payload)))
