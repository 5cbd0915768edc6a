// Three phase bars: building grey, chargers blue; filled is measured, outline is booked; a line is the limit.

import { make, mark, say, stretch } from "./dom.js";
import { loadA, offerA, PHASES } from "./words.js";

const BEYOND = 1.06; // so much scale is left behind the rating, to see when something is above it

/** Whether a meter that should measure this circuit does not. */
export function isBlind(circuit) {
  return circuit.meter !== null && !circuit.background_is_measured;
}

export class PhaseBars {
  constructor({ isSmall = false } = {}) {
    this.phases = PHASES.map((name) => new PhaseBar(name));
    this.element = make("div", { class: isSmall ? "phases small" : "phases" });
    this.element.append(...this.phases.map((phase) => phase.element));
  }

  /** `measured`: what our chargers draw below this circuit, mA per phase. */
  show(circuit, measured) {
    this.phases.forEach((phase, index) => phase.show(circuit, index, measured[index]));
  }
}

class PhaseBar {
  constructor(name) {
    this.name = name;
    this.building = make("i", { class: "building" });
    this.chargers = make("i", { class: "chargers" });
    this.booked = make("i", { class: "booked" });
    this.closed = make("i", { class: "closed" });
    this.limit = make("i", { class: "limit" });
    this.bar = make("div", { class: "bar", role: "img" });
    this.bar.append(this.building, this.chargers, this.booked, this.closed, this.limit);
    this.number = make("b");
    this.of = make("span");
    this.element = make(
      "div",
      { class: "phase" },
      make("span", { class: "phase-name" }, name),
      this.bar,
      make("span", { class: "amps" }, this.number, this.of),
    );
  }

  show(circuit, index, chargers) {
    const scale = (circuit.rating_ma * BEYOND) / 100;
    const building = circuit.background_ma[index];
    const limit = circuit.limit_ma[index];
    const total = building + chargers;
    stretch(this.building, Math.max(0, building) / scale);
    stretch(this.chargers, chargers / scale);
    stretch(this.booked, Math.max(0, circuit.booked_ma[index] - chargers) / scale);
    this.limit.style.left = `${Math.min(100, limit / scale).toFixed(2)}%`;
    this.closed.style.left = this.limit.style.left;
    this.building.classList.toggle("assumed", !circuit.background_is_measured);
    this.building.classList.toggle("blind", isBlind(circuit));
    mark(this.element, "data-over", total > limit);
    say(this.number, String(loadA(total)));
    say(this.of, ` / ${offerA(limit)} A`);
    const how = circuit.background_is_measured || circuit.supplies ? "" : ", not measured: worst case";
    mark(
      this.bar,
      "aria-label",
      `${this.name}: building ${loadA(building)} A${how}, chargers ${loadA(chargers)} A, limit ${offerA(limit)} A`,
    );
  }
}

/** The scale below the bars: a tick at each round number of amperes. */
export class Scale {
  constructor() {
    this.element = make("div", { class: "scale", "aria-hidden": "true" });
    this.rating = 0;
  }

  show(ratingMa) {
    if (this.rating === ratingMa) return;
    this.rating = ratingMa;
    const rating = ratingMa / 1000;
    const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000].find((each) => rating / each <= 5.5) ?? 2000;
    this.element.replaceChildren();
    for (let amps = 0; amps <= rating; amps += step) {
      const tick = make("span", {}, amps === 0 ? "0 A" : String(amps));
      tick.style.left = `${(amps / (rating * BEYOND)) * 100}%`;
      this.element.append(tick);
    }
  }
}
