"""The proof as a tree: every circuit with its sums, below it what hangs on it."""

from collections.abc import Collection, Iterator, Sequence

from edge.cli.terminal import Terminal
from edge.core.circuit import ROOT
from edge.core.proof import GUARANTEES, Sum
from edge.core.protection import STRICT
from edge.core.quantities import everywhere, plus
from edge.settings import ChargerSettings, CircuitSettings, Site
from edge.settings.kinds import amperes
from edge.settings.model import SUPPLY
from edge.settings.proving import loads_of

_NAME_WIDTH = 20


def proof_lines(
    site: Site, sums: Sequence[Sum], screen: Terminal, proven: Collection[str] = ()
) -> Iterator[str]:
    """The lines of the screen, without the closing sentence. A is amperes on the worst phase."""
    rows = list(_Tree(site, sums, screen, proven).below(site.circuit(ROOT), "", ""))
    width = max([_NAME_WIDTH, *(len(name) + 1 for name, _ in rows)])
    head = f"{site.name}: {_count(len(site.chargers), 'charger')}"
    if len(site.circuits) > 1:
        head += f", {_count(len(site.circuits) - 1, 'feeder')}"
    yield f"{head:<{width + 35}}per phase, worst phase"
    yield _row("", width, _cells("rating", "building", _word(site), "box dead", "spare"))
    for name, cells in rows:
        yield _row(name, width, cells)
    yield ""
    yield from _by_guarantee(sums, width)
    yield from _exposure(sums)
    yield from _sparing(site)


class _Tree:
    def __init__(self, site: Site, sums: Sequence[Sum], screen: Terminal, proven: Collection[str]) -> None:
        self.site = site
        self.proven = proven
        self.sums = {total.circuit: total for total in sums}
        self.screen = screen

    def below(self, circuit: CircuitSettings, stem: str, trunk: str) -> Iterator[tuple[str, str]]:
        """The circuit and everything on it: what stands left, and the cells."""
        yield self._circuit(circuit, stem)
        feeders = [inner for inner in self.site.circuits if inner.parent == circuit.name]
        chargers = [charger for charger in self.site.chargers if charger.circuit == circuit.name]
        width = max([len(charger.name) for charger in chargers], default=0)
        for place, feeder in enumerate(feeders, start=1):
            is_last = place == len(feeders) and not chargers
            inner = trunk + self.screen.trunk(is_last=is_last)
            yield from self.below(feeder, trunk + self.screen.branch(is_last=is_last), inner)
        for place, charger in enumerate(chargers, start=1):
            is_last = place == len(chargers)
            branch = self.screen.branch(is_last=is_last)
            name = f"{trunk}{branch}{charger.name:<{width}}"
            if len(charger.evses) == 1:
                (cells,) = self._socket_cells(charger)
                yield f"{name}  {charger.evses[0].phase_rotation}", f"{cells}     {charger.dead_man}"
                continue
            yield f"{name}  {len(charger.evses)} sockets", self._supply_cells(charger)
            yield from self._sockets(charger, trunk + self.screen.trunk(is_last=is_last))

    def _sockets(self, charger: ChargerSettings, trunk: str) -> Iterator[tuple[str, str]]:
        """One line for each socket of a charger that has several."""
        width = max(len(evse.name) for evse in charger.evses)
        for number, cells in enumerate(self._socket_cells(charger), start=1):
            evse = charger.evses[number - 1]
            branch = self.screen.branch(is_last=number == len(charger.evses))
            yield f"{trunk}{branch}{evse.name:<{width}}  {evse.phase_rotation}", cells

    def _circuit(self, circuit: CircuitSettings, stem: str) -> tuple[str, str]:
        meter = f"  {circuit.meter.model}" if circuit.meter else ""
        return f"{stem}{circuit.name}{meter}", self._circuit_cells(circuit)

    def _circuit_cells(self, circuit: CircuitSettings) -> str:
        total = self.sums[circuit.name]
        return _cells(
            f"{amperes(circuit.rating_ma)} A",
            amperes(total.building_ma),
            amperes(total.chargers[total.worst_phase]),
            amperes(max(total.box_dead)),
            f"{amperes(total.spare_ma)} A",
        )

    def _supply_cells(self, charger: ChargerSettings) -> str:
        """What its sockets share, where that can be overloaded."""
        if charger.supply is None:
            return f"{_cells('', '', '', '', '')}   {charger.dead_man}"
        return f"{self._circuit_cells(charger.supply)}   {charger.dead_man}"

    def _socket_cells(self, charger: ChargerSettings) -> list[str]:
        counted = [max(load.credited(self.site.guarantee)) for load in loads_of([charger], self.proven)]
        return [
            _cells(f"{amperes(evse.max_ma)} A", "", amperes(counted_ma), "", "").rstrip()
            for evse, counted_ma in zip(charger.evses, counted, strict=True)
        ]


def _by_guarantee(sums: Sequence[Sum], width: int) -> Iterator[str]:
    """All three sums, whatever the site has chosen: what each guarantee would have every fuse carry."""
    yield _row("box dead, if it counts", width + 4, "".join(f"{word:>10}" for word in GUARANTEES))
    is_over = False
    for total in sums:
        if total.circuit.endswith(SUPPLY) and max(total.rated) <= total.rating_ma:
            continue
        cells = ""
        for word in GUARANTEES:
            ma = max(plus(everywhere(total.building_ma), getattr(total, word)))
            is_over = is_over or ma > total.rating_ma
            cells += f"{amperes(ma) + ('!' if ma > total.rating_ma else ' '):>10}"
        yield _row(total.circuit, width + 5, cells)
    if is_over:
        yield "! is above the rating"
    yield ""


def _exposure(sums: Sequence[Sum]) -> Iterator[str]:
    exposed = [f"{total.circuit} {amperes(total.exposure_ma)} A" for total in sums if total.exposure_ma]
    if exposed:
        yield "Until the chargers have fallen back, their last currents meet a building that may rise;"
        yield f"at most above the rating: {', '.join(exposed)}."


def _sparing(site: Site) -> Iterator[str]:
    """The proof counts on neither curves nor windows: both need this box alive."""
    curves = [
        f"{circuit.name} {circuit.protection}" for circuit in site.circuits if circuit.protection != STRICT
    ]
    if curves:
        yield f"The proof counts continuous ratings; what {', '.join(curves)} would bear is not counted on."
    for circuit in site.circuits:
        if circuit.demand is not None:
            target, minutes = circuit.demand.target_w, circuit.demand.window_ms // 60_000
            yield f"{circuit.name}: every {minutes} min stay below {amperes(target)} kW while this box lives."


def _cells(rating: str, building: str, chargers: str, box_dead: str, spare: str) -> str:
    return f"{rating:>6}  {building:>8}  {chargers:>8}  {box_dead:>8}  {spare:>5}"


def _row(name: str, width: int, cells: str) -> str:
    return f"{name:<{width}}{cells}".rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _word(site: Site) -> str:
    return {"declared": "fallback", "proven": "proven", "rated": "rated"}[site.guarantee]
