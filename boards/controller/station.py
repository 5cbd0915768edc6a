"""One OCPP 1.6-J station towards a cloud, a connector for each EVSE of the lot: Core and Smart Charging.

What was kept in the log goes up in order, each record under a message id that stays the same when it is
repeated; states and heartbeats overtake it. Nothing of charging waits for a cloud.
"""

import asyncio
import json

from boards.common import times, websocket
from boards.common.modbus_links import close
from boards.common.websocket import CLOSE, PING, PONG, TEXT, WebSocketError
from edge.ocpp.rpc import NOT_IMPLEMENTED, Fault, Rpc

SUBPROTOCOL = "ocpp1.6"
PATIENCE_MS = 30_000
PING_S = 20
WAITS_S = (2, 4, 8, 16, 32, 60)
TRIES = 3
LATE = False  # an answer that did not come in time


class Station:
    """`uplink`: host, port, path, station, and password where there is one. `cloud`: who answers commands."""

    def __init__(self, uplink: dict, log, cloud, *, clock, prefix: str) -> None:
        self.is_booted = False
        self.trouble = "not connected yet"
        self._uplink = uplink
        self._log = log
        self._cloud = cloud
        self._clock = clock
        self._prefix = prefix
        self._rpc = Rpc(prefix)
        self._writer = None
        self._sent: dict[str, tuple[str, object]] = {}
        self._told: dict[int, tuple[str, str]] = {}
        self._heartbeat_ms = 0
        self._interval_ms = 60_000
        self._refusals = 0
        self._is_telling = False

    async def run(self) -> None:
        """Connect again and again, with growing waits."""
        failures = 0
        while True:
            try:
                await self._live()
            except (OSError, WebSocketError, ValueError, EOFError, asyncio.TimeoutError) as error:
                self.trouble = str(error) or "no answer"
            was_booted, self.is_booted = self.is_booted, False
            failures = 0 if was_booted else failures + 1
            await asyncio.sleep(WAITS_S[min(failures, len(WAITS_S) - 1)])

    async def _live(self) -> None:
        uplink = self._uplink
        reader, writer = await asyncio.wait_for(asyncio.open_connection(uplink["host"], uplink["port"]), 10)
        self._rpc, self._sent, self._told = Rpc(self._prefix), {}, {}
        self._is_telling = False
        try:
            await asyncio.wait_for(self._shake_hands(reader, writer), 10)
            self._writer = writer
            self._boot()
            await self._talk(reader)
        finally:
            self._writer = None
            self._rpc.close()
            await close(writer)

    async def _shake_hands(self, reader, writer) -> None:
        uplink, key = self._uplink, websocket.key()
        path = uplink["path"].rstrip("/") + "/" + uplink["station"]
        credentials = uplink["station"] + ":" + uplink["password"] if uplink.get("password") else ""
        writer.write(websocket.request(uplink["host"], path, key, SUBPROTOCOL, credentials))
        await writer.drain()
        status, headers = await reader.readline(), {}
        while (line := (await reader.readline()).decode().strip()) and len(headers) < 40:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        websocket.check(status, headers, key, SUBPROTOCOL)

    async def _talk(self, reader) -> None:
        frames, is_silent = websocket.Frames(), False
        while True:
            await self._flush()
            try:
                data = await asyncio.wait_for(reader.read(512), 1)
            except asyncio.TimeoutError:
                data = None
            if data == b"":
                raise OSError(104, "the cloud hung up")
            if data is not None:
                is_silent, self._heard_ms = False, self._clock.now_ms()
                for kind, payload in frames.feed(data):
                    self._message(kind, payload)
            elif self._clock.now_ms() - self._heard_ms > PING_S * 1_000:
                if is_silent:
                    raise OSError(110, "the cloud is silent")
                is_silent, self._heard_ms = True, self._clock.now_ms()
                self._writer.write(websocket.frame(PING, b""))
            self._tick()

    def _message(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._writer.write(websocket.frame(PONG, payload))
        elif kind == CLOSE:
            raise OSError(104, "the cloud closed")
        elif kind == TEXT:
            self._frame(payload)

    def _frame(self, payload: bytes) -> None:
        try:
            frame = json.loads(payload)
            kind, number = frame[0], frame[1]
            if kind == 2:
                self._asked(number, frame[2], frame[3])
            elif kind in (3, 4):
                self._answered(number, frame[2] if kind == 3 else None)
        except (ValueError, IndexError, KeyError, TypeError):
            return  # no frame; the connection lives on

    # -- what the cloud asks -----------------------------------------------------------------------------

    def _asked(self, number: str, action: str, payload: dict) -> None:
        request = self._rpc.requested(number, action)
        if request.is_repeated:
            return
        try:
            if request.refusal:
                raise Fault(request.refusal, request.reason)
            answer = self._cloud.answer(action, payload)
            if answer is None:
                raise Fault(NOT_IMPLEMENTED, action)
            self._write([3, number, answer])
        except Fault as fault:
            self._write([4, number, fault.code, fault.description, {}])
        except (KeyError, TypeError, ValueError) as error:
            self._write([4, number, "FormationViolation", str(error)[:80], {}])
        self._rpc.answer(number)

    # -- what we tell ------------------------------------------------------------------------------------

    def call(self, action: str, payload: dict, then=None, message_id: str | None = None) -> None:
        """Tell the cloud, when it is our turn; `then(answer)`: None for a CALLERROR, LATE for no answer."""
        call = self._rpc.call(
            action, json.dumps(payload).encode(), self._clock.now_ms() + PATIENCE_MS, message_id
        )
        self._sent[call.id] = (action, then)

    def _boot(self) -> None:
        self._heard_ms = self._clock.now_ms()
        told = {"chargePointVendor": "Ampyard", "chargePointModel": "Controller", "firmwareVersion": "1"}
        self.call("BootNotification", told, self._booted)

    def _booted(self, answer) -> None:
        interval_s = max(10, int(answer.get("interval") or 60)) if answer else 60
        self._interval_ms = interval_s * 1_000
        self._heartbeat_ms = self._clock.now_ms()
        self._set_clock(answer)
        self.is_booted = bool(answer) and answer.get("status") == "Accepted"
        self.trouble = "" if self.is_booted else "the cloud has not accepted this station"

    def _set_clock(self, answer) -> None:
        if answer and "currentTime" in answer:
            self._cloud.set_clock(times.epoch_s(answer["currentTime"]))

    def _tick(self) -> None:
        """Heartbeats, states, and the next record of the log."""
        now_ms = self._clock.now_ms()
        for call in self._rpc.expire(now_ms):
            self._over(call.id, LATE)
        if now_ms - self._heartbeat_ms >= self._interval_ms:
            self._heartbeat_ms = now_ms
            if self.is_booted:
                self.call("Heartbeat", {}, self._set_clock)
            else:
                self._boot()
        if not self.is_booted:
            return
        for connector, state in self._cloud.states():
            if self._told.get(connector) != state:
                self._told[connector] = state
                told = {"connectorId": connector, "status": state[0], "errorCode": state[1]}
                self.call("StatusNotification", told)
        if not self._is_telling:
            self._tell_next()

    def _tell_next(self) -> None:
        waiting = self._log.oldest()
        if waiting is None:
            return
        number, record = waiting
        told = self._cloud.told(record)
        if told is None:  # its start was never taken
            self._log.told(number)
            return
        self._is_telling = True

        def answered(answer) -> None:
            self._is_telling = False
            if answer is LATE:
                return  # told again, under the same id
            if answer is None:
                self._refusals += 1
                if self._refusals < TRIES:
                    return
                self._cloud.parked(record)
            elif record["k"] == "start":
                self._cloud.begun(record, answer)
            self._refusals = 0
            self._log.told(number)

        self.call(told[0], told[1], answered, self._prefix + "r" + str(number))

    def _answered(self, number: str, answer) -> None:
        if self._rpc.answered(number) is not None:
            self._over(number, answer)

    def _over(self, number: str, answer) -> None:
        action_then = self._sent.pop(number, None)
        if action_then is not None and action_then[1] is not None:
            action_then[1](answer)

    async def _flush(self) -> None:
        """Send the call whose turn it is, and what was written."""
        call = self._rpc.next_call(self._clock.now_ms())
        if call is not None:
            head = '[2,"' + call.id + '","' + call.action + '",'
            self._writer.write(websocket.frame(TEXT, head.encode() + call.payload + b"]"))
        await self._writer.drain()

    def _write(self, frame: list) -> None:
        self._writer.write(websocket.frame(TEXT, json.dumps(frame).encode()))
