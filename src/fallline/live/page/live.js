/** A live page: the lab over a host that computes in the page. */

import { mount } from "../../lab/page/app.js";
import { KernelHost } from "./host.js";

/** The root of the page, and its figure. */
const root = /** @type {HTMLElement} */ (document.getElementById("lab"));
const text = /** @type {HTMLElement} */ (document.getElementById("figure")).textContent;
const figure = JSON.parse(text ?? "");

const host = new KernelHost(figure);

document.body.classList.add("live");
/** For the reader's own scripts: the figure, and what trains. */
Object.assign(window, { fallline: { figure, host } });
mount(host, root);

export default host;
