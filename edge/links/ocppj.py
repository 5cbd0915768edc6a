"""One OCPP-J connection over a WebSocket, at either end: a thin pump around the rules of `ocpp.rpc`.

The reader never waits for anything but the next message; handlers run one after the other in a task of
their own and may call back over the same connection.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Literal

import aiohttp
import msgspec
from aiohttp import web

from edge.core.errors import PeerError
from edge.ocpp import envelope
from edge.ocpp.envelope import (
    BadFrame,
    CallFrame,
    ErrorFrame,
    ResultErrorFrame,
    ResultFrame,
    SendFrame,
)
from edge.ocpp.rpc import (
    FORMATION_VIOLATION,
    INTERNAL_ERROR,
    Call,
    CallRefused,
    CallTimedOut,
    Fault,
    LinkLost,
    QueueFull,
    Rpc,
)

log = logging.getLogger(__name__)

PING_S = 10.0  # aiohttp waits half of it for the pong: a half-open connection is found in 15 s
CLOSE_S = 1.0
GRACE_S = 0.5  # for the handler at work when the link is lost
_OUTBOX_FRAMES = 128
_INBOX_BYTES = 1024 * 1024
_RUBBISH_LIMIT = 20
_SECRETS = ("AuthorizationKey", "BasicAuthPassword")  # settings whose values no log may show

Handler = Callable[[str, msgspec.Raw], Awaitable[bytes]]
"""Answers a CALL: action and payload in, payload of the CALLRESULT out. Raises Fault for a CALLERROR."""

Observer = Callable[[Literal["in", "out"], str], None]
"""Sees every frame as text."""

WebSocket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


class Connection:
    """CALLs and answers of both sides over one WebSocket.

    Somebody must be in `run` for `call` to be answered. When `run` returns the connection is over for good.
    """

    def __init__(
        self,
        websocket: WebSocket,
        *,
        identity: str,
        subprotocol: str,
        address: str,
        observer: Observer | None = None,
    ) -> None:
        self.identity = identity
        self.subprotocol = subprotocol
        self.address = address
        self.lost: str | None = None  # why the link ended
        self.handling: str | None = None  # the message id of the CALL that the handler is at
        self._websocket = websocket
        self._socket = websocket.get_extra_info(
            "socket"
        )  # a TLS transport knows it no more once it is closed
        self._observer = observer
        self._rpc = Rpc(secrets.token_hex(4) + "-", open_limit=_OUTBOX_FRAMES // 2)
        self._answers: dict[Call, asyncio.Future[msgspec.Raw]] = {}
        self._inbox: deque[CallFrame] = deque()  # bounded by the open limit of rpc
        self._inbox_ends = False
        self._worker_waits: asyncio.Future[None] | None = None
        self._inbox_bytes = 0
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue(_OUTBOX_FRAMES)
        self._rubbish = 0

    async def call(
        self, action: str, payload: bytes, *, timeout_s: float, message_id: str | None = None
    ) -> msgspec.Raw:
        """Send a CALL and return the payload of its CALLRESULT.

        Waits its turn behind other CALLs; `timeout_s` covers that too. Raises CallRefused for a CALLERROR,
        CallTimedOut, LinkLost.
        """
        return await self.begin(action, payload, timeout_s=timeout_s, message_id=message_id)

    def begin(
        self, action: str, payload: bytes, *, timeout_s: float, message_id: str | None = None
    ) -> Awaitable[msgspec.Raw]:
        """As `call`, but when its turn has come the CALL has left before this returns.

        What comes back must be awaited: it is the payload of the CALLRESULT, or raises what `call` raises.
        """
        if self.lost is not None:
            return _failed(LinkLost(self.lost, was_sent=False))
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        try:
            call = self._rpc.call(action, payload, _ms(now_s + timeout_s), message_id)
        except QueueFull:
            return _failed(CallTimedOut(action, was_sent=False))
        answer: asyncio.Future[msgspec.Raw] = loop.create_future()
        self._answers[call] = answer
        due = self._rpc.next_call(_ms(now_s))
        if due is not None:
            self._write_now(envelope.encode_call(due.id, due.action, due.payload))
        return self._answer_to(call, answer, now_s + timeout_s)

    async def _answer_to(
        self, call: Call, answer: asyncio.Future[msgspec.Raw], until_s: float
    ) -> msgspec.Raw:
        try:
            async with asyncio.timeout_at(until_s):
                return await answer
        except TimeoutError:
            raise CallTimedOut(call.action, was_sent=call.is_sent) from None
        finally:
            del self._answers[call]
            self._rpc.forget(call)
            self._send_next()

    async def run(self, handler: Handler) -> str:
        """Move frames until the link ends; answers why it ended. To be called once."""
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._drain(), name=f"ocpp writer {self.identity}")
                worker = group.create_task(self._work(handler), name=f"ocpp handler {self.identity}")
                self._end(await self._read())
                self._inbox_ends = True
                self._wake_worker()
                await asyncio.wait({worker}, timeout=GRACE_S)
                worker.cancel()
                writer.cancel()
        finally:
            self._end("closed here")
            await self.close()
        return self.lost or ""

    async def close(self, code: int = aiohttp.WSCloseCode.GOING_AWAY, reason: str = "") -> None:
        """End the connection, politely for at most `CLOSE_S`; `run` returns."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._websocket.close(code=code, message=reason.encode()[:120])
        except TimeoutError:
            log.debug("%s does not close; cut", self.identity)
        self.cut()

    # -- in ----------------------------------------------------------------------------------------------

    async def _read(self) -> str:
        while True:
            message = await self._websocket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._received(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                self._drop(BadFrame("a binary message"))
            else:
                return _reason(message, self._websocket)
            if self._rubbish >= _RUBBISH_LIMIT:
                self._end("it sent too much rubbish")
                await self.close(aiohttp.WSCloseCode.POLICY_VIOLATION, "too much rubbish")
            if len(self._inbox) > 1:
                await asyncio.sleep(0)  # what is in the socket already shall not starve the handler

    def _received(self, text: str) -> None:
        self._observe("in", text)
        try:
            frame = envelope.decode(text)
        except BadFrame as fault:
            self._drop(fault)
            return
        self._rubbish = max(0, self._rubbish - 1)
        if isinstance(frame, CallFrame):
            self._requested(frame)
        elif isinstance(frame, SendFrame):
            log.debug("%s tells %s, of which nothing is used here", self.identity, frame.action[:50])
        elif isinstance(frame, ResultErrorFrame):
            log.warning("%s cannot read an answer of ours: %s", self.identity, frame.description[:200])
        else:
            self._answered(frame)

    def _requested(self, frame: CallFrame) -> None:
        size = len(memoryview(frame.payload))
        if self._inbox_bytes + size > _INBOX_BYTES:
            self._send(self._refusal(frame.id, INTERNAL_ERROR, "too much waits to be handled"))
            return
        request = self._rpc.requested(frame.id, frame.action)
        if request.refusal:
            self._send(self._refusal(frame.id, request.refusal, request.reason))
        elif request.is_repeated:
            log.debug("%s repeats CALL %s: %s", self.identity, frame.id, request.reason)
        else:
            self._inbox_bytes += size
            self._inbox.append(frame)
            self._wake_worker()

    def _answered(self, frame: ResultFrame | ErrorFrame) -> None:
        call = self._rpc.answered(frame.id)
        answer = self._answers.get(call) if call else None
        if answer is None or answer.done():
            kind = "late" if self._rpc.is_late(frame.id) else "unknown"
            log.debug("%s: %s answer to %s dropped", self.identity, kind, frame.id[:40])
        elif isinstance(frame, ErrorFrame):
            answer.set_exception(CallRefused(frame.code[:50], frame.description[:255], frame.details))
        else:
            answer.set_result(frame.payload)
        self._send_next()

    def _drop(self, fault: BadFrame) -> None:
        """What is no frame: told to its sender where that can help, counted, forgotten."""
        self._rubbish += 1
        log.debug("%s sent what is no frame: %s", self.identity, fault)
        if fault.is_answerable:
            self._send(self._refusal(fault.message_id, fault.code, fault.description))
        elif call := self._rpc.answered(fault.message_id):
            if (answer := self._answers.get(call)) and not answer.done():
                answer.set_exception(CallRefused(FORMATION_VIOLATION, fault.description, None))
            self._send_next()

    # -- handling ----------------------------------------------------------------------------------------

    async def _work(self, handler: Handler) -> None:
        while frame := await self._next_request():
            self.handling = frame.id
            answer = await self._handle(handler, frame)
            self._inbox_bytes -= len(memoryview(frame.payload))
            if self._rpc.answer(frame.id):
                await self._write(answer)

    async def _next_request(self) -> CallFrame | None:
        """The oldest CALL that waits, None when none will come: one reader and one worker need no queue."""
        while not self._inbox:
            if self._inbox_ends:
                return None
            self._worker_waits = asyncio.get_running_loop().create_future()
            await self._worker_waits
        return self._inbox.popleft()

    def _wake_worker(self) -> None:
        if self._worker_waits is not None and not self._worker_waits.done():
            self._worker_waits.set_result(None)

    def _refusal(self, message_id: str, code: str, description: str = "") -> bytes:
        return envelope.encode_error(message_id, envelope.spelled(code, self.subprotocol), description)

    async def _handle(self, handler: Handler, frame: CallFrame) -> bytes:
        try:
            return envelope.encode_result(frame.id, await handler(frame.action, frame.payload))
        except Fault as fault:
            log.debug("%s: %s answered by %s", self.identity, frame.action[:50], fault)
            return self._refusal(frame.id, fault.code, fault.description)
        except PeerError as fault:  # a CALL back over this link failed, say
            log.debug("%s: %s not handled: %s", self.identity, frame.action[:50], fault)
            return self._refusal(frame.id, INTERNAL_ERROR)
        except Exception:  # a bug must cost this message only, not the charger's link
            log.exception("%s: %s could not be handled", self.identity, frame.action[:50])
            return self._refusal(frame.id, INTERNAL_ERROR)

    # -- out ---------------------------------------------------------------------------------------------

    def _send_next(self) -> None:
        """Send the CALL whose turn it is, if any."""
        call = self._rpc.next_call(_ms(asyncio.get_running_loop().time()))
        if call is not None:
            self._send(envelope.encode_call(call.id, call.action, call.payload))

    def _send(self, frame: bytes) -> None:
        try:
            self._outbox.put_nowait(frame)
        except asyncio.QueueFull:
            self._end("it does not read what we send")
            self.cut()

    async def _drain(self) -> None:
        """Send what the reader has to send, which must not wait itself."""
        while True:
            await self._write(await self._outbox.get())

    async def _write(self, frame: bytes) -> None:
        """Send a frame; waits while the peer does not read."""
        self._observe("out", frame)
        with contextlib.suppress(ConnectionError):  # the reader learns why
            await self._websocket.send_frame(frame, aiohttp.WSMsgType.TEXT)

    def _write_now(self, frame: bytes) -> None:
        """Send a CALL's frame without waiting. As one CALL is under way at a time, they cannot pile up."""
        if self._websocket.compress:  # packing may wait for another frame to be packed
            self._send(frame)
            return
        self._observe("out", frame)
        writing = self._websocket.send_frame(frame, aiohttp.WSMsgType.TEXT)
        try:
            writing.send(None)
        except (ConnectionError, StopIteration):  # of a lost connection the reader learns why
            return
        writing.close()  # it is written; to go on would only wait until the peer has read

    # -- the end -----------------------------------------------------------------------------------------

    def _end(self, reason: str) -> None:
        """From now on nothing can be sent; whoever waits for an answer learns that none will come."""
        if self.lost is None:
            self.lost = reason
        for call in self._rpc.close():
            if (answer := self._answers.get(call)) and not answer.done():
                answer.set_exception(LinkLost(self.lost, was_sent=call.is_sent))
                answer.exception()  # who was to wait for it may have been cancelled before
        self._inbox.clear()

    def cut(self) -> None:
        """End the link as a pulled cable does, without a word; `run` returns."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _observe(self, direction: Literal["in", "out"], frame: str | bytes) -> None:
        if self._observer is not None:
            self._observer(direction, frame if isinstance(frame, str) else frame.decode())
        if log.isEnabledFor(logging.DEBUG):
            text = frame if isinstance(frame, str) else frame.decode()
            shown = "(has a secret)" if any(name in text for name in _SECRETS) else text
            log.debug("%s %s %s", self.identity, "<" if direction == "in" else ">", shown)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


async def _failed(fault: PeerError) -> msgspec.Raw:
    raise fault


def _reason(message: aiohttp.WSMessage, websocket: WebSocket) -> str:
    """In words, why a WebSocket delivers no more."""
    fault = message.data if isinstance(message.data, BaseException) else websocket.exception()
    if isinstance(fault, TimeoutError):
        return "no pong: the link is dead"
    if fault is not None:
        return str(fault) or type(fault).__name__
    code = websocket.close_code
    return "closed" if code in {None, 1000, 1001} else f"closed with code {code}"
