/** What the map's axes, and the places on them, are called. */

import { number, words } from "./numerals.js";

/** The server's description of an axis. @param {any[]} axes @param {{name: string}} axis */
const descriptionOf = (axes, { name }) => axes.find((axis) => axis.name === name);

/** @param {any[]} axes all that the server describes @param {{name: string}} axis */
const labelOf = (axes, axis) => descriptionOf(axes, axis)?.label ?? words(axis.name);

/** Label and symbol. @param {any[]} axes @param {{name: string}} axis */
export function axisTitle(axes, axis) {
  const symbol = descriptionOf(axes, axis)?.symbol;
  return `${labelOf(axes, axis)}${symbol ? ` ${symbol}` : ""}`;
}

/** An axis of the map with its title and symbol. @param {any[]} axes @param {any} axis */
export function titledAxis(axes, axis) {
  return { ...axis, title: axisTitle(axes, axis), symbol: descriptionOf(axes, axis)?.symbol ?? null };
}

/** A place on the map in words. @param {any[]} axes @param {{x: any, y: any}} plane @param {number} x @param {number} y @param {number} [digits] */
export function placeTitle(axes, plane, x, y, digits = 4) {
  return `${labelOf(axes, plane.x)} ${number(x, digits)}, ${labelOf(axes, plane.y)} ${number(y, digits)}`;
}

/** The same with symbols, where there is little room; null where an axis has no symbol. @param {{x: any, y: any}} titled @param {number} x @param {number} y */
export function placeSymbols(titled, x, y) {
  const { x: a, y: b } = titled;
  return a.symbol && b.symbol ? `${a.symbol} = ${number(x)}, ${b.symbol} = ${number(y)}` : null;
}
