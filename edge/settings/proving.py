"""The proof of a site: its file's circuits and chargers through `edge.core.proof`, failures as faults."""

from collections.abc import Collection, Iterable

from edge.core.circuit import ROOT, Tree
from edge.core.proof import Load, Sum, prove
from edge.core.quantities import NOTHING, PHASES, on_phases, plus
from edge.settings.fault import Caution, Fault
from edge.settings.kinds import amperes
from edge.settings.model import SUPPLY, ChargerSettings, Site


def prove_site(site: Site, *, proven: Collection[str] = ()) -> list[Sum]:
    """Every circuit's sums. `proven`: chargers whose fallback was seen to fire on that model and firmware."""
    return prove(site.tree(), loads_of(site.chargers, proven), site.guarantee)


def loads_of(chargers: Iterable[ChargerSettings], proven: Collection[str] = ()) -> list[Load]:
    """Chargers as the proof counts them: each socket for itself, on the line that feeds it.

    A shared supply is a circuit of the tree that has to bear its sockets; its breaker is never counted on to
    keep load from the circuits above.
    """
    return [
        Load(
            charger.name,
            circuit=charger.feeder,
            wiring=evse.wiring,
            fallback_ma=evse.max_ma if charger.dead_man == "none" else evse.fallback_ma,
            max_ma=evse.max_ma,
            is_proven=charger.name in proven,
        )
        for charger in chargers
        for evse in charger.evses
    ]


def fallback_faults(
    tree: Tree, loads: list[Load], guarantee: str, places: dict[str, tuple[int, str]]
) -> list[Fault]:
    """One fault for each circuit whose fuse would carry too much without this box; supplies are circuits.

    `places`: the line and the header of every circuit's rating.
    """
    return [
        _fault(total, [load for load in loads if total.circuit in tree.path(load.circuit)], guarantee, places)
        for total in prove(tree, loads, guarantee)
        if total.spare_ma < 0
    ]


def unbalance_cautions(site: Site) -> list[Caution]:
    """Where the fallbacks of one-phase cars alone could load one phase more than the site allows.

    A caution and no fault: no fuse is in danger, and the grid code's limit is exceeded only while this box is
    dead and, on every charger that could, a car uses that one phase.
    """
    cautions = []
    tree = site.tree()
    for circuit in site.circuits:
        if circuit.unbalance_max_ma is None:
            continue
        worst = NOTHING
        for load in loads_of(site.chargers):
            if circuit.name in tree.path(load.circuit):
                credited_ma = max(load.credited(site.guarantee))
                worst = plus(worst, on_phases(credited_ma, (load.wiring or PHASES)[:1]))
        if max(worst) > circuit.unbalance_max_ma:
            name = "[grid]" if circuit.name == ROOT else f"[circuit.{circuit.name}]"
            text = (
                f"{name} unbalance_max_a: not kept if this box dies; one-phase cars at their fallbacks "
                f"may put {amperes(max(worst))} A on one phase alone, "
                f"allowed {amperes(circuit.unbalance_max_ma)} A"
            )
            cautions.append(Caution(keyword="unbalance", line=circuit.line_number, text=text))
    return cautions


def _fault(total: Sum, loads: list[Load], guarantee: str, places: dict[str, tuple[int, str]]) -> Fault:
    line, header = places[total.circuit]
    phase = total.worst_phase
    counted = [ma for load in loads if (ma := load.credited(guarantee)[phase])]
    room_ma = max(0, total.rating_ma - total.building_ma)
    is_supply = total.circuit.endswith(SUPPLY)
    building = "" if is_supply else f"building {amperes(total.building_ma)} A + "
    word = {"declared": "fallback", "proven": "fallback or maximum", "rated": "maximum"}[guarantee]
    return Fault(
        keyword="fallback-sum",
        line=line,
        where=f"{header} rating_a",
        title="too small if this box dies",
        found=f"{building}{word} {_terms(counted)} = {amperes(max(total.box_dead))} A "
        f"on L{phase + 1}, rating {amperes(total.rating_ma)} A",
        allowed=f"{word}s up to {amperes(room_ma)} A together",
        remedy=_remedy(counted, room_ma, guarantee, is_supply=is_supply),
    )


def _terms(counted: list[int]) -> str:
    """`5 x 6 A`, or `3 x 6 A + 1 x 16 A`."""
    sizes = sorted(set(counted))
    return " + ".join(f"{counted.count(size)} x {amperes(size)} A" for size in sizes) or "0 A"


def _remedy(counted: list[int], room_ma: int, guarantee: str, *, is_supply: bool) -> str:
    measured = "a larger supply" if is_supply else "a smaller, measured building_max_a"
    if guarantee == "rated":
        return f'smaller max_a, guarantee = "declared", or {measured}'
    excess_ma, zeroed = sum(counted) - room_ma, 0
    for ma in sorted(counted, reverse=True):
        if excess_ma <= 0:
            break
        excess_ma -= ma
        zeroed += 1
    one = "socket" if is_supply else "charger"
    chargers = f"1 {one}" if zeroed == 1 else f"{zeroed} {one}s"
    return f"fallback_a = 0 on {chargers}, or {measured}" if zeroed else measured
