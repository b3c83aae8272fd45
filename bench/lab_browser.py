"""A lab in a browser to be measured: its server, and what a reader does on its page."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OBSERVE = """
window.tasks = [];
new PerformanceObserver(list => { for (const e of list.getEntries()) tasks.push(e.duration); }).observe({ type: 'longtask' });
window.pictures = {};
new PerformanceObserver(list => {
  for (const e of list.getEntries()) pictures[e.name]?.(e.duration);
}).observe({ type: 'measure' });
"""

CHANGE = """async ({ focus, value, slides }) => {
  const input = document.querySelector(`[data-focus="${focus}"]`);
  const limit = 15000;
  let first = null;
  pictures['lab: change to first picture'] = duration => { first ??= duration; };
  const full = new Promise(done => {
    pictures['lab: change to picture'] = duration => done(duration);
    setTimeout(done, limit, null);
  });
  const before = input.value;
  input.value = slides ? String(Math.round(value * Number(input.max))) : value;
  if (input.value === before) return null;
  if (slides) input.dispatchEvent(new PointerEvent('pointerenter', { bubbles: false }));
  input.dispatchEvent(new Event(slides ? 'input' : 'change', { bubbles: true }));
  const whole = await full;
  await new Promise(done => setTimeout(done, 0));
  return whole === null ? null : [first ?? whole, whole];
}"""

GAPS = """async ({ milliseconds, act }) => {
  const range = document.querySelector('.player [aria-label=Step]');
  const moments = [];
  if (act === 'play') document.querySelector('.map-panel .tools button[aria-pressed]').click();
  const start = performance.now();
  await new Promise(done => {
    const frame = now => {
      moments.push(now);
      if (act === 'scrub') {
        range.value = String(moments.length % (Number(range.max) + 1));
        range.dispatchEvent(new Event('input'));
      }
      if (performance.now() - start < milliseconds) requestAnimationFrame(frame);
      else done();
    };
    requestAnimationFrame(frame);
  });
  if (act === 'play') document.querySelector('.map-panel .tools button[aria-pressed]').click();
  const gaps = moments.slice(1).map((moment, k) => moment - moments[k]);
  return { rate: 1000 * gaps.length / (moments.at(-1) - moments[0]), late: gaps.filter(g => g > 25).length / gaps.length };
}"""

EXAMPLE = """async place => {
  const root = document.querySelector('#lab');
  const start = performance.now();
  const since = () => (performance.now() - start) / 1000;
  const took = { first: null, full: null };
  pictures['lab: change to first picture'] = () => { took.first ??= since(); };
  pictures['lab: change to picture'] = () => { took.full ??= since(); };
  document.querySelectorAll('.menu-panel.examples button')[place].click();
  await new Promise(done => {
    const look = () => {
      if (root.dataset.state === 'ready' && (took.full !== null || since() > 0.5) || since() > 8) done();
      else setTimeout(look, 10);
    };
    look();
  });
  return { first: took.first ?? took.full ?? since(), full: took.full ?? since() };
}"""

SERVE = """
import sys
from dataclasses import replace
from fallline.cli import main
from fallline.readings.machine import target
row, host = target.INSTRUCTION_SETS[sys.argv.pop(1)], target.this_host()
wider = [w.features[0][:6] for w in target.INSTRUCTION_SETS.values() if w.register > row.register]
less = replace(host, flags=tuple((name, on and not any(name.startswith(w) for w in wider)) for name, on in host.flags))
target.this_host = lambda: less
sys.argv[0] = "fallline"
raise SystemExit(main())
"""
"""Runs the command as on a machine whose widest vectors are those of a named set."""


class Server:
    """`fallline lab`, as a user starts it."""

    def __init__(self, instructions: str, source: Path | None) -> None:
        self.began = time.perf_counter()
        start = ["-m", "fallline"] if instructions == "native" else ["-c", SERVE, instructions]
        path = os.pathsep.join([*([str(source.resolve())] if source else []), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, *start, "lab", "--no-browser", "--port", "0"], stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        assert self.process.stdout
        words = (word for line in self.process.stdout for word in line.split())
        self.url = next((word for word in words if word.startswith("http://")), "")
        if not self.url:
            raise SystemExit("fallline lab printed no address.")
        self.seconds = time.perf_counter() - self.began

    @property
    def cpu(self) -> float:
        """Milliseconds of processor time, of all threads; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait()


class Browser:
    """A page of the lab in Chromium."""

    def __init__(self, server: Server, width: int = 1440, height: int = 1000) -> None:
        self.server, self.size = server, {"width": width, "height": height}

    def __enter__(self) -> Browser:
        from playwright.sync_api import sync_playwright

        self.playwright = sync_playwright().start()
        path = shutil.which("chromium") or shutil.which("google-chrome")
        self.browser = self.playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        self.page = self.browser.new_page(viewport=self.size)  # type: ignore[arg-type]  # a plain dict
        self.page.set_default_timeout(120_000)
        self.page.add_init_script(OBSERVE)
        self.page.goto(self.server.url)
        while not self.page.evaluate("performance.getEntriesByName('lab: first picture').length"):
            time.sleep(0.005)
        self.opened = {"server": self.server.seconds, "picture": time.perf_counter() - self.server.began}
        self.client = self.page.context.new_cdp_session(self.page)
        self.client.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
        self.client.send("Performance.enable")
        self.settle()
        return self

    def __exit__(self, *error: object) -> None:
        self.browser.close()
        self.playwright.stop()

    def settle(self) -> None:
        """Wait until the page has all that it asked for, except for finer tiles of slow maps."""
        with contextlib.suppress(Exception):  # a map of long runs is refined for minutes
            self.page.wait_for_selector("#lab[data-state=ready]", timeout=4000)
        self.page.wait_for_timeout(300)

    def show(self, changes: dict[str, Any]) -> None:
        """Show the default state with some changes."""
        code = base64.urlsafe_b64encode(json.dumps(changes | {"view": {"x": [0, 1], "y": [0, 1]}}).encode()).decode()
        self.page.evaluate(f"location.hash = '#{code.rstrip('=')}'")
        self.page.wait_for_timeout(100)
        self.settle()

    def has(self, focus: str) -> bool:
        """Whether the page has this control."""
        return self.page.locator(f'[data-focus="{focus}"]').count() > 0

    def _busy(self) -> float:
        """Milliseconds of processor time of the page's main thread."""
        metrics = self.client.send("Performance.getMetrics")["metrics"]
        return 1000 * next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")

    @contextlib.contextmanager
    def _watched(self) -> Iterator[dict[str, float]]:
        """The longest task of the page's main thread meanwhile, in milliseconds: `task` of processor time, which other work on
        the machine does not change, and `longest` by the clock, 0 if none took 50.
        """
        found: dict[str, float] = {}
        self.page.evaluate("tasks.length = 0")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trace.json")
            self.browser.start_tracing(page=self.page, path=path, categories=["-*", "toplevel"])
            yield found
            self.browser.stop_tracing()
            events = json.loads(path.read_text())["traceEvents"]
        main = {(e["pid"], e["tid"]) for e in events if e.get("args", {}).get("name") == "CrRendererMain"}
        times = [e.get("tdur", 0) / 1000 for e in events if e["ph"] == "X" and (e["pid"], e["tid"]) in main]
        found |= {"task": max(times, default=0.0), "longest": float(self.page.evaluate("Math.max(0, ...tasks)"))}

    def drag(self, focus: str, values: list[Any], slides: bool) -> dict[str, Any]:
        """Change a control, one value after the other: median and 95th percentile to the pictures, and processor time."""
        self.page.locator(f'[data-focus="{focus}"]').scroll_into_view_if_needed()
        self.page.locator(f'[data-focus="{focus}"]').hover()
        self.page.wait_for_timeout(1000)  # a reader looks before he drags
        server, busy, times = self.server.cpu, self._busy(), []
        with self._watched() as tasks:
            for value in values:
                if not slides:
                    self.page.wait_for_timeout(800)  # nobody types faster
                took = self.page.evaluate(CHANGE, {"focus": focus, "value": value, "slides": slides})
                if took is not None:
                    times.append(took)
            count = max(1, len(times))
            result = {"server": (self.server.cpu - server) / count, "page": (self._busy() - busy) / count}
        result |= tasks
        for k, name in enumerate(("first", "full")):
            ordered = sorted(took[k] for took in times) or [float("nan")]
            result[name] = [ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]]
        return result

    def scrub(self) -> dict[str, float]:
        """Move the player's slider at every frame."""
        return self._gaps("scrub")

    def play(self) -> dict[str, float]:
        """Play the map."""
        return self._gaps("play")

    def _gaps(self, act: str) -> dict[str, float]:
        self.settle()
        with self._watched() as tasks:
            result: dict[str, float] = self.page.evaluate(GAPS, {"milliseconds": 3000, "act": act})
        return result | tasks

    def labels(self) -> list[str]:
        """The examples of the menu."""
        return [text.strip() for text in self.page.locator(".menu-panel.examples button b").all_text_contents()]

    def example(self, place: int) -> dict[str, float]:
        """Open an example from the menu: seconds to its pictures."""
        with self._watched() as tasks:
            result: dict[str, float] = self.page.evaluate(EXAMPLE, place)
            self.page.wait_for_timeout(200)
        return result | tasks
