"""How fast the page of the lab is, measured inside the page: python bench/lab_page.py [--changes 60]

Timings come from the page's own clock (User Timing, PerformanceObserver): a tool that drives a browser copies
WebSocket frames and would measure itself.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time

DRAG = """async ({key, changes, wait}) => {
  const slider = document.querySelector(`[data-focus="${key} range"]`), took = [];
  let pictured = () => {};
  const observer = new PerformanceObserver(list => { for (const e of list.getEntriesByName('lab: change to picture')) pictured(e.duration); });
  observer.observe({ type: 'measure' });
  for (let k = 1; k <= changes; k++) {
    const picture = new Promise(done => { pictured = done; setTimeout(done, 3000, null); });
    slider.value = String(Math.round(1000 * ((k * 0.381966) % 1)));
    slider.dispatchEvent(new Event('input'));
    const duration = await picture;
    if (duration !== null) took.push(duration);
    await new Promise(done => setTimeout(done, wait));
  }
  observer.disconnect();
  return took;
}"""

PLAY = """async () => {
  const steps = document.querySelector('.player [aria-label=Step]');
  let frames = 0, go = true;
  const count = () => { frames += 1; steps.value = String(frames % (Number(steps.max) + 1)); steps.dispatchEvent(new Event('input')); if (go) requestAnimationFrame(count); };
  requestAnimationFrame(count);
  const start = performance.now();
  await new Promise(done => setTimeout(done, 3000));
  go = false;
  return frames / ((performance.now() - start) / 1000);
}"""

OBSERVE = """window.longest = 0; new PerformanceObserver(list => { for (const e of list.getEntries())
  window.longest = Math.max(window.longest, e.duration); }).observe({ type: 'longtask', buffered: false });"""


def main() -> None:
    from playwright.sync_api import sync_playwright

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--changes", type=int, default=60)
    changes = options.parse_args().changes
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    results: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 900, "height": 1020})
        began = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "fallline", "lab", "--no-browser", "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout
            url = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
            results["server answers after, s"] = time.perf_counter() - began
            page.goto(url)
            while not page.evaluate("performance.getEntriesByName('lab: first picture').length"):
                time.sleep(0.01)
            results["first picture after, s"] = time.perf_counter() - began
            page.wait_for_selector("#lab[data-state=ready]", timeout=120_000)
            for key in ("seed", "steps"):
                times = sorted(page.evaluate(DRAG, {"key": key, "changes": changes, "wait": 0}))
                results[f"{key}: changes"] = len(times)
                results[f"{key}: median, ms"] = times[len(times) // 2]
                results[f"{key}: 95th percentile, ms"] = times[int(0.95 * (len(times) - 1))]
                page.locator('[data-focus="steps text"]').fill("30")
                page.locator('[data-focus="steps text"]').press("Enter")
            page.wait_for_selector("#lab[data-state=ready]", timeout=120_000)
            page.evaluate(OBSERVE)
            page.evaluate("performance.now()")
            slider = page.locator('[data-focus="seed range"]')
            slider.evaluate("r => { r.value = '333'; r.dispatchEvent(new Event('input')); }")
            page.wait_for_selector("#lab[data-state=busy]")
            page.wait_for_selector("#lab[data-state=ready]", timeout=120_000)
            results["refining: longest task, ms (0: none over 50)"] = page.evaluate("longest")
            results["scrubbing, frames/s"] = page.evaluate(PLAY)
            results["scrubbing: longest task, ms"] = page.evaluate("longest")
        finally:
            server.terminate()
            browser.close()
    print(json.dumps({k: round(v, 3) for k, v in results.items()}, indent=2))


if __name__ == "__main__":
    main()
