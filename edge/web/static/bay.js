// A bay: as a card in the lot, and as a line in the phone's list. Shape, word and sentence come from the box.

import { make, mark, say, stretch } from "./dom.js";
import { reshape } from "./shapes.js";
import { age, kwh, offerA } from "./words.js";

const OLD_MS = 30_000;

export class BayCard {
  constructor(evse, open) {
    this.shape = make("span", { class: "bay-shape" });
    this.name = make("span", { class: "bay-name" }, evse.id);
    this.energy = make("span", { class: "bay-energy" });
    this.value = make("span", { class: "bay-value" });
    this.word = make("span", { class: "bay-word" });
    this.offered = make("i", { class: "offered" });
    this.measured = make("i", { class: "measured" });
    this.bar = make("span", { class: "bay-bar" }, this.offered, this.measured);
    this.sentence = make("span", { class: "bay-sentence" });
    this.element = make(
      "button",
      { class: "bay", type: "button", "data-bay": evse.id, onclick: () => open(evse.id) },
      make("span", { class: "bay-head" }, this.name, this.energy),
      make("span", { class: "bay-state" }, this.shape, this.value, this.word),
      this.bar,
      this.sentence,
    );
  }

  show(evse) {
    const hasCurrent = evse.setpoint_ma > 0 && evse.transaction_id !== null;
    reshape(this.shape, evse.icon);
    say(this.value, hasCurrent ? `${offerA(evse.setpoint_ma)} A` : evse.word);
    say(this.word, hasCurrent ? evse.word : "");
    showEnergy(this.energy, evse);
    say(this.sentence, evse.word === "free" ? "" : evse.sentence);
    stretch(this.offered, (evse.setpoint_ma / evse.max_ma) * 100);
    const measured = Math.max(0, ...(evse.measured_ma ?? []));
    stretch(this.measured, (measured / evse.max_ma) * 100);
    mark(this.element, "data-flows", hasCurrent || measured > 0);
    mark(this.element, "data-severity", evse.severity);
    mark(this.element, "data-word", evse.word);
    mark(this.element, "aria-label", spoken(evse));
  }
}

export class BayLine {
  constructor(evse, open) {
    this.shape = make("span", { class: "bay-shape" });
    this.name = make("span", { class: "bay-name" }, evse.id);
    this.value = make("span", { class: "bay-value" });
    this.energy = make("span", { class: "bay-energy" });
    this.sentence = make("span", { class: "bay-sentence" });
    this.element = make(
      "button",
      { class: "line", type: "button", "data-bay": evse.id, onclick: () => open(evse.id) },
      this.shape,
      this.name,
      this.value,
      this.energy,
      this.sentence,
    );
  }

  show(evse) {
    const hasCurrent = evse.setpoint_ma > 0 && evse.transaction_id !== null;
    reshape(this.shape, evse.icon);
    say(this.value, hasCurrent ? `${offerA(evse.setpoint_ma)} A` : evse.word);
    showEnergy(this.energy, evse);
    say(this.sentence, evse.word === "free" ? "" : evse.sentence);
    mark(this.element, "data-severity", evse.severity);
    mark(this.element, "aria-label", spoken(evse));
  }
}

/** The energy of the session; an old number greys and shows its age. */
function showEnergy(element, evse) {
  const isOld = evse.session_wh !== null && evse.measured_age_ms !== null && evse.measured_age_ms > OLD_MS;
  const old = isOld ? ` · ${age(evse.measured_age_ms)}` : "";
  say(element, evse.session_wh === null ? "" : kwh(evse.session_wh) + old);
  mark(element, "data-old", isOld);
}

function spoken(evse) {
  const energy = evse.session_wh === null ? "" : ` ${kwh(evse.session_wh)}.`;
  return `${evse.id}, ${evse.word}: ${evse.sentence}${energy} Explain.`;
}
