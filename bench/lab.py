"""The lab's Python side: start to listening, welcome, slider to tile, run and frames, over a socket as the page has it.

    python bench/lab.py

Prints one line a figure, in milliseconds: median and 95th percentile. Needs the extra `lab`.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time

from websockets.sync.client import connect

STATES = 60


def started():
    """A server, and the milliseconds from its command to its answer."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "fallline", "lab", "--no-browser", "--port", "0"],
        env={**os.environ, "FALLLINE_NO_BROWSER": "1"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    address = re.search(r"http://(\S+?)(/\?token=\S+)", process.stdout.readline())
    while True:
        try:
            page = http.client.HTTPConnection(address[1])
            page.request("GET", address[2])
            answer = page.getresponse()
            break
        except OSError:
            time.sleep(0.005)
    return process, address[1], answer.headers["set-cookie"].partition(";")[0], 1e3 * (time.perf_counter() - begin)


def told(name, values):
    high = statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
    print(f"{name:<46} {statistics.median(values):8.1f} {high:8.1f}")


def main():
    process, host, cookie, first = started()
    print(f"{'milliseconds':<46} {'median':>8} {'95 %':>8}")
    told("start to first answer", [first])
    try:
        with connect(
            f"ws://{host}/socket", origin=f"http://{host}", additional_headers={"Cookie": cookie}, max_size=None,
            compression=None, proxy=None,
        ) as page:  # fmt: skip
            number = 0

            def ask(wanted, **content):
                nonlocal number
                number += 1
                begin = time.perf_counter()
                page.send(json.dumps({"id": number, **content}))
                while True:
                    message = page.recv()
                    header = json.loads(
                        message if isinstance(message, str) else message[4 : 4 + int.from_bytes(message[:4], "little")]
                    )
                    if header["kind"] == "refused":
                        raise SystemExit(header["sentence"])
                    if header["kind"] == wanted:
                        return 1e3 * (time.perf_counter() - begin), header

            took, welcome = ask("welcome", kind="hello", state=None)
            told("welcome", [took])
            told("first tile, with its kernel compiled", [ask("tile", kind="tiles", tiles=[[0, 0, 0]])[0]])
            state = welcome["state"]
            both, alone = [], []
            for k in range(STATES):
                start = [w + 1e-3 * (k + 1) for w in state["start"]]
                both.append(
                    ask("tile", kind="state", state=state | {"start": start}, changed="start", tiles=[[0, 0, 0]])[0]
                )
                alone.append(ask("state", kind="state", state=state | {"start": start}, changed="start")[0])
            told("slider to 64 x 64 tile (seed study, 30 steps)", both)
            told("state alone", alone)
            runs = [ask("run", kind="run", pin=0, x=1e-3 + 1e-5 * k, y=0.5)[0] for k in range(20)]
            told("run", runs)
            told("frames of a run, 31 steps", [
                ask("frames", kind="frames", pin=0, x=1e-3 + 1e-5 * k, y=0.5, **{"from": 0, "to": 30})[0] for k in range(20)
            ])  # fmt: skip
            told("equations, the first time", [ask("equations", kind="equations", form="matrix")[0]])
            told("equations, again", [ask("equations", kind="equations", form="matrix")[0] for _ in range(5)])
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
