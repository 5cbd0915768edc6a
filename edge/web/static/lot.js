// The lot: the sentence, the grid's three bars, and the tree of feeders with their bays.

import { isBlind, PhaseBars, Scale } from "./bars.js";
import { BayCard, BayLine } from "./bay.js";
import { make, mark, Parts, say } from "./dom.js";
import { reshape } from "./shapes.js";
import { age, loadA, measuredBelow, offerA, troubleFirst } from "./words.js";

const SHOWN_TROUBLES = 4;

export class Lot {
  constructor(openBay) {
    this.openBay = openBay;
    this.sentence = document.getElementById("sentence");
    this.spoken = document.getElementById("spoken");
    this.troubles = new Parts(document.getElementById("troubles"), (trouble) => new Trouble(trouble, openBay));
    this.grid = new GridPanel(document.getElementById("grid"));
    this.lines = new Parts(document.getElementById("list"), (evse) => new BayLine(evse, openBay));
    this.tree = new Parts(document.getElementById("tree"), (branch) => new Branch(branch, openBay));
  }

  show(status) {
    this.showSentence(status.sentence, status.severity);
    this.showTroubles(status);
    const root = status.circuits.find((circuit) => circuit.parent === null);
    if (root) this.grid.show(root, measuredBelow(root, status));
    this.lines.show(troubleFirst(status.evses), (evse) => evse.id, (line, evse) => line.show(evse));
    this.tree.show(branchesBelow(root, status), (branch) => branch.name, (part, branch) => part.show(branch));
  }

  /** The sentence on top. It is read aloud when it says something else, not when a number moves. */
  showSentence(text, severity) {
    say(this.sentence, text);
    mark(this.sentence, "data-severity", severity);
    const gist = text.replaceAll(/[\d.]+/g, "#");
    if (this.gist !== gist) say(this.spoken, text);
    this.gist = gist;
  }

  /** What the sentence has no room for. */
  showTroubles(status) {
    const alerts = status.alerts.map((sentence) => ({ id: sentence, sentence, severity: "know", icon: "⚠" }));
    const bays = troubleFirst(status.evses).filter((evse) => evse.severity !== "fine");
    const all = [...alerts, ...bays];
    const shown = all.length > 1 ? all.slice(0, SHOWN_TROUBLES) : alerts;
    const left = all.length - shown.length;
    if (shown.length && left > 0) {
      shown.push({ id: "", sentence: `and ${left} more below`, severity: "fine", icon: "" });
    }
    this.troubles.show(shown, (trouble) => trouble.id, (part, trouble) => part.show(trouble));
    this.troubles.parent.hidden = shown.length === 0;
  }
}

/** What hangs on a circuit: its feeders in the order of their bays, then the bays on the root itself. */
function branchesBelow(root, status) {
  if (!root) return [];
  const branches = status.circuits
    .filter((circuit) => circuit.parent === root.name)
    .map((circuit) => ({
      name: circuit.name,
      circuit,
      measured: measuredBelow(circuit, status),
      evses: baysOn(circuit, status),
      inner: branchesBelow(circuit, status),
    }))
    .sort((one, other) => firstBay(one, status) - firstBay(other, status));
  const own = baysOn(root, status);
  if (root.parent === null && own.length) branches.push({ name: "", circuit: null, evses: own, inner: [] });
  return branches;
}

/** Where the first bay of a branch stands in the site's own order. */
function firstBay(branch, status) {
  const own = branch.evses.map((evse) => status.evses.indexOf(evse));
  return Math.min(Number.MAX_SAFE_INTEGER, ...own, ...branch.inner.map((inner) => firstBay(inner, status)));
}

const baysOn = (circuit, status) => troubleFirst(status.evses.filter((evse) => evse.circuit === circuit.name));

class Trouble {
  constructor(trouble, openBay) {
    this.shape = make("span", { class: "bay-shape" });
    this.text = make("span");
    const inner = trouble.charger
      ? make("button", { type: "button", onclick: () => openBay(trouble.id) }, this.shape, this.text)
      : make("span", {}, this.shape, this.text);
    this.element = make("li", {}, inner);
  }

  show(trouble) {
    if (trouble.icon) reshape(this.shape, trouble.icon);
    say(this.text, trouble.charger ? `${trouble.id}: ${trouble.sentence}` : trouble.sentence);
    mark(this.element, "data-severity", trouble.severity);
  }
}

class GridPanel {
  constructor(element) {
    this.element = element;
    this.bars = new PhaseBars();
    this.scale = new Scale();
    this.title = make("h2");
    this.meter = make("p", { class: "meter" });
    this.legend = make(
      "p",
      { class: "legend", "aria-hidden": "true" },
      make("span", { class: "key-building" }, "building"),
      make("span", { class: "key-chargers" }, "chargers"),
      make("span", { class: "key-booked" }, "booked"),
      make("span", { class: "key-limit" }, "limit"),
    );
    const head = make("header", { class: "panel-head" }, this.title, this.meter, this.legend);
    element.append(head, this.bars.element, this.scale.element);
  }

  show(circuit, measured) {
    this.element.hidden = false;
    say(this.title, circuit.title);
    this.bars.show(circuit, measured);
    this.scale.show(circuit.rating_ma);
    say(this.meter, meterWords(circuit));
    mark(this.meter, "data-severity", isBlind(circuit) ? "know" : "fine");
    mark(this.element, "data-blind", isBlind(circuit));
  }
}

class Branch {
  constructor(branch, openBay) {
    this.bars = branch.circuit ? new PhaseBars({ isSmall: true }) : null;
    this.title = make("h2", {}, branch.circuit ? branch.circuit.title : "On the grid itself");
    this.rating = make("span", { class: "rating" });
    const holder = make("div", { class: "bays" });
    const inner = make("div", { class: "inner" });
    this.bays = new Parts(holder, (evse) => new BayCard(evse, openBay));
    this.inner = new Parts(inner, (each) => new Branch(each, openBay));
    const head = make("header", { class: "branch-head" }, this.title, this.rating);
    this.worst = make("span", { class: "worst" });
    if (this.bars) head.append(this.bars.element, this.worst);
    this.element = make("section", { class: "branch", "data-circuit": branch.name }, head, holder, inner);
  }

  show(branch) {
    if (branch.circuit) {
      this.bars.show(branch.circuit, branch.measured);
      say(this.rating, [ratingWords(branch.circuit), ...spareWords(branch.circuit)].join(" · "));
      say(this.worst, String(loadA(worstMa(branch))));
    }
    this.bays.show(branch.evses, (evse) => evse.id, (card, evse) => card.show(evse));
    this.inner.show(branch.inner, (each) => each.name, (part, each) => part.show(each));
  }
}

/** The current on the phase that carries most. */
function worstMa({ circuit, measured }) {
  return Math.max(...measured.map((ma, phase) => ma + circuit.background_ma[phase]));
}

function ratingWords(circuit) {
  const limit = Math.min(...circuit.limit_ma);
  const rating = `${offerA(circuit.rating_ma)} A`;
  return limit < circuit.rating_ma ? `${rating}, limited to ${offerA(limit)} A` : rating;
}

function meterWords(circuit) {
  return [measureWords(circuit), ...spareWords(circuit)].join(" · ");
}

/** What its protection bears just now, and how its demand window stands. */
const spareWords = (circuit) => [circuit.overload, circuit.demand?.sentence].filter(Boolean);

function measureWords(circuit) {
  const rating = ratingWords(circuit);
  const meter = circuit.meter;
  if (!meter) return `${rating} · no meter: the worst case of the building counts`;
  const old = meter.age_ms === null ? "" : ` for ${age(meter.age_ms)}`;
  const words = {
    fresh: `meter ${((meter.age_ms ?? 0) / 1000).toFixed(1)} s old`,
    late: meter.age_ms > 1000 ? `meter late${old}: nothing rises` : "the meter's values stand still: nothing rises",
    stale: `meter silent${old}: the worst case counts`,
    frozen: "meter frozen: the worst case counts",
    never: "meter not seen yet: the worst case counts",
  };
  return `${rating} · ${words[meter.state]}`;
}

