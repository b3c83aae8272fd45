/** The lines that theory draws on the map. */

/** @param {import("./app.js").Lab} lab @returns {import("./answers.js").Question} */
export function theoryQuestion({ store, panel }) {
  return {
    kind: "theory",
    when: "rest",
    refusable: true, // not every state has a theory
    about() {
      const { objective, data, optimizer, settings, map, start, seed, initial, dtype } = store.accepted;
      return [objective, data, optimizer, settings, map, start, seed, initial, dtype];
    },
    answer(content) {
      panel.curves = content.curves ?? [];
      panel.showTheory();
    },
  };
}
