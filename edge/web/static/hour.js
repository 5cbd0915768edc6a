// The last hour at the root: building and chargers stacked under the limit, on the worst phase of each moment.

import { draw, make, say } from "./dom.js";
import { loadA, measuredBelow, offerA, PHASES, time } from "./words.js";

const STEP_MS = 10_000;
const POINTS = 360;
const SHORTEST_MS = 120_000;
const HEIGHT = 84;
const TOP = 1.06;
const MOST_BEYOND = 1.2; // of the limit: what is above that is cut off

export class Hour {
  constructor() {
    this.element = document.getElementById("hour");
    this.points = [];
    this.title = make("h2", {}, "last hour");
    this.reading = make("p", { class: "meter" });
    this.building = draw("path", { class: "area-building" });
    this.chargers = draw("path", { class: "area-chargers" });
    this.limit = draw("path", { class: "line-limit" });
    this.cursor = draw("path", { class: "line-cursor" });
    this.chart = draw("svg", { class: "chart", role: "img", preserveAspectRatio: "none" });
    this.chart.append(this.building, this.chargers, this.limit, this.cursor);
    this.times = make("div", { class: "scale", "aria-hidden": "true" });
    this.element.append(make("header", { class: "panel-head" }, this.title, this.reading), this.chart, this.times);
    this.chart.addEventListener("pointermove", (event) => this.point(event));
    this.chart.addEventListener("pointerleave", () => this.point(null));
  }

  /** Takes over what the box remembers. */
  async load() {
    const response = await fetch("/api/history");
    if (!response.ok) return;
    this.points = (await response.json()).map(worst);
    this.draw();
  }

  /** Adds the present, by the rule of the box: of each ten seconds the moment with the least room. */
  note(status) {
    const root = status.circuits.find((circuit) => circuit.parent === null);
    if (!root) return;
    const point = worst({ at_ms: status.at_ms, measured_ma: measuredBelow(root, status), ...root });
    const last = this.points.at(-1);
    if (!last || Math.floor(point.at / STEP_MS) !== Math.floor(last.at / STEP_MS)) this.points.push(point);
    else if (point.limit - point.total < last.limit - last.total) this.points[this.points.length - 1] = point;
    else return;
    this.points = this.points.slice(-POINTS);
    this.draw();
  }

  draw() {
    if (this.points.length < 2) return;
    this.element.hidden = false;
    const end = this.points.at(-1).at;
    const span = Math.min(3_600_000, Math.max(SHORTEST_MS, end - this.points[0].at));
    const limit = Math.max(...this.points.map((point) => point.limit));
    const most = Math.max(...this.points.map((point) => point.total));
    const top = Math.min(limit * MOST_BEYOND, Math.max(limit, most)) * TOP;
    const x = (at) => 1000 * (1 - (end - at) / span);
    const y = (ma) => HEIGHT * (1 - Math.min(1, ma / top));
    this.scale = { end, span };
    this.chart.setAttribute("viewBox", `0 0 1000 ${HEIGHT}`);
    this.building.setAttribute("d", area(this.points, x, y, () => 0, (point) => point.building));
    this.chargers.setAttribute("d", area(this.points, x, y, (point) => point.building, (point) => point.total));
    this.limit.setAttribute("d", steps(this.points, x, y, (point) => point.limit));
    this.drawTimes(end, span);
    const minutes = Math.max(1, Math.round((end - this.points[0].at) / 60_000));
    say(this.title, minutes >= 59 ? "last hour" : `last ${minutes} min`);
    this.describe(this.points.at(-1), false);
  }

  drawTimes(end, span) {
    const step = span > 1_800_000 ? 900_000 : span > 600_000 ? 300_000 : 60_000;
    const first = Math.ceil((end - span) / step) * step;
    const ticks = [];
    for (let at = first; at <= end; at += step) {
      const left = 100 * (1 - (end - at) / span);
      const tick = make("span", { class: left > 97 ? "late" : null }, time(at));
      tick.style.left = `${left}%`;
      ticks.push(tick);
    }
    this.times.replaceChildren(...ticks);
  }

  point(event) {
    if (!event || !this.scale) {
      this.cursor.setAttribute("d", "");
      if (this.points.length) this.describe(this.points.at(-1), false);
      return;
    }
    const box = this.chart.getBoundingClientRect();
    const at = this.scale.end - this.scale.span * (1 - (event.clientX - box.left) / box.width);
    const near = this.points.reduce((one, other) => (Math.abs(other.at - at) < Math.abs(one.at - at) ? other : one));
    const x = 1000 * (1 - (this.scale.end - near.at) / this.scale.span);
    this.cursor.setAttribute("d", `M${x.toFixed(1)} 0V${HEIGHT}`);
    this.describe(near, true);
  }

  describe(point, isPast) {
    const when = isPast ? `${time(point.at)} · ` : "";
    const building = `${loadA(point.building)} building`;
    const text = `${when}worst phase ${PHASES[point.phase]}: ${building} + ${loadA(point.chargers)} chargers of ${offerA(point.limit)} A`;
    say(this.reading, text);
    this.chart.setAttribute("aria-label", text);
  }
}

function worst({ at_ms: at, background_ma: building, measured_ma: chargers, limit_ma: limit }) {
  const room = limit.map((ma, phase) => ma - building[phase] - chargers[phase]);
  const phase = room.indexOf(Math.min(...room));
  return {
    at,
    phase,
    building: building[phase],
    chargers: chargers[phase],
    total: building[phase] + chargers[phase],
    limit: limit[phase],
  };
}

function steps(points, x, y, value) {
  return points.map((point, place) => `${place ? "L" : "M"}${x(point.at).toFixed(1)} ${y(value(point)).toFixed(1)}`).join("");
}

function area(points, x, y, low, high) {
  const back = [...points].reverse().map((point) => `L${x(point.at).toFixed(1)} ${y(low(point)).toFixed(1)}`);
  return `${steps(points, x, y, high)}${back.join("")}Z`;
}
