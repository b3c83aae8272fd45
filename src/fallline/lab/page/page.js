/** The stand-alone page: one socket to the server that served it. */

import { mount } from "./app.js";
import { SocketHost } from "./host.js";

const url = new URL("socket", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
url.hash = "";
url.search = "";
mount(new SocketHost(url.href), /** @type {HTMLElement} */ (document.getElementById("lab")));
