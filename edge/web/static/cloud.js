// The cloud: a chip in the head, and a panel that says what still waits for it.

import { make, mark, Parts, say } from "./dom.js";
import { reshape } from "./shapes.js";
import { count, timeWithSeconds } from "./words.js";

const GLYPHS = { up: "●", partly: "◐", down: "○", refused: "✕" };
const WORDS = { up: "connected", partly: "partly connected", down: "away", refused: "refuses us" };
const SEVERITY = { up: "fine", partly: "know", down: "know", refused: "act" };
const WORST = ["refused", "down", "partly", "up"];

export class Cloud {
  constructor() {
    this.panel = document.getElementById("cloud");
    this.holder = make("div");
    this.panel.append(make("header", { class: "panel-head" }, make("h2", {}, "cloud")), this.holder);
    this.uplinks = new Parts(this.holder, (uplink) => new Uplink(uplink));
    this.chip = document.getElementById("cloud-chip");
    this.shape = make("span", { class: "bay-shape" });
    this.chip.append(this.shape, make("span", {}, "cloud"));
  }

  show(uplinks) {
    this.panel.hidden = this.chip.hidden = uplinks.length === 0;
    if (!uplinks.length) return;
    this.uplinks.show(uplinks, (uplink) => uplink.csms, (part, uplink) => part.show(uplink));
    const worst = WORST.find((state) => uplinks.some((uplink) => uplink.state === state));
    reshape(this.shape, GLYPHS[worst]);
    mark(this.chip, "data-severity", SEVERITY[worst]);
    mark(this.chip, "aria-label", `cloud: ${WORDS[worst]}`);
    mark(this.chip, "title", WORDS[worst]);
  }
}

class Uplink {
  constructor(uplink) {
    this.shape = make("span", { class: "bay-shape" });
    this.word = make("span", { class: "bay-value" });
    this.links = make("span", { class: "bay-energy" });
    this.waiting = make("span", { class: "bay-word" });
    this.sentence = make("p", { class: "bay-sentence" });
    this.oldest = make("p", { class: "bay-sentence" });
    this.stations = make("div");
    this.troubled = new Parts(this.stations, () => new Troubled());
    this.element = make(
      "div",
      { class: "uplink", "data-csms": uplink.csms },
      make("p", { class: "bay-head" }, make("span", { class: "bay-name" }, uplink.csms), this.links),
      make("p", { class: "bay-state" }, this.shape, this.word, this.waiting),
      this.sentence,
      this.oldest,
      this.stations,
    );
  }

  show(uplink) {
    reshape(this.shape, GLYPHS[uplink.state]);
    say(this.word, WORDS[uplink.state]);
    say(this.links, `${uplink.connected} of ${count(uplink.chargers, "link")}`);
    say(this.waiting, uplink.waiting ? `${count(uplink.waiting, "row")} ${uplink.waiting === 1 ? "waits" : "wait"}` : "");
    say(this.sentence, uplink.sentence);
    say(this.oldest, uplink.oldest_ms === null ? "" : `The oldest since ${timeWithSeconds(uplink.oldest_ms)}.`);
    this.troubled.show(uplink.stations, (station) => station.charger, (part, station) => part.show(station));
    mark(this.element, "data-severity", SEVERITY[uplink.state]);
  }
}

// A charger that this cloud does not hear of, and why.
class Troubled {
  constructor() {
    this.element = make("p", { class: "bay-sentence" });
  }

  show(station) {
    const waits = station.waiting ? `, ${count(station.waiting, "row")} since ${timeWithSeconds(station.oldest_ms)}` : "";
    const parked = station.parked ? `, ${station.parked} parked` : "";
    say(this.element, `${station.charger}: ${station.error || "rows are parked"}${waits}${parked}`);
  }
}
