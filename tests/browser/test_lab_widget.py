"""The widget as a notebook mounts it: one bundled module, a model that carries messages, somebody else's page around it."""

from __future__ import annotations

import base64
import queue
import time
from typing import Any

import pytest

from fallline.lab.work.runs import train_run
from fallline.views.numerals import number

PATIENCE = 30

# What anywidget gives a module, and what it puts on the notebook's page.
MOUNT = """async ({ module, css }) => {
  const style = document.createElement('style');
  style.textContent = css;
  document.head.append(style);
  const heard = new Set();
  window.deliver = (content, buffers) => {
    const views = buffers.map(text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer));
    for (const listen of heard) listen(content, views);
  };
  const model = {
    on: (name, listen) => heard.add(listen), off: (name, listen) => heard.delete(listen), send: content => window.toPython(content),
  };
  const { default: widget } = await import(URL.createObjectURL(new Blob([module], { type: 'text/javascript' })));
  const el = document.createElement('div');
  document.getElementById('cell').append(el);
  window.unmount = widget.render({ model, el });
}"""


class Notebook:
    """A page with one cell, and the kernel's side of it."""

    def __init__(self, page: Any, widget: Any) -> None:
        self.page, self.widget = page, widget
        self.answers: queue.Queue[tuple[Any, list[bytes]]] = queue.Queue()
        self.heard: list[str] = []
        self.errors: list[str] = []
        widget.send = lambda content, buffers=None: self.answers.put((content, list(buffers or [])))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.expose_function("toPython", self._receive)
        page.set_content("<body style='background: rgb(17, 17, 17)'><div id='cell' style='width: 700px'></div></body>")
        page.evaluate(MOUNT, {"module": widget._esm, "css": widget._css})

    def _receive(self, content: Any) -> None:
        self.heard.append(content["kind"])
        self.widget._handle_custom_msg(content, [])

    def until(self, condition: str) -> None:
        """Carry messages until a condition of the page is true."""
        end = time.monotonic() + PATIENCE
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"never came true: {condition}; errors: {self.errors}"
            try:
                content, buffers = self.answers.get(timeout=0.02)
            except queue.Empty:
                continue
            texts = [base64.b64encode(raw).decode() for raw in buffers]
            self.page.evaluate("([content, buffers]) => window.deliver(content, buffers)", [content, texts])

    def ready(self) -> None:
        self.until("document.querySelector('.fallline-lab').dataset.state === 'ready'")


@pytest.fixture
def notebook(chromium):
    pytest.importorskip("anywidget", reason="the widget needs fallline[widget]")
    import fallline as fl

    page = chromium.new_page(viewport={"width": 760, "height": 900})
    widget = fl.lab(steps=12)
    notebook = Notebook(page, widget)
    yield notebook
    assert notebook.errors == []
    widget.close()
    page.close()


def test_a_widget_trains_and_answers_its_controls(notebook):
    notebook.ready()
    assert notebook.page.evaluate("document.querySelectorAll('.map-cells').length") == 1
    # Its numbers are those that Python computes.
    x, y = notebook.page.locator(".exact input").all()
    x.fill("0.001")
    y.fill("0.5")
    y.press("Enter")
    rows = "document.querySelectorAll('.table-box tbody tr')"
    notebook.until(f"{rows}.length === 1")
    loss = train_run(notebook.widget.session.page.resolved, 0.001, 0.5).loss
    assert number(loss) in notebook.page.evaluate(f"{rows}[0].textContent")
    # A control moves the state that Python sees.
    notebook.page.evaluate(
        "() => { const range = document.querySelector('[data-focus=\"data.seed range\"]'); range.value = '500';"
        " range.dispatchEvent(new Event('input')); }"
    )
    notebook.until("document.querySelector('.fallline-lab').dataset.state === 'busy'")
    notebook.ready()
    assert notebook.widget.state["data"]["seed"] != 123
    assert notebook.widget.state["steps"] == 12


def test_a_widget_is_dark_where_its_notebook_is(notebook):
    notebook.ready()
    theme = "document.querySelector('.fallline-lab').dataset.theme"
    assert notebook.page.evaluate(theme) == "dark"
    notebook.page.evaluate("document.body.style.background = 'white'")  # the reader switches the notebook's theme
    notebook.until(f"{theme} === 'light'")


def test_a_cell_that_goes_away_stops_its_work(notebook):
    notebook.ready()
    notebook.page.evaluate("window.unmount()")
    notebook.page.wait_for_timeout(50)
    assert notebook.heard[-1] == "cancel"
    assert notebook.page.evaluate("document.querySelector('#cell > div').childElementCount") == 0
