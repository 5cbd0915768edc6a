// New chargers: who waits for a place, and one form to give it; nothing is pressed before it is proven.

import { make, mark, Parts, say } from "./dom.js";
import { reshape } from "./shapes.js";
import { count } from "./words.js";

const SHOWN = 4;
const PROVE_AFTER_MS = 350;
const JSON_TYPE = { "Content-Type": "application/json" };

export class Newcomers {
  constructor({ mayCommand }) {
    this.mayCommand = mayCommand;
    this.element = document.getElementById("newcomers");
    this.more = make("p", { class: "bay-sentence" });
    this.done = make("div", { class: "newcomer-done", role: "status", hidden: true });
    const list = make("div");
    this.list = new Parts(list, (stranger) => new Newcomer(stranger, this));
    this.element.append(list, this.more, this.done);
    this.places = null;
    this.status = null;
  }

  show(status) {
    const isAnew = this.status !== null && status.cycle < this.status.cycle;
    this.status = status;
    const waiting = status.strangers;
    if (isAnew) this.places = null;
    if (waiting.length && this.mayCommand && this.places === null) this.load();
    this.list.show(waiting.slice(0, SHOWN), (each) => each.station, (part, each) => part.show(each));
    say(this.more, waiting.length > SHOWN ? `and ${count(waiting.length - SHOWN, "more charger")} without a place` : "");
    this.element.hidden = waiting.length === 0 && this.done.hidden;
  }

  /** Where there are places. A box whose file cannot be changed from here has none to give. */
  async load() {
    this.places = {};
    const response = await fetch("/api/strangers").catch(() => null);
    this.places = response?.ok ? await response.json() : response ? {} : null;
    if (this.places?.may_adopt) for (const part of this.list.parts.values()) part.offer();
  }

  /** bay-9 where bay-8 is the last. */
  nextName() {
    const names = new Set(this.status.evses.map((evse) => evse.charger));
    const last = [...names].at(-1) ?? "bay-0";
    const [, stem, digits] = last.match(/^(.*?)(\d*)$/);
    let number = Number(digits || 1) + 1;
    while (names.has(`${stem}${number}`)) number += 1;
    return `${stem}${number}`;
  }

  adopted({ name, proof, place, file }) {
    const back = make("button", { type: "button", id: "adopt-undo" }, "Take it back");
    const close = make("button", { type: "button" }, "Well");
    const says = make("p", {}, `${name} has its place: ${proof}`);
    const where = make("p", { class: "bay-sentence" }, `${file}: ${place}, comments kept. The box starts anew; transactions go on.`);
    this.done.replaceChildren(says, where, make("div", { class: "orders" }, close, back));
    this.done.hidden = false;
    close.addEventListener("click", () => (this.done.hidden = true));
    back.addEventListener("click", async () => {
      back.disabled = true;
      const response = await fetch("/api/adopt/undo", { method: "POST", headers: JSON_TYPE, body: "{}" }).catch(() => null);
      const answer = response ? await response.json() : { error: "The box does not answer" };
      if (response?.ok) back.remove();
      say(says, response?.ok ? `${answer.file} is as it was before ${answer.name}.` : `${answer.error}.`);
      say(where, response?.ok ? "The box starts anew; transactions go on." : (answer.try ?? ""));
    });
  }
}

class Newcomer {
  constructor(stranger, room) {
    this.station = stranger.station;
    this.room = room;
    this.shape = make("span", { class: "bay-shape" });
    this.state = make("span", { class: "newcomer-word" }, "new");
    this.sentence = make("span");
    this.facts = make("p", { class: "bay-sentence" });
    this.form = null;
    reshape(this.shape, "?");
    this.head = make("p", { class: "newcomer-head" }, this.shape, this.state, make("b", {}, stranger.station), this.sentence);
    this.element = make("section", { class: "newcomer panel", "data-station": stranger.station }, this.head, this.facts);
    if (room.places?.may_adopt) this.offer();
  }

  show(stranger) {
    this.connectors = stranger.connectors;
    mark(this.element, "data-severity", stranger.severity);
    say(this.sentence, stranger.sentence);
    const sockets = stranger.connectors > 1 ? `${stranger.connectors} sockets` : "";
    const where = this.room.mayCommand ? "" : `to be given a place at the box: ampyard adopt ${stranger.station} NAME --max A`;
    say(this.facts, [stranger.model, stranger.address, sockets, where].filter(Boolean).join(" · "));
  }

  /** One form; whatever is changed in it has to be proven again. */
  offer() {
    if (this.form) return;
    const { circuits, rotations } = this.room.places;
    this.name = make("input", { required: true, maxlength: 60, value: this.room.nextName(), autocomplete: "off" });
    this.circuit = select(circuits, (name) => name);
    this.max = make("input", { type: "number", min: 6, max: 80, required: true, inputmode: "numeric" });
    this.fallback = make("input", { type: "number", min: 0, max: 80, placeholder: "6", inputmode: "numeric" });
    this.rotation = select(rotations, (name) => (name === "unknown" ? "not known" : name));
    this.evses = make("input", { type: "number", min: 1, max: 8, value: this.connectors ?? 1 });
    this.rating = make("input", { type: "number", min: 6, max: 640, inputmode: "numeric" });
    this.proof = make("output", { class: "newcomer-proof" }, "Say what its breaker carries: it is never assumed.");
    this.button = make("button", { class: "toggle", type: "submit", disabled: true }, "Give it this place");
    this.ratingField = field("Supply shared by its sockets, A", this.rating);
    this.form = make(
      "form",
      { class: "newcomer-form", autocomplete: "off" },
      field("Name", this.name),
      circuits.length > 1 ? field("Circuit", this.circuit) : null,
      field("Breaker, A per phase", this.max),
      field("Without the box, A", this.fallback),
      field("Its L1 L2 L3 hang on", this.rotation),
      field("Sockets", this.evses),
      this.ratingField,
      this.proof,
      this.button,
    );
    this.form.addEventListener("input", () => this.changed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.adopt();
    });
    this.element.append(this.form);
    this.ratingField.hidden = this.evses.valueAsNumber === 1;
  }

  order() {
    const whole = (input) => (Number.isInteger(input.valueAsNumber) ? input.valueAsNumber : null);
    const evses = whole(this.evses) ?? 1;
    return {
      station: this.station,
      name: this.name.value.trim(),
      circuit: this.circuit.value,
      max_a: whole(this.max),
      fallback_a: whole(this.fallback),
      phase_rotation: this.rotation.value,
      evses,
      rating_a: evses > 1 ? whole(this.rating) : null,
    };
  }

  changed() {
    this.button.disabled = true;
    this.proven = null;
    this.ratingField.hidden = !(this.evses.valueAsNumber > 1);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.prove(), PROVE_AFTER_MS);
  }

  async prove() {
    const order = this.order();
    if (order.max_a === null) {
      this.tell("Say what its breaker carries: it is never assumed.", "know");
      return;
    }
    const answer = await this.send({ ...order, only_prove: true });
    if (answer === null || JSON.stringify(order) !== JSON.stringify(this.order())) return;
    this.proven = order;
    this.button.disabled = false;
    this.tell(answer.proof, "fine");
  }

  async adopt() {
    if (!this.proven) return;
    this.button.disabled = true;
    const answer = await this.send(this.proven);
    if (answer !== null) this.room.adopted(answer);
  }

  /** The answer; null when it is refused, which is said in the site file's own words. */
  async send(body) {
    const response = await fetch("/api/adopt", { method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) }).catch(() => null);
    if (response === null) {
      this.tell("The box does not answer.", "act");
      return null;
    }
    const answer = await response.json();
    if (response.ok) return answer;
    const words = answer.faults?.map(narrow).join("\n") ?? [answer.error, answer.try && `try ${answer.try}`].filter(Boolean).join("\n");
    this.tell(words, "act");
    return null;
  }

  tell(text, severity) {
    say(this.proof, text);
    mark(this.proof, "data-severity", severity);
  }
}

/** A fault as `check` prints it, without the gap before its keyword. */
const narrow = (fault) => fault.replace(/ {2,}(\S+)$/m, "  $1");

function select(values, words) {
  return make("select", {}, ...values.map((value) => make("option", { value }, words(value))));
}

function field(words, input) {
  input.setAttribute("aria-label", words); // an option's words are no part of it
  return make("label", { class: "newcomer-field" }, make("span", {}, words), input);
}
