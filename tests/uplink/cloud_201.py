"""A CSMS of OCPP 2.0.1 that keeps books: every frame judged by its schema, every number counted."""

import asyncio
import uuid
from collections import Counter
from contextlib import AsyncExitStack

import msgspec

from edge.links.ocppj_server import Refusal, serve
from edge.ocpp.rpc import Fault, LinkLost
from edge.ocpp.timestamps import epoch_ms, rfc3339
from edge.ocpp.v201 import authorisation, operation, provisioning, transactions
from edge.ocpp.v201.codec import CODEC, action_of, encode
from edge.ocpp.v201.types import IdTokenInfo
from edge.simulator.csms import Mood, Seen

NOW = "2026-03-04T11:00:00Z"


class Book:
    """One transaction as it was told: its events by number, and what is odd about them."""

    def __init__(self, station):
        self.station = station
        self.events = []  # TransactionEvents, repeats left out
        self.told = {}  # number -> (message id, content)


class Csms201:
    """Serves all stations on one port. Its books outlive `kill` and `start`."""

    def __init__(self, port=0):
        self.port = port
        self.mood = Mood()
        self.stations = {}
        self.transactions = {}
        self.irregularities = []
        self.repeats = 0
        self.messages = []  # (station, action, decoded request)
        self.password = None
        self._open = set()
        self._stack = None
        self._latest = {}

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/ocpp"

    async def start(self):
        if self._stack is not None:
            return
        stack = AsyncExitStack()
        self.port = await stack.enter_async_context(
            serve(
                "127.0.0.1",
                self.port,
                subprotocols=("ocpp2.0.1",),
                admit=self._admit,
                on_connection=self._own,
            )
        )
        self._stack = stack

    async def kill(self):
        for connection in tuple(self._open):
            connection.cut()
        if self._stack is not None:
            await self._stack.aclose()
            self._stack = None

    def of(self, *actions, station=None):
        return [
            request
            for name, action, request in self.messages
            if action in actions and station in (None, name)
        ]

    async def call(self, station, request, timeout_s=10):
        connection = self.stations[station].connection
        if connection is None:
            raise LinkLost("not connected", was_sent=False)
        raw = await connection.call(action_of(request), encode(request), timeout_s=timeout_s)
        return CODEC.decode_response(action_of(request), raw)

    async def _admit(self, knock):
        shown = None if knock.credentials is None else knock.credentials[1]
        return None if self.password in (None, shown) else Refusal(status=401)

    async def _own(self, connection):
        seen = self.stations.setdefault(connection.identity, Seen())
        seen.connection = connection
        seen.connects += 1
        self._open.add(connection)

        async def handle(action, raw):
            return await self._handle(connection, action, raw)

        try:
            await connection.run(handle)
        finally:
            self._open.discard(connection)
            if seen.connection is connection:
                seen.connection = None

    async def _handle(self, connection, action, raw):
        request = CODEC.decode_request(action, raw)
        if self.mood.slow_ms:
            await asyncio.sleep(self.mood.slow_ms / 1000)
        self.stations[connection.identity].received[action] += 1
        if action in self.mood.refuses:
            raise Fault(self.mood.refuses[action], "not today")
        self.messages.append((connection.identity, action, request))
        answer = self._answer(connection, action, request, bytes(raw))
        if self.mood.loses_answers and action == "TransactionEvent":
            self.mood.loses_answers -= 1
            connection.cut()
        return encode(answer)

    def _answer(self, connection, action, request, raw):
        match request:
            case provisioning.BootNotification():
                return provisioning.BootNotificationResponse(
                    current_time=NOW, interval=self.mood.interval_s, status=self.mood.registration
                )
            case operation.Heartbeat():
                return operation.HeartbeatResponse(current_time=NOW)
            case operation.StatusNotification():
                seen = self.stations[connection.identity]
                seen.statuses[request.evse_id] = request.connector_status
                return operation.StatusNotificationResponse()
            case authorisation.Authorize():
                return authorisation.AuthorizeResponse(id_token_info=self._opinion(request.id_token.id_token))
            case transactions.TransactionEvent():
                self._book(connection.identity, connection.handling, request, raw)
                shown = request.id_token
                info = None if shown is None else self._opinion(shown.id_token)
                return transactions.TransactionEventResponse(id_token_info=info)
        return CODEC._mapped[f"{action}Response"]()

    def _opinion(self, token):
        return IdTokenInfo(status=self.mood.blocked.get(token, "Accepted"))

    def _book(self, station, message_id, event, raw):
        """A repeat is known by transaction and number, and must be the same byte for byte."""
        name = event.transaction_info.transaction_id
        uuid.UUID(name)
        book = self.transactions.setdefault(name, Book(station))
        known = book.told.get(event.seq_no)
        if known is not None:
            self.repeats += 1
            if known != (message_id, raw):
                self._odd(station, f"{name} tells number {event.seq_no} in two ways")
            return
        if event.seq_no != len(book.events):
            self._odd(station, f"{name} has a gap before {event.seq_no}")
        if (event.event_type == "Started") != (event.seq_no == 0):
            self._odd(station, f"{name} begins by {event.event_type}")
        if book.events and book.events[-1].event_type == "Ended":
            self._odd(station, f"{name} goes on after its end")
        at_ms = epoch_ms(event.timestamp)
        if at_ms < self._latest.get(station, at_ms) - 1_000:
            self._odd(station, f"{name}: {rfc3339(at_ms)} out of order")
        self._latest[station] = max(at_ms, self._latest.get(station, at_ms))
        book.told[event.seq_no] = (message_id, raw)
        book.events.append(event)

    def _odd(self, station, what):
        self.irregularities.append(f"{station}: {what}")

    def kinds(self, station=None):
        """What was told of each transaction, in order."""
        return [
            [event.event_type for event in book.events]
            for book in self.transactions.values()
            if station in (None, book.station)
        ]

    def counts(self):
        return Counter(action for _, action, _ in self.messages)


def decoded(raw):
    return msgspec.json.decode(raw)
