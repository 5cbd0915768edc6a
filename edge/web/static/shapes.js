// The shape of each state, drawn: as text some devices would turn them into coloured pictures.

import { draw } from "./dom.js";

const PATHS = {
  "▶": { fill: "M5 3.500v13l11-6.500z" },
  "○": { line: "M10 3.500a6.500 6.500 0 1 0 .01 0z" },
  "◌": { line: "M10 3.500a6.500 6.500 0 1 0 .01 0z", dashed: true },
  "◷": { line: "M10 3a7 7 0 1 0 .01 0zM10 6v4.300l3 1.700" },
  "✕": { line: "M4.500 4.500l11 11M15.500 4.500l-11 11" },
  "✓": { line: "M3.500 10.500l4.500 4.500 8.500-10" },
  "☾": { line: "M15.500 12.500a7 7 0 0 1-8-9 7 7 0 1 0 8 9z" },
  "⚠": { line: "M10 2.800l7.800 14H2.200zM10 7.800v4.200M10 14.200v.600" },
  "?": { line: "M6.500 7.500a3.500 3.500 0 1 1 5.300 3c-1.200.700-1.800 1.400-1.800 2.700M10 16v.600" },
  "●": { fill: "M10 4.500a5.500 5.500 0 1 0 .01 0z" },
  "◐": { fill: "M10 4.500a5.500 5.500 0 0 0 0 11z", line: "M10 4.500a5.500 5.500 0 1 0 .01 0z" },
};

/** A picture of that glyph; hidden from readers, the word stands beside it. */
export function shape(glyph) {
  const picture = draw("svg", { class: "shape", viewBox: "0 0 20 20", "aria-hidden": "true" });
  const path = PATHS[glyph] ?? PATHS["?"];
  if (path.fill) picture.append(draw("path", { class: "filled", d: path.fill }));
  if (path.line) picture.append(draw("path", { class: path.dashed ? "dashed" : "drawn", d: path.line }));
  return picture;
}

/** Puts the picture of a glyph into a holder, only when it is another one. */
export function reshape(holder, glyph) {
  if (holder.dataset.glyph === glyph) return;
  holder.dataset.glyph = glyph;
  holder.replaceChildren(shape(glyph));
}
