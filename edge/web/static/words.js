// Numbers and times as people of the lot read them. Loads round up, offers round down.

let zone;

export function useZone(timezone) {
  zone = timezone ?? undefined;
}

export const loadA = (ma) => Math.ceil(ma / 1000);
export const offerA = (ma) => Math.floor(ma / 1000);
export const kwh = (wh) => `${(wh / 1000).toFixed(1)} kWh`;

export function time(ms, options = { hour: "2-digit", minute: "2-digit" }) {
  return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }).format(ms);
}

export const timeWithSeconds = (ms) => time(ms, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const day = (ms) => time(ms, { weekday: "short", day: "numeric", month: "short" });

export function age(ms) {
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
}

export function count(number, noun) {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}

const RANK = { act: 0, know: 1, fine: 2 };

/** Trouble first; otherwise the order of the site file. */
export function troubleFirst(evses) {
  return [...evses].sort((one, other) => RANK[one.severity] - RANK[other.severity]);
}

/** The measured current of our chargers below a circuit, per phase; who told nothing lately counts as 0. */
export function measuredBelow(circuit, status) {
  const below = new Set([circuit.name]);
  let size = 0;
  while (size !== below.size) {
    size = below.size;
    status.circuits.filter((each) => below.has(each.parent)).forEach((each) => below.add(each.name));
  }
  const flowing = status.evses.filter((evse) => below.has(evse.circuit) && evse.measured_ma !== null);
  return [0, 1, 2].map((phase) => flowing.reduce((sum, evse) => sum + evse.measured_ma[phase], 0));
}

/** The names of a circuit's phases. */
export const PHASES = ["L1", "L2", "L3"];
