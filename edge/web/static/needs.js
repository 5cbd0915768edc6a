// What the driver of a running session needs: energy, until when, how urgently. Only where the page may command.

import { make } from "./dom.js";

const DAY_S = 86_400;

export class NeedsForm {
  constructor(tell) {
    this.tell = tell;
    this.bay = null;
    this.energy = make("input", { type: "number", min: 0, max: 500, step: 0.5, inputmode: "decimal" });
    this.leaves = make("input", { type: "time" });
    this.priority = make("input", { type: "number", min: 0, max: 9, inputmode: "numeric" });
    this.element = make(
      "form",
      { class: "needs newcomer-form", autocomplete: "off", hidden: true },
      field("Whole session, kWh", this.energy),
      field("Leaves at", this.leaves),
      field("Priority, 0 to 9", this.priority),
      make("button", { class: "toggle", type: "submit" }, "Say what it needs"),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  /** For the session at this bay; what was typed for another one goes. */
  show(evse) {
    this.element.hidden = evse.transaction_id === null;
    const session = `${evse.id} ${evse.transaction_id}`;
    if (session === this.session) return;
    this.session = session;
    this.bay = evse.id;
    this.element.reset();
  }

  order() {
    const number = (input) => (Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null);
    return { energy_kwh: number(this.energy), leaves_in_s: secondsUntil(this.leaves.value), priority: number(this.priority) };
  }

  async send() {
    const path = this.bay.split("/").map(encodeURIComponent).join("/");
    this.tell("Needs ...");
    try {
      const response = await fetch(`/api/needs/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(this.order()),
      });
      const said = await response.json();
      this.tell(response.ok ? "Needs: noted for this session. What is left empty is open." : `Needs: ${said.error}.`);
    } catch {
      this.tell("Needs: the box does not answer.");
    }
  }
}

/** The next time that the clock shows so, in whole seconds from now; null where nothing is said. */
function secondsUntil(time) {
  if (!time) return null;
  const [hours, minutes] = time.split(":").map(Number);
  const now = new Date();
  const left = (hours - now.getHours()) * 3600 + (minutes - now.getMinutes()) * 60 - now.getSeconds();
  return left > 0 ? left : left + DAY_S;
}

function field(words, input) {
  input.setAttribute("aria-label", words);
  return make("label", { class: "newcomer-field" }, words, input);
}
