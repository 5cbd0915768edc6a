// Why a bay is offered what it is offered: the table of limits, the rule, what went before.

import { make, mark, Parts, say } from "./dom.js";
import { NeedsForm } from "./needs.js";
import { offerA, PHASES, timeWithSeconds } from "./words.js";

const SHOWN_BEFORE = 6;

export class Explain {
  constructor({ mayCommand }) {
    this.mayCommand = mayCommand;
    this.dialog = document.getElementById("explain");
    this.bay = null;
    this.build();
  }

  build() {
    this.title = make("h2", { id: "explain-title" });
    this.sentence = make("p", { class: "explain-sentence" });
    this.seen = make("p", { class: "explain-seen" });
    this.facts = make("dl", { class: "facts" });
    this.rows = make("tbody");
    this.table = new Parts(this.rows, () => new LimitRow());
    this.rule = make("p", { class: "rule" });
    this.before = make("ol", { class: "before" });
    this.orders = make("div", { class: "orders", hidden: true });
    this.answer = make("p", { class: "answer", role: "status" });
    this.needs = new NeedsForm((words) => say(this.answer, words));
    const close = make("button", { class: "close", type: "button", onclick: () => this.dialog.close() }, "Close");
    const head = ["limit", ...PHASES, "source", "until"].map((name) => make("th", { scope: "col" }, name));
    this.dialog.append(
      make("header", {}, this.title, close),
      this.sentence,
      this.seen,
      this.facts,
      make("div", { class: "wide" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), this.rows)),
      this.rule,
      make("h3", {}, "Before"),
      this.before,
      this.orders,
      this.needs.element,
      this.answer,
    );
    this.dialog.addEventListener("close", () => (this.bay = null));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  async open(bay) {
    this.bay = bay;
    say(this.title, bay);
    say(this.answer, "");
    await this.refresh();
    if (this.bay === bay && !this.dialog.open) this.dialog.showModal();
  }

  /** Asks again; called with each status while the dialog is open. */
  async refresh() {
    const bay = this.bay;
    if (bay === null || this.isAsking) return;
    this.isAsking = true;
    try {
      const path = bay.split("/").map(encodeURIComponent).join("/");
      const response = await fetch(`/api/evses/${path}`);
      if (response.ok && this.bay === bay) this.show(await response.json());
    } catch {
      // The box is away: the page says so, and what is shown here greys with it.
    } finally {
      this.isAsking = false;
    }
  }

  show({ at_ms: atMs, age_ms: ageMs, evse, passport }) {
    say(this.sentence, evse.sentence);
    mark(this.sentence, "data-severity", evse.severity);
    say(this.seen, `${timeWithSeconds(atMs)}, ${(ageMs / 1000).toFixed(1)} s old · on ${evse.feeder}`);
    this.showFacts(evse, passport);
    const limits = evse.limits.map((limit, place) => ({ ...limit, place }));
    this.table.show(limits, (limit) => limit.place, (row, limit) => row.show(limit));
    say(this.rule, `Rule: ${evse.rule}.`);
    const before = [...evse.before].reverse().slice(0, SHOWN_BEFORE).map((line) => line.replace("->", "\u2192"));
    const lines = before.length ? before : ["Nothing has changed since the box started."];
    if (this.shownBefore !== lines.join("\n")) this.before.replaceChildren(...lines.map((line) => make("li", {}, line)));
    this.shownBefore = lines.join("\n");
    this.showOrders(evse);
  }

  showFacts(evse, passport) {
    const triple = (values) => values.map((ma) => (ma / 1000).toFixed(1)).join("  ");
    const facts = [
      ["offered", evse.offered_ma === null ? "no link" : `${offerA(evse.offered_ma)} A`],
      ["measured", evse.measured_ma === null ? "not lately" : `${triple(evse.measured_ma)} A`],
      ["booked", `${triple(evse.booked_ma)} A`],
      ["charger", passport],
    ];
    const text = JSON.stringify(facts);
    if (this.shownFacts === text) return;
    this.shownFacts = text;
    this.facts.replaceChildren(...facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  }

  /** Only on the box itself: there the API takes them. */
  showOrders(evse) {
    if (!this.mayCommand) return;
    this.needs.show(evse);
    const orders = [];
    if (evse.transaction_id !== null) {
      orders.push(["Stop charging", { kind: "stop-charging", evse: evse.evse, transaction_id: evse.transaction_id }]);
    }
    orders.push(["Release the plug", { kind: "unlock", evse: evse.evse }], ["Restart the charger", { kind: "reset" }]);
    const text = JSON.stringify([evse.charger, orders]);
    if (this.shownOrders === text) return;
    this.shownOrders = text;
    this.orders.hidden = false;
    this.orders.replaceChildren(...orders.map(([label, body]) => orderButton(label, () => this.order(evse.charger, label, body))));
  }

  async order(charger, label, body) {
    say(this.answer, `${label} ...`);
    try {
      const response = await fetch(`/api/chargers/${encodeURIComponent(charger)}/commands`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const said = await response.json();
      say(this.answer, response.ok ? `${label}: done.` : `${label}: ${said.error}.`);
    } catch {
      say(this.answer, `${label}: the box does not answer.`);
    }
  }
}

/** A button that is pressed twice: first it asks. */
function orderButton(label, act) {
  const button = make("button", { type: "button" }, label);
  let timer;
  const calm = () => {
    clearTimeout(timer);
    button.removeAttribute("data-asks");
    say(button, label);
  };
  button.addEventListener("click", () => {
    if (button.hasAttribute("data-asks")) {
      calm();
      act();
      return;
    }
    mark(button, "data-asks", true);
    say(button, `${label}: sure?`);
    timer = setTimeout(calm, 4000);
  });
  return button;
}

class LimitRow {
  constructor() {
    this.name = make("th", { scope: "row" });
    this.cells = PHASES.map(() => make("td", { class: "number" }));
    this.source = make("td");
    this.until = make("td");
    this.element = make("tr", {}, this.name, ...this.cells, this.source, this.until);
  }

  show(limit) {
    const least = Math.min(...limit.limit_ma);
    say(this.name, limit.name);
    this.cells.forEach((cell, index) => {
      say(cell, String(offerA(limit.limit_ma[index])));
      mark(cell, "data-binds", limit.binds && limit.limit_ma[index] === least);
    });
    say(this.source, limit.source);
    say(this.until, limit.until);
    mark(this.element, "data-binds", limit.binds);
  }
}
