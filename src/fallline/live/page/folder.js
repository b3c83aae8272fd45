/** The page of a folder of picture tiles. */

import { h } from "../../lab/page/dom.js";
import { figureOfPage, TilePage } from "./tilepage.js";

const figure = figureOfPage();
const live = h("a", { class: "small", href: "live.html" }, "Train these runs in this browser");

export default new TilePage(figure, { tools: figure.live ? [live] : [] });
