"""A Dask cluster of real processes, which tests start, kill, pause and start again."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import Client


class Cluster:
    """A scheduler at a fixed port of this machine, and workers of one thread. `inside` is a command that runs a process."""

    def __init__(self, folder, workers=0, host="127.0.0.1"):
        self.folder, self.host = Path(folder), host
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://{host}:{self.port}"
        self.workers = []
        self.start_scheduler()
        for _ in range(workers):
            self.add()

    def _start(self, *words, inside=()):
        log = open(self.folder / "dask.log", "ab")  # noqa: SIM115  # the process keeps it
        with log:
            # A folder for each: in a shared one they clear up what killed ones left, and may wait for each other.
            own = {**os.environ, "DASK_TEMPORARY_DIRECTORY": tempfile.mkdtemp(dir=self.folder)}
            words = [*inside, sys.executable, "-m", *words]
            return subprocess.Popen(words, stdout=log, stderr=log, cwd=self.folder, env=own)

    def start_scheduler(self, inside=()):
        words = ("--host", self.host, "--port", str(self.port), "--no-dashboard")
        self.scheduler = self._start("distributed.cli.dask_scheduler", *words, inside=inside)

    def add(self, preload=None, inside=(), host=None, scheduler=None):
        """Start a worker."""
        words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0", "--death-timeout", "60"]
        words += ["--host", host or self.host] + (["--preload", str(preload)] if preload else [])
        self.workers.append(
            self._start("distributed.cli.dask_worker", scheduler or self.address, *words, inside=inside)
        )
        return self.workers[-1]

    def kill(self, process):
        """Kill a process of this cluster, which gets no chance to say so."""
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        if process in self.workers:
            self.workers.remove(process)

    def restart(self):
        """Kill the scheduler, whose workers then end, and start all of them again."""
        count = len(self.workers)
        self.kill(self.scheduler)
        for worker in [*self.workers]:
            self.kill(worker)
        self.start_scheduler()
        for _ in range(count):
            self.add()

    def wait_for(self, workers, seconds=60, exactly=False):
        """Wait until so many workers are there, or more unless `exactly`."""
        with Client(self.address, timeout=seconds, set_as_default=False) as client:
            until = time.monotonic() + seconds
            while (there := len(client.nthreads())) < workers or (exactly and there > workers):
                assert time.monotonic() < until, (self.folder / "dask.log").read_text()[-3000:]
                time.sleep(0.05)

    def close(self):
        for process in [*self.workers, self.scheduler]:
            self.kill(process)


def pause(process):
    os.kill(process.pid, signal.SIGSTOP)


def go_on(process):
    os.kill(process.pid, signal.SIGCONT)
