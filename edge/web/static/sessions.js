// The latest sessions, newest first.

import { make, Parts, say } from "./dom.js";
import { age, day, kwh, time } from "./words.js";

const EVERY_MS = 10_000;

export class Sessions {
  constructor() {
    this.element = document.getElementById("sessions");
    this.rows = make("tbody");
    this.parts = new Parts(this.rows, () => new SessionRow());
    this.none = make("p", { class: "bay-sentence" }, "No session yet.");
    const head = ["bay", "began", "took", "energy", "card", ""].map((name) => make("th", { scope: "col" }, name));
    this.table = make("table", {}, make("thead", {}, make("tr", {}, ...head)), this.rows);
    const month = new Date().toISOString().slice(0, 7);
    const files = ["pdf", "csv"].map((form) =>
      make("a", { href: `/api/reports/${month}?format=${form}`, download: "" }, `this month, ${form.toUpperCase()}`),
    );
    this.element.append(
      make("header", { class: "panel-head" }, make("h2", {}, "sessions"), make("p", { class: "files" }, ...files)),
      make("div", { class: "wide" }, this.table),
      this.none,
    );
  }

  /** Asks the box now and then, while somebody looks. */
  async refresh(status) {
    const now = performance.now();
    if (this.element.offsetParent === null || now - (this.asked ?? -EVERY_MS) < EVERY_MS) return;
    this.asked = now;
    try {
      const response = await fetch("/api/sessions?limit=50");
      if (response.ok) this.show(await response.json(), status);
    } catch {
      this.asked = undefined;
    }
  }

  show(sessions, status) {
    const names = new Map(status.evses.map((evse) => [`${evse.charger}/${evse.evse}`, evse.id]));
    const running = new Map(status.evses.map((evse) => [evse.transaction_id, evse.session_wh]));
    this.none.hidden = sessions.length > 0;
    this.table.hidden = sessions.length === 0;
    this.parts.show(sessions, (each) => each.transaction_id, (row, each) => row.show(each, names, running, status.at_ms));
  }
}

class SessionRow {
  constructor() {
    this.cells = Array.from({ length: 6 }, () => make("td"));
    this.element = make("tr", {}, ...this.cells);
  }

  show(session, names, running, nowMs) {
    const energy = session.ended_ms === null ? (running.get(session.transaction_id) ?? session.energy_wh) : session.energy_wh;
    const today = day(session.started_ms) === day(nowMs);
    const began = today ? time(session.started_ms) : `${day(session.started_ms)} ${time(session.started_ms)}`;
    const texts = [
      names.get(`${session.charger}/${session.evse}`) ?? `${session.charger}/${session.evse}`,
      began,
      age(Math.max(0, (session.ended_ms ?? nowMs) - session.started_ms)),
      energy === null ? "" : kwh(energy),
      session.token,
      session.ended_ms === null ? "runs" : (session.reason ?? "ended").replaceAll("-", " "),
    ];
    texts.forEach((text, place) => say(this.cells[place], text));
  }
}
