"""CPU per received message: text of a frame in, validated, handled, text of the answer out.

Both sides run their own connection loop over a WebSocket that lives in memory, so that neither the
kernel nor a WebSocket library is in the figure; both handlers answer at once and keep nothing.
"""

import asyncio
import importlib
import time

import aiohttp
from ocpp import messages
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result

from edge.chargers.ocpp import OcppCharger
from edge.links.clock import SystemClock
from edge.links.ocppj import Connection
from edge.settings.model import ChargerSettings, EvseSettings
from edge.site.events import (
    Acknowledged,
    BootAnswer,
    ChargerBooted,
    StartAnswer,
    TokenAnswer,
    TokenPresented,
    TransactionStarted,
)
from edge.site.ports import ChargerView
from tests.bench.frames import NOW, calls

CHARGER = ChargerSettings(
    name="bay-1",
    station="CP-1",
    circuit="grid",
    dead_man="profile",
    evses=(EvseSettings(name="1", max_ma=32_000, min_ma=6_000, fallback_ma=6_000, phase_rotation="L1L2L3"),),
    rating_ma=None,
    priority=0,
    line_number=1,
)


class Ours:
    """Our connection and our driver of a charger, in front of a site that keeps nothing."""

    def __init__(self, subprotocol="ocpp1.6"):
        self.subprotocol = subprotocol

    async def run(self, frames):
        websocket = MemoryWebSocket(frames)
        connection = Connection(websocket, identity="CP-1", subprotocol=self.subprotocol, address="memory")
        driver = OcppCharger(CHARGER, EasyDoors(), SystemClock())
        link = asyncio.create_task(driver.own(connection))
        await websocket.all_answered.wait()
        websocket.close_from_there()
        await link
        return websocket.sent


class Stock:
    """The package's ChargePoint with a handler for each message; it validates in a thread as shipped."""

    def __init__(self, *, in_thread=True, version="v16"):
        self.in_thread = in_thread
        self.kind = StockCharger if version == "v16" else stock_charger_of(version)

    async def run(self, frames):
        messages.ASYNC_VALIDATION = self.in_thread
        connection = MemoryConnection(frames)
        charger = self.kind("CP-1", connection)
        link = asyncio.create_task(charger.start())
        await connection.all_answered.wait()
        link.cancel()
        await asyncio.gather(link, return_exceptions=True)
        return connection.sent


class MemoryWebSocket:
    """What aiohttp's WebSocket is to our connection: delivers the frames, then waits."""

    close_code = 1000

    def __init__(self, frames):
        self.frames = iter([aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, frame, None) for frame in frames])
        self.missing = len(frames)
        self.sent = []
        self.all_answered = asyncio.Event()
        self.end = asyncio.get_running_loop().create_future()

    async def receive(self):
        frame = next(self.frames, None)
        return frame if frame is not None else await self.end

    async def send_frame(self, frame, _kind):
        if frame.startswith(b"[2"):
            return
        self.sent.append(frame)
        if len(self.sent) == self.missing:
            self.all_answered.set()

    def close_from_there(self):
        self.end.set_result(aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None))

    async def close(self, **_):
        pass

    def get_extra_info(self, _name):
        return None

    def exception(self):
        return None


class MemoryConnection:
    """What the package wants of a WebSocket."""

    def __init__(self, frames):
        self.frames = iter(frames)
        self.missing = len(frames)
        self.sent = []
        self.all_answered = asyncio.Event()

    async def recv(self):
        frame = next(self.frames, None)
        return frame if frame is not None else await asyncio.Event().wait()

    async def send(self, text):
        self.sent.append(text)
        if len(self.sent) == self.missing:
            self.all_answered.set()


class EasyDoors:
    """A site that says yes and forgets."""

    async def report(self, event):
        if isinstance(event, TokenPresented):
            return TokenAnswer(status="accepted")
        if isinstance(event, TransactionStarted):
            return StartAnswer(transaction_id=77, token=TokenAnswer(status="accepted"))
        if isinstance(event, ChargerBooted):
            return BootAnswer(status="accepted", interval_s=60, now_ms=event.at_ms)
        return Acknowledged()

    def charger(self, _name):
        return ChargerView(version=1, is_linked=True, boot=None, statuses=())


class StockCharger(ChargePoint):
    @on("Heartbeat")
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=NOW)

    @on("StatusNotification")
    def on_status_notification(self, **_):
        return call_result.StatusNotification()

    @on("MeterValues")
    def on_meter_values(self, **_):
        return call_result.MeterValues()

    @on("StartTransaction")
    def on_start_transaction(self, **_):
        return call_result.StartTransaction(transaction_id=77, id_tag_info={"status": "Accepted"})


def stock_charger_of(version):
    """The package's ChargePoint of a version of OCPP 2.x with a handler for each message."""
    package = importlib.import_module(f"ocpp.{version}")
    result = package.call_result
    accepted = {"status": "Accepted"}
    answers = {
        "Heartbeat": lambda: result.Heartbeat(current_time=NOW),
        "StatusNotification": result.StatusNotification,
        "Authorize": lambda: result.Authorize(id_token_info=accepted),
        "MeterValues": result.MeterValues,
        "TransactionEvent": result.TransactionEvent,
        "NotifyEvent": result.NotifyEvent,
    }
    handlers = {f"on_{name}": on(name)(_answering(name, answer)) for name, answer in answers.items()}
    return type("StockCharger", (package.ChargePoint,), handlers)


def _answering(name, answer):
    def handler(_self, **_):
        return answer()

    handler.__name__ = f"on_{name}"  # by which the package finds it
    return handler


def cpu_per_message(side, message, count, kinds=None):
    """Microseconds of process time for one message, over `count` of them."""
    frames = calls(message, count, kinds)

    async def measure():
        started = time.process_time_ns()
        answers = await side.run(frames)
        spent = time.process_time_ns() - started
        assert len(answers) == count, f"{len(answers)} of {count} were answered"
        assert all(str(answer).lstrip("b'").startswith("[3") for answer in answers), answers[0]
        return spent / count / 1_000

    return asyncio.run(measure())


SIDES = {"ours": Ours(), "stock": Stock(), "stock, no thread": Stock(in_thread=False)}
NEW_SIDES = {
    "ours": Ours("ocpp2.0.1"),
    "stock": Stock(version="v201"),
    "stock, no thread": Stock(in_thread=False, version="v201"),
}
