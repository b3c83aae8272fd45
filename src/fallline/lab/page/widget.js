/** The page as a widget in Jupyter, VS Code, Colab and marimo, through anywidget. */

import { mount } from "./app.js";
import { WidgetHost } from "./host.js";

/** @param {{model: any, el: HTMLElement}} place */
function render({ model, el }) {
  const host = new WidgetHost(model);
  const unmount = mount(host, el);
  return () => {
    host.stop();
    unmount();
  };
}

export default { render };
