// The page: follows the box by server-sent events, and says so when it no longer can.

import { Newcomers } from "./adopt.js";
import { Cloud } from "./cloud.js";
import { say } from "./dom.js";
import { Explain } from "./explain.js";
import { Hour } from "./hour.js";
import { Lot } from "./lot.js";
import { Rehearsal } from "./rehearsal.js";
import { Sessions } from "./sessions.js";
import { time, useZone } from "./words.js";

const LOST_MS = 5_000;
const AGAIN_MS = 2_000;
const VIEWS = ["lot", "bays", "sessions", "more"];

class Page {
  constructor(about) {
    useZone(about.timezone);
    this.explain = new Explain({ mayCommand: about.may_command });
    this.lot = new Lot((bay) => this.explain.open(bay));
    this.newcomers = new Newcomers({ mayCommand: about.may_command });
    this.cloud = new Cloud();
    this.hour = new Hour();
    this.sessions = new Sessions();
    this.rehearsal = about.rehearsal ? new Rehearsal() : null;
    this.status = null;
    this.heard = performance.now();
  }

  run() {
    this.listen();
    setInterval(() => this.check(), 500);
    addEventListener("hashchange", () => this.turn());
    this.turn();
  }

  /** Opens the stream; one that has ended for good is opened anew. */
  listen() {
    this.hour.load().catch(() => {});
    const stream = new EventSource("/api/events");
    stream.addEventListener("status", (event) => this.show(JSON.parse(event.data)));
    stream.addEventListener("error", () => {
      stream.close();
      setTimeout(() => this.listen(), AGAIN_MS);
    });
  }

  show(status) {
    this.status = status;
    this.heard = performance.now();
    document.body.removeAttribute("data-lost");
    document.title = `${status.site} · Ampyard`;
    say(document.getElementById("site"), status.site);
    say(document.getElementById("clock"), time(status.at_ms));
    this.lot.show(status);
    this.newcomers.show(status);
    this.cloud.show(status.uplinks);
    this.hour.note(status);
    this.explain.refresh();
    this.sessions.refresh(status);
    this.rehearsal?.show(status);
  }

  /** Everything greys when nothing new came for a while: an old picture must not look like the present. */
  check() {
    if (performance.now() - this.heard < LOST_MS || document.body.hasAttribute("data-lost")) return;
    document.body.setAttribute("data-lost", "");
    const sentence = this.status
      ? `Not live since ${time(this.status.at_ms)}. The chargers keep running.`
      : "The box does not answer yet.";
    this.lot.showSentence(sentence, "know");
  }

  turn() {
    const view = location.hash.slice(1);
    document.body.dataset.view = VIEWS.includes(view) ? view : "lot";
    for (const link of document.querySelectorAll("nav a")) {
      const isCurrent = link.hash === `#${document.body.dataset.view}`;
      if (isCurrent) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (this.status) this.sessions.refresh(this.status);
  }
}

/** Asks until the box answers: the page may have been kept by the browser and be older than the box. */
async function begin() {
  try {
    const response = await fetch("/api/about");
    if (response.ok) {
      new Page(await response.json()).run();
      return;
    }
  } catch {
    say(document.getElementById("sentence"), "The box does not answer yet.");
  }
  setTimeout(begin, AGAIN_MS);
}

begin();
