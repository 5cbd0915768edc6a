"""What a cloud may ask of this lot, and how it is told of it: OCPP 1.6, Core and Smart Charging."""

from boards.common import times
from boards.controller.profiles import Bad, Profile, Profiles

SETTINGS = (
    ("HeartbeatInterval", "60", False),
    ("MeterValueSampleInterval", "60", False),
    ("NumberOfConnectors", "", True),
    ("SupportedFeatureProfiles", "Core,SmartCharging", True),
    ("ChargeProfileMaxStackLevel", "9", True),
    ("ChargingScheduleAllowedChargingRateUnit", "Current,Power", True),
    ("ChargingScheduleMaxPeriods", "24", True),
    ("MaxChargingProfilesInstalled", "24", True),
)


class Cloud:
    """`bays`: the EVSEs in the order of their connectors. `devices`, `sessions`: by EVSE."""

    def __init__(self, bays, devices, sessions, controller, *, clock, voltage_mv, restart) -> None:
        self.parked_count = 0
        self._bays = bays
        self._devices = devices
        self._sessions = sessions
        self._controller = controller
        self._clock = clock
        self._restart = restart
        self._profiles = Profiles(voltage_mv)
        self._inoperative: set[str] = set()
        self._wall_s: int | None = None

    # -- time --------------------------------------------------------------------------------------------

    def set_clock(self, wall_s: int) -> None:
        """The cloud says what time it is."""
        self._wall_s = wall_s - self._clock.now_ms() // 1_000

    def now_s(self) -> int:
        """Wall time as far as anybody has told; from 2020 on where nobody has."""
        return (self._wall_s or 1_577_836_800) + self._clock.now_ms() // 1_000

    # -- told --------------------------------------------------------------------------------------------

    def states(self):
        """(connector, (status, error)) of the station and of every EVSE."""
        yield 0, ("Available", "NoError")
        for number, bay in enumerate(self._bays):
            yield number + 1, self._state(bay)

    def _state(self, bay: str) -> tuple[str, str]:
        device, session = self._devices[bay], self._sessions.running.get(bay)
        if not device.is_linked or device.letter in ("E", "F"):
            return "Faulted", "OtherError" if device.is_linked else "InternalError"
        if bay in self._inoperative:
            return "Unavailable", "NoError"
        if not device.has_car:
            return "Available", "NoError"
        if session is None:
            return "Finishing" if self._sessions.is_finished(bay) else "Preparing", "NoError"
        if device.letter == "C":
            return "Charging", "NoError"
        return ("SuspendedEV" if self._setpoint_ma(bay) else "SuspendedEVSE"), "NoError"

    def _setpoint_ma(self, bay: str) -> int:
        decision = self._controller.decision
        found = [each.limit_ma for each in decision.setpoints if each.evse == bay] if decision else []
        return found[0] if found else 0

    def told(self, record: dict):
        """A record as a message: (action, payload)."""
        stamp = times.text(record["at"])
        if record["k"] == "start":
            return "StartTransaction", {
                "connectorId": record["e"],
                "idTag": record["t"],
                "meterStart": record["m"],
                "timestamp": stamp,
            }
        number = self._sessions.cloud_ids.get(record["x"])
        if number is None:
            return None
        if record["k"] == "stop":
            return "StopTransaction", {
                "transactionId": number,
                "idTag": record["t"],
                "meterStop": record["m"],
                "timestamp": stamp,
                "reason": record["r"],
            }
        value = {"value": str(record["m"]), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        return "MeterValues", {
            "connectorId": record["e"],
            "transactionId": number,
            "meterValue": [{"timestamp": stamp, "sampledValue": [value]}],
        }

    def begun(self, record: dict, answer: dict) -> None:
        """The cloud has taken a start, and says what it calls it and whether the token may charge."""
        self._sessions.cloud_id(record["x"], int(answer["transactionId"]))
        if (answer.get("idTagInfo") or {}).get("status", "Accepted") != "Accepted":
            for bay, session in list(self._sessions.running.items()):
                if session["x"] == record["x"]:
                    self._end(bay, "DeAuthorized")

    def parked(self, _record: dict) -> None:
        """The cloud refuses a record again and again; it is counted and seen in the state."""
        self.parked_count += 1

    # -- asked -------------------------------------------------------------------------------------------

    def answer(self, action: str, payload: dict):
        """The payload of the answer; None: no such action here. Raises KeyError, TypeError, ValueError."""
        asked = getattr(self, "_on_" + action, None)
        return None if asked is None else asked(payload)

    def _bay(self, payload: dict) -> str | None:
        connector = payload["connectorId"]
        return self._bays[connector - 1] if 1 <= connector <= len(self._bays) else None

    def _on_RemoteStartTransaction(self, payload: dict) -> dict:  # noqa: N802
        bays = [self._bay(payload)] if "connectorId" in payload else list(self._bays)
        for bay in bays:
            if bay is None or bay in self._inoperative or not self._devices[bay].is_linked:
                continue
            if self._sessions.remote_start(bay, payload["idTag"], self.now_s()):
                return {"status": "Accepted"}
        return {"status": "Rejected"}

    def _on_RemoteStopTransaction(self, payload: dict) -> dict:  # noqa: N802
        bay = self._sessions.bay_of(payload["transactionId"])
        return {"status": "Accepted" if bay is not None and self._end(bay, "Remote") else "Rejected"}

    def _end(self, bay: str, reason: str) -> bool:
        session = self._sessions.running[bay]
        is_kept = self._sessions.end(bay, self._devices[bay].energy_wh, self.now_s(), reason)
        if is_kept:
            self._profiles.ended(session.get("cloud"))
        return is_kept

    def _on_ChangeAvailability(self, payload: dict) -> dict:  # noqa: N802
        bays = list(self._bays) if payload["connectorId"] == 0 else [self._bay(payload)]
        if None in bays:
            return {"status": "Rejected"}
        for bay in bays:
            if payload["type"] == "Inoperative":
                self._inoperative.add(bay)
            else:
                self._inoperative.discard(bay)
        is_busy = any(bay in self._sessions.running for bay in bays)
        return {"status": "Scheduled" if is_busy else "Accepted"}

    def is_operative(self, bay: str) -> bool:
        """Whether a new transaction may begin there."""
        return bay not in self._inoperative

    def _on_SetChargingProfile(self, payload: dict) -> dict:  # noqa: N802
        if not 0 <= payload["connectorId"] <= len(self._bays):
            return {"status": "Rejected"}
        try:
            self._profiles.take(Profile(payload["connectorId"], payload["csChargingProfiles"]))
        except Bad:
            return {"status": "Rejected"}
        return {"status": "Accepted"}

    def _on_ClearChargingProfile(self, payload: dict) -> dict:  # noqa: N802
        gone = self._profiles.clear(
            payload.get("id"),
            payload.get("connectorId"),
            payload.get("chargingProfilePurpose"),
            payload.get("stackLevel"),
        )
        return {"status": "Accepted" if gone else "Unknown"}

    def _on_GetCompositeSchedule(self, payload: dict) -> dict:  # noqa: N802
        """What is decided now: the lot's own rule decides anew every second."""
        bay = self._bay(payload)
        if bay is None or payload.get("chargingRateUnit", "A") != "A":
            return {"status": "Rejected"}
        limit_a = self._setpoint_ma(bay) / 1_000
        return {
            "status": "Accepted",
            "connectorId": payload["connectorId"],
            "scheduleStart": times.text(self.now_s()),
            "chargingSchedule": {
                "duration": payload["duration"],
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}],
            },
        }

    def _on_GetConfiguration(self, payload: dict) -> dict:  # noqa: N802
        wanted = payload.get("key")
        known = [
            {"key": key, "readonly": is_fixed, "value": value or str(len(self._bays))}
            for key, value, is_fixed in SETTINGS
            if not wanted or key in wanted
        ]
        names = [each[0] for each in SETTINGS]
        return {
            "configurationKey": known,
            "unknownKey": [key for key in wanted or () if key not in names],
        }

    def _on_ChangeConfiguration(self, payload: dict) -> dict:  # noqa: N802
        names = [each[0] for each in SETTINGS]
        return {"status": "Rejected" if payload["key"] in names else "NotSupported"}

    def _on_ClearCache(self, _: dict) -> dict:  # noqa: N802
        return {"status": "Rejected"}  # there is none

    def _on_UnlockConnector(self, _: dict) -> dict:  # noqa: N802
        return {"status": "NotSupported"}

    def _on_DataTransfer(self, _: dict) -> dict:  # noqa: N802
        return {"status": "UnknownVendorId"}

    def _on_TriggerMessage(self, _: dict) -> dict:  # noqa: N802
        return {"status": "NotImplemented"}

    def _on_Reset(self, _: dict) -> dict:  # noqa: N802
        self._restart()
        return {"status": "Accepted"}

    # -- limits ------------------------------------------------------------------------------------------

    def set_limits(self) -> None:
        """The profiles of this moment as limits of the lot."""
        now_s = self.now_s()
        root = self._controller.root
        self._controller.limit("csms", "chargers", root, self._profiles.limit_ma(0, now_s))
        for number, bay in enumerate(self._bays):
            session = self._sessions.running.get(bay)
            limit_ma = self._profiles.limit_ma(
                number + 1,
                now_s,
                None if session is None else session.get("cloud"),
                None if session is None else session["at"],
            )
            self._controller.limit("csms/" + bay, "evse", bay, limit_ma)
