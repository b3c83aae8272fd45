"""Firefox in tests, driven by WebDriver BiDi, which it speaks itself: it needs neither a driver nor a patched browser."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PATIENCE = 60
"""Seconds until an answer or a condition counts as never met."""

QUIET = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
"""Settings of the browser that keep it from requests of its own."""


def path_of_firefox() -> str | None:
    """The Firefox of this machine."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """A headless Firefox with one page.

    `requests` are the addresses that the page asked for, and `errors` what its console reports as errors.
    """

    def __init__(self, profile: Path, path: str, *, width: int = 900, height: int = 800, **settings: Any) -> None:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in (QUIET | settings).items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [path, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        self.log = profile / "stderr.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*command, "about:blank"], stdout=log, stderr=log)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._count = 0
        try:
            self._connection = connect(self._address() + "/session", max_size=None, open_timeout=PATIENCE)
            self._socket = self._connection.__enter__()
            self.send("session.new", capabilities={})
            self.send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
            self.context = self.send("browsingContext.getTree")["contexts"][0]["context"]
            self.resize(width, height)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _address(self) -> str:
        """The address at which the browser listens, which it prints."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if found := re.search(r"ws://\S+", self.log.read_text(errors="replace")):
                return found[0]
            time.sleep(0.05)
        raise RuntimeError(f"Firefox printed no address:\n{self.log.read_text(errors='replace')}")

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.send("browser.close")
            self._connection.__exit__(None, None, None)
            self.process.wait(10)
        finally:
            self.process.kill()
            self.process.wait()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command's result. Events that come before it are kept."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv(timeout=PATIENCE))).get("id") != self._count:
            self._keep(answer)
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def _keep(self, event: dict[str, Any]) -> None:
        content = event["params"]
        if event["method"] == "network.beforeRequestSent":
            self.requests.append(content["request"]["url"])
        elif content.get("level") == "error":
            self.errors.append(content["text"])

    def before_each_page(self, script: str) -> None:
        """Let every page run a script before its own."""
        self.send("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")

    def resize(self, width: int, height: int) -> None:
        self.send("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    def open(self, address: str) -> None:
        self.send("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def ask(self, expression: str) -> Any:
        """The value of an expression, as JSON carries it; of a promise, what it resolves to."""
        asked = f"(async () => JSON.stringify(await ({expression})))()"
        answer = self.send(
            "script.evaluate",
            expression=asked,
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.ask(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise AssertionError(f"never came true: {condition}")
            time.sleep(0.05)

    def click(self, selector: str, u: float = 0.5, v: float = 0.5) -> None:
        """Click an element as the pointer does, at a share of its width and height."""
        place = f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{ block: "center", behavior: "instant" }});
            const {{ left, top, width, height }} = element.getBoundingClientRect();
            return [left + {u} * width, top + {v} * height];
        }})()"""
        x, y = map(round, self.ask(place))
        presses = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": presses})

    def press(self, *keys: str) -> None:
        """Press keys one after another. Keys without a letter have those that WebDriver gives them, Tab `\\ue004`."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": actions})

    def _act(self, source: dict[str, Any]) -> None:
        self.send("input.performActions", context=self.context, actions=[source])

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        shot = self.send("browsingContext.captureScreenshot", context=self.context, origin="document")
        return base64.b64decode(shot["data"])
