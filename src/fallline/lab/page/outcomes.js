/** The outcomes of runs, and the values of the measure: what the server says of each, and its colour in a theme. */

import { number } from "./numerals.js";

/**
 * @typedef {object} Outcome
 * @property {string} name
 * @property {string} meaning
 * @property {string} hatch name of the pattern over its cells; empty for none
 * @property {boolean} failed whether such a run has no last loss
 * @property {string} colour
 */
/** How the map draws its measure. @typedef {{name: string, label: string, kind: "values"|"outcomes"|"minima"|"ranks", log: boolean|null,
 *   blank: boolean, lost_word: string, better: "low"|"high"|null, names: string[], played?: boolean}} Measure `names`: of the minima that values number;
 *   `played`: whether a film of the map shows it; otherwise it shows the loss */

/**
 * The outcomes with the colours of a theme. Tiles give an outcome as its place in this list.
 * @param {Omit<Outcome, "colour">[]} outcomes
 * @param {Record<string, string>} colours by the outcomes' names
 * @returns {Outcome[]}
 */
export function coloured(outcomes, colours) {
  return outcomes.map((outcome) => ({ ...outcome, colour: colours[outcome.name] }));
}

/**
 * Whether a measure has a value for a run.
 * @param {{blank?: boolean}} measure
 * @param {Outcome|undefined} outcome
 * @param {number} value
 */
export function hasValue(measure, outcome, value) {
  return Number.isFinite(value) && !(measure.blank && outcome?.failed);
}

/**
 * A run's value with the name of the measure; nothing where the outcome says it all, or the run has none.
 * @param {Measure} measure
 * @param {Outcome|undefined} outcome
 * @param {number} value
 */
export function valueWords(measure, outcome, value) {
  const { kind, label, names, lost_word } = measure;
  if (kind === "minima") return names[value] ? `${label} ${names[value]}` : lost_word;
  return kind !== "outcomes" && hasValue(measure, outcome, value) ? `${label} ${number(value)}` : "";
}
