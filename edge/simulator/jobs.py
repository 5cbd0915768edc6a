"""Firmware and logs of a simulated charger: it takes the steps and tells them, and transfers nothing."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Coroutine, Iterable
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import urlsplit

from edge.ocpp.v16 import firmware, security
from edge.ocpp.v16.types import DiagnosticsStatus, FirmwareStatus, Message

Begin = Callable[[Coroutine[None, None, None]], asyncio.Task[None] | None]
Tell = Callable[[Message], None]
Kind = Literal["firmware", "log"]
_PEM = "-----BEGIN CERTIFICATE-----"


class Jobs:
    """At most one update and one upload at a time; a new one takes the place of the old."""

    def __init__(
        self,
        begin: Begin,
        tell: Tell,
        *,
        step_s: float,
        fails: Callable[[], bool],
        install: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        """`install` puts a firmware of this name in and boots; `fails` tells whether transfers fail."""
        self._begin = begin
        self._tell = tell
        self._step_s = step_s
        self._fails = fails
        self._install = install
        self._at_work: dict[Kind, asyncio.Task[None] | None] = {}
        self._latest: dict[str, Message] = {}

    def update(self, request: firmware.UpdateFirmware, *, wait_s: float) -> None:
        """Begin an unsigned update, when its time has come."""
        self._start("firmware", self._update(request.location, wait_s))

    def update_signed(
        self, request: security.SignedUpdateFirmware, *, wait_s: float
    ) -> Literal["Accepted", "AcceptedCanceled", "InvalidCertificate"]:
        """Begin an update whose certificate looks like one."""
        if not request.firmware.signing_certificate.lstrip().startswith(_PEM):
            return "InvalidCertificate"
        is_busy = self._is_busy("firmware")
        self._start("firmware", self._update_signed(request, wait_s))
        return "AcceptedCanceled" if is_busy else "Accepted"

    def upload(self) -> None:
        """Begin an upload as Core knows it."""
        self._start("log", self._upload())

    def upload_log(self, request: security.GetLog) -> Literal["Accepted", "AcceptedCanceled"]:
        """Begin an upload as the security extension knows it."""
        is_busy = self._is_busy("log")
        self._start("log", self._upload_log(request.request_id))
        return "AcceptedCanceled" if is_busy else "Accepted"

    def latest(self, action: str) -> Message:
        """How far it is, when that is asked for; a job that is over is Idle."""
        idle: dict[str, Message] = {
            "FirmwareStatusNotification": firmware.FirmwareStatusNotification(status="Idle"),
            "DiagnosticsStatusNotification": firmware.DiagnosticsStatusNotification(status="Idle"),
            "LogStatusNotification": security.LogStatusNotification(status="Idle"),
        }
        is_busy = self._is_busy("firmware" if action.startswith("Firmware") else "log")
        return self._latest.get(action, idle[action]) if is_busy else idle[action]

    def _is_busy(self, kind: Kind) -> bool:
        task = self._at_work.get(kind)
        return task is not None and not task.done()

    def _start(self, kind: Kind, work: Coroutine[None, None, None]) -> None:
        before = self._at_work.get(kind)
        if before is not None:
            before.cancel()
        self._at_work[kind] = self._begin(work)

    async def _update(self, location: str, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        steps: tuple[FirmwareStatus, ...] = ("Downloading", "Downloaded", "Installing")
        if self._fails():
            steps = ("Downloading", "DownloadFailed")
        await self._go(firmware.FirmwareStatusNotification(status=step) for step in steps)
        if "Installing" in steps:
            await asyncio.sleep(self._step_s)
            await self._install(firmware_name(location))
            self._say(firmware.FirmwareStatusNotification(status="Installed"))

    async def _update_signed(self, request: security.SignedUpdateFirmware, wait_s: float) -> None:
        number = request.request_id
        if wait_s > 0:
            self._say(_signed("DownloadScheduled", number))
            await asyncio.sleep(wait_s)
        await self._go(_signed(step, number) for step in ("Downloading", "Downloaded"))
        if self._fails() or not _is_base64(request.firmware.signature):
            self._say(_signed("InvalidSignature", number))
            return
        await self._go(_signed(step, number) for step in ("SignatureVerified", "Installing"))
        await asyncio.sleep(self._step_s)
        await self._install(firmware_name(request.firmware.location))
        self._say(_signed("Installed", number))

    async def _upload(self) -> None:
        end: DiagnosticsStatus = "UploadFailed" if self._fails() else "Uploaded"
        await self._go(
            (
                firmware.DiagnosticsStatusNotification(status="Uploading"),
                firmware.DiagnosticsStatusNotification(status=end),
            )
        )

    async def _upload_log(self, number: int) -> None:
        end: security.UploadLogStatus = "UploadFailure" if self._fails() else "Uploaded"
        await self._go(
            (
                security.LogStatusNotification(status="Uploading", request_id=number),
                security.LogStatusNotification(status=end, request_id=number),
            )
        )

    async def _go(self, steps: Iterable[Message]) -> None:
        """The first at once, then one after the other; after the last it is idle."""
        for index, step in enumerate(steps):
            if index:
                await asyncio.sleep(self._step_s)
            self._say(step)

    def _say(self, message: Message) -> None:
        self._latest[type(message).__name__.removeprefix("Signed")] = message
        self._tell(message)


def _signed(status: security.SignedFirmwareStatus, number: int) -> Message:
    return security.SignedFirmwareStatusNotification(status=status, request_id=number)


def firmware_name(location: str) -> str:
    """What firmware from this URL calls itself."""
    return PurePosixPath(urlsplit(location).path).stem[:50] or "unknown"


def _is_base64(signature: str) -> bool:
    try:
        return bool(base64.b64decode(signature, validate=True))
    except (binascii.Error, ValueError):
        return False
