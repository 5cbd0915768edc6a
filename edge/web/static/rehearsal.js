// The rehearsal: moves the simulated cars, building, meter, chargers and cloud; shows what the CSMS has booked.

import { make, mark, Parts, say } from "./dom.js";
import { count, loadA } from "./words.js";

const EVERY_MS = 1_000;
const STEP_A = 20;
const CARS = {
  "three-phase": "three phases, 16 A",
  "one-phase": "one phase, 32 A",
  "two-phase": "two phases, 16 A",
  fast: "three phases, 32 A",
  "nearly-full": "nearly full",
  sleepy: "never wakes after a pause",
};
const CARD = "04A1B2C3D4"; // the driver whom the demo's list of cards knows
const MOST_SQUARES = 48;

export class Rehearsal {
  constructor() {
    this.element = document.getElementById("rehearsal");
    this.element.hidden = false;
    document.body.dataset.rehearsal = "";
    this.state = null;
    this.answer = make("p", { class: "answer", role: "status" });
    this.element.append(
      make("header", { class: "panel-head" }, make("h2", {}, "rehearsal")),
      make("p", { class: "bay-sentence" }, "A simulated lot on real OCPP and Modbus. Break something."),
      this.cars(),
      this.building(),
      this.meter(),
      this.lines(),
      this.newcomers(),
      this.csms(),
      this.referee(),
      this.answer,
    );
    setInterval(() => this.refresh(), EVERY_MS);
    this.refresh();
  }

  cars() {
    this.car = make("select", { "aria-label": "Kind of car" });
    this.car.append(...Object.entries(CARS).map(([name, words]) => make("option", { value: name }, words)));
    const next = make("button", { type: "button", id: "plug-next", onclick: () => this.plugNext() }, "Plug in at the next free bay");
    const chips = make("div", { class: "chips" });
    this.carChips = new Parts(chips, ([bay]) => new Chip(bay, () => this.toggleCar(bay)));
    return group("Cars", this.car, next, chips);
  }

  building() {
    this.load = make("output", { class: "load" });
    const less = make("button", { type: "button", id: "building-down", onclick: () => this.raise(-STEP_A) }, `\u2212${STEP_A} A`);
    const more = make("button", { type: "button", id: "building-up", onclick: () => this.raise(STEP_A) }, `+${STEP_A} A`);
    return group("Building", make("div", { class: "choice" }, less, this.load, more));
  }

  meter() {
    this.meterChoice = new Choice({ none: "works", frozen: "frozen", silent: "silent" }, "none", (kind) =>
      this.post("fault/meter", { kind, circuit: this.root() }),
    );
    return group("Grid meter", this.meterChoice.element);
  }

  lines() {
    const chips = make("div", { class: "chips" });
    this.lineChips = new Parts(chips, ([name]) => new Chip(name, () => this.toggleLine(name), { spoils: true }));
    return group("Cut a charger's line", chips);
  }

  newcomers() {
    const appear = make("button", { type: "button", id: "appear", onclick: () => this.appear() }, "A new charger appears");
    return group("New charger", appear);
  }

  csms() {
    this.cloudChoice = new Choice({ restore: "connected", cut: "cut" }, "restore", (state) => this.post("link", { name: "cloud", state }));
    this.booked = make("p", { class: "booked-count" });
    this.pile = make("div", { class: "pile", "aria-hidden": "true" });
    return group("Cloud", this.cloudChoice.element, this.booked, this.pile);
  }

  referee() {
    this.verdict = make("p", { class: "verdict" });
    return group("Referee", this.verdict);
  }

  /** The box's own view: how many rows wait here for the cloud. */
  show(status) {
    const waiting = status.uplinks.reduce((sum, uplink) => sum + uplink.waiting, 0);
    this.waiting = waiting;
    const squares = Math.min(MOST_SQUARES, waiting);
    while (this.pile.childElementCount > squares) this.pile.lastElementChild.remove();
    while (this.pile.childElementCount < squares) this.pile.append(make("i"));
    this.showBooked();
  }

  async refresh() {
    if (this.element.offsetParent === null || this.isAsking) return;
    this.isAsking = true;
    try {
      const response = await fetch("/rehearsal/state");
      if (response.ok) this.showState(await response.json());
    } catch {
      // The page says already that the box is away.
    } finally {
      this.isAsking = false;
    }
  }

  showState(state) {
    this.state = state;
    this.carChips.show(Object.entries(state.bays), ([bay]) => bay, (chip, [bay, { car }]) => {
      chip.show(car !== null, `${car ? "unplug" : "plug in at"} ${bay}`);
    });
    this.lineChips.show(Object.entries(state.chargers), ([name]) => name, (chip, [name, { line }]) => {
      chip.show(line !== "sound", `${line === "sound" ? "cut" : "restore"} ${name}`);
    });
    const root = state.circuits[this.root()];
    say(this.load, root?.building_ma ? `${root.building_ma.map(loadA).join(" ")} A` : "");
    this.meterChoice.show(root?.meter ?? null);
    this.cloudChoice.show(state.cloud.line === "sound" ? "restore" : "cut");
    this.showBooked();
    this.showVerdict(state.referee);
  }

  showBooked() {
    if (!this.state) return;
    const { transactions, running } = this.state.cloud;
    const here = this.waiting ? ` ${count(this.waiting, "row")} ${this.waiting === 1 ? "waits" : "wait"} here.` : " Nothing waits here.";
    say(this.booked, `Its books: ${count(transactions, "transaction")}, ${running} still running.${here}`);
  }

  showVerdict({ excess_ma_ms: excess, late_ma_ms: late, longest_ms: longest }) {
    const seconds = (longest / 1000).toFixed(1);
    const text = excess === 0
      ? "No current was ever above a limit."
      : `Above a limit for at most ${seconds} s at a time, ${(excess / 1e6).toFixed(1)} A\u00b7s in all; ${late === 0 ? "never longer than allowed" : "LONGER than allowed"}.`;
    say(this.verdict, text);
    mark(this.verdict, "data-severity", late > 0 ? "act" : "fine");
  }

  root() {
    const circuits = Object.entries(this.state?.circuits ?? {});
    return circuits.find(([, circuit]) => circuit.parent === null)?.[0] ?? "grid";
  }

  plugNext() {
    const free = Object.entries(this.state?.bays ?? {}).find(([, { car }]) => car === null);
    if (free) this.plug(free[0]);
    else say(this.answer, "Every bay is taken.");
  }

  async appear() {
    const answer = await this.post("appear", {});
    if (answer) say(this.answer, `${answer.result}. The page asks for its place.`);
  }

  toggleCar(bay) {
    if (this.state.bays[bay].car === null) this.plug(bay);
    else this.post("unplug", { bay });
  }

  plug(bay) {
    return this.post("plug", { bay, car: this.car.value, token: CARD });
  }

  toggleLine(name) {
    this.post("link", { name, state: this.state.chargers[name].line === "sound" ? "cut" : "restore" });
  }

  async raise(amps) {
    const circuit = this.root();
    const load = this.state?.circuits[circuit]?.building_ma ?? [0, 0, 0];
    for (const [index, ma] of load.entries()) {
      await this.post("building", { circuit, phase: index + 1, amps: Math.max(0, Math.round(ma / 1000) + amps) });
    }
  }

  /** What the simulator answers; null when it refuses, which is said. */
  async post(path, body) {
    let result = null;
    say(this.answer, "");
    try {
      const response = await fetch(`/rehearsal/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (response.ok) result = answer;
      else say(this.answer, `${answer.error}.`);
    } catch {
      say(this.answer, "The box does not answer.");
    }
    await this.refresh();
    return result;
  }
}

function group(title, ...children) {
  return make("div", { class: "group", role: "group", "aria-label": title }, make("h3", {}, title), ...children);
}

/** A button that stays pressed. */
class Chip {
  constructor(name, act, { spoils = false } = {}) {
    const attributes = { class: "toggle", type: "button", "data-spoils": spoils, onclick: act };
    this.element = make("button", attributes, name.replace(/^bay-/, ""));
  }

  show(isPressed, label) {
    mark(this.element, "aria-pressed", isPressed ? "true" : "false");
    mark(this.element, "aria-label", label);
    mark(this.element, "title", label);
  }
}

/** Buttons of which one is pressed; all but the sound one spoil something. */
class Choice {
  constructor(options, sound, act) {
    this.buttons = new Map(
      Object.entries(options).map(([value, word]) => [
        value,
        make(
          "button",
          { class: "toggle", type: "button", "data-value": value, "data-spoils": value !== sound, onclick: () => act(value) },
          word,
        ),
      ]),
    );
    this.element = make("div", { class: "choice" }, ...this.buttons.values());
  }

  show(chosen) {
    for (const [value, button] of this.buttons) mark(button, "aria-pressed", value === chosen ? "true" : "false");
  }
}
