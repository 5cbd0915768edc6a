"""Chargers on Modbus in a site file: their model, where they are, and what makes them fall back."""

import difflib
from collections.abc import Mapping
from typing import Literal

from edge.settings.buses import Buses
from edge.settings.model import ModbusSettings
from edge.settings.sockets import Plan
from edge.settings.tables import Tables

PLACES = ("model", "host", "line", "port", "unit")
DeadMan = Literal["profile", "watchdog", "hardware", "none"]


class Wired:
    """Reads what `via = "modbus"` asks for."""

    def __init__(self, tables: Tables, models: Mapping[str, str], buses: Buses) -> None:
        """`models`: the chargers of the catalogue, and who says what each does without us.

        "box": this box does. "station": it is set there; who writes `dead_man = "watchdog"` says that he has.
        "nobody": it never falls back.
        """
        self._tables = tables
        self._models = models
        self._buses = buses

    def read(self, plan: Plan) -> ModbusSettings | None:
        """Where it is; None for one that speaks OCPP, and for one that cannot be read."""
        if plan.value("via") != "modbus":
            self._refuse_places(plan)
            return None
        model, block = plan.value("model"), plan.block("model")
        if not self._is_known(plan, model):
            return None
        self._refuse_sockets(plan)
        host, name = plan.value("host"), plan.value("line")
        if plan.has_fault(*PLACES) or not self._has_one_place(plan, host, name):
            return None
        line = self._buses.line(plan.block("line"))
        if name is not None and line is None:
            return None
        unit: int | None = plan.value("unit")
        place = line.name if line else f"{host}:{plan.value('port')}"
        if unit is not None:
            self._buses.claim(block, place=place, unit=unit)
        return ModbusSettings(model=model, host=host, port=plan.value("port"), line=line, unit=unit)

    def dead_man(self, plan: Plan) -> DeadMan:
        """What makes it fall back: as the file says, else as its kind does."""
        said: DeadMan | None = plan.value("dead_man")
        if plan.value("via") == "gpio":
            return self._dead_man_on_pins(plan, said)
        if plan.value("via") != "modbus":
            if said == "hardware":
                self._wrong_dead_man(plan, said, "profile none", "only a charger on pins has one of ours")
            if said == "watchdog":
                self._wrong_dead_man(plan, said, "profile none", "a charger on OCPP has no watchdog of ours")
            return said or "profile"
        guard = self._models.get(plan.value("model") or "", "nobody")
        has_watchdog = guard != "nobody"
        usual: DeadMan = "watchdog" if guard == "box" else "none"
        if said in ("profile", "hardware") or (said == "watchdog" and not has_watchdog):
            allowed = "watchdog none" if has_watchdog else "none"
            self._wrong_dead_man(plan, said, allowed, "what its model has")
            return "none"
        return said or usual

    def _dead_man_on_pins(self, plan: Plan, said: DeadMan | None) -> DeadMan:
        """What opens the contactor when this box is dead is hardware with a heartbeat, or nothing."""
        has_heartbeat = any(
            "heartbeat" in block.table.tables["pins"].entries
            for block in plan.blocks
            if "pins" in block.table.tables
        )
        if said in ("profile", "watchdog") or (said == "hardware" and not has_heartbeat):
            self._wrong_dead_man(plan, said, "hardware none" if has_heartbeat else "none", "by its heartbeat")
            return "none"
        return said or ("hardware" if has_heartbeat else "none")

    def _is_known(self, plan: Plan, model: str | None) -> bool:
        if model in self._models:
            return True
        if not plan.has_fault("model"):
            line, where = plan.where("model")
            close = difflib.get_close_matches(model or "", self._models, n=1, cutoff=0.5)
            self._tables.fault(
                "no-model",
                line,
                where,
                title="missing" if model is None else "not in the catalogue",
                found="nothing" if model is None else f'"{model}"',
                allowed=" ".join(sorted(self._models)) or "a model of: ampyard models --chargers",
                remedy=f'model = "{close[0]}"' if close else "a model of: ampyard models --chargers",
            )
        return False

    def _has_one_place(self, plan: Plan, host: str | None, line: str | None) -> bool:
        if (host is None) != (line is None):
            return True
        number, where = plan.where("line" if host else "host")
        self._tables.fault(
            "place" if host else "missing",
            number,
            where,
            title="two places" if host else "missing",
            found="host and line" if host else "nothing",
            allowed="host = an address (Modbus TCP), or line = the name of a [line.x]",
            remedy="remove one of them" if host else "host = ..., or line = ...",
        )
        return False

    def _refuse_sockets(self, plan: Plan) -> None:
        if len(plan.value("evses")) > 1:
            line, where = plan.where("evses")
            self._tables.fault(
                "sockets",
                line,
                where,
                title="one socket each, on Modbus",
                found=f"{len(plan.value('evses'))} sockets",
                allowed="1",
                remedy="a charger for each socket, with the unit that answers for it",
            )

    def _refuse_places(self, plan: Plan) -> None:
        """Where OCPP is spoken, nothing says where a charger is: it comes by itself."""
        for key in PLACES:
            if any(key in block.cells for block in plan.blocks):
                line, where = plan.where(key)
                self._tables.fault(
                    "wrong-kind",
                    line,
                    where,
                    title="only on Modbus",
                    found=f"{key}, of a charger that speaks OCPP",
                    allowed='with via = "modbus"',
                    remedy='via = "modbus", or remove this line',
                )

    def _wrong_dead_man(self, plan: Plan, said: str | None, allowed: str, why: str) -> None:
        line, where = plan.where("dead_man")
        self._tables.fault(
            "dead-man",
            line,
            where,
            title="it has none of this kind",
            found=f'"{said}"',
            allowed=allowed,
            remedy=f"leave it out: {why}",
        )
