"""A Dask cluster of real processes, which tests start, kill, pause and start again.

Where the system can fork, processes are forked from one that has loaded Dask and fallline already (Python's fork server): a
worker then takes a fifth of the time of a new Python process. A process that needs another beginning is a new one.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import Client

FORKS = "forkserver" in multiprocessing.get_all_start_methods()

SCHEDULER, WORKER = "distributed.cli.dask_scheduler", "distributed.cli.dask_worker"

LOADED = [SCHEDULER, WORKER, "fallline.maps.tasks", "fallline.experiment.map_spec", "fallline.readings.machine"]
"""Modules that forked processes have loaded before they begin."""


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

    def _start(self, module, *words, inside=(), fresh=False):
        # A folder for each: in a shared one they clear up what killed ones left, and may wait for each other.
        own = tempfile.mkdtemp(dir=self.folder)
        if FORKS and not inside and not fresh:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(LOADED)
            process = context.Process(target=_run, args=(module, words, self.folder, own), daemon=True)
            process.start()
            return process
        with open(self.folder / "dask.log", "ab") as log:
            environment = {**os.environ, "DASK_TEMPORARY_DIRECTORY": own}
            command = [*inside, sys.executable, "-m", module, *words]
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=environment)

    def start_scheduler(self):
        words = ("--host", self.host, "--port", str(self.port), "--no-dashboard")
        self.scheduler = self._start(SCHEDULER, *words)

    def add(self, preload=None, inside=(), host=None, scheduler=None):
        """Start a worker."""
        words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0", "--death-timeout", "60"]
        words += ["--host", host or self.host] + (["--preload", str(preload)] if preload else [])
        worker = self._start(WORKER, scheduler or self.address, *words, inside=inside, fresh=preload is not None)
        self.workers.append(worker)
        return worker

    def kill(self, process):
        """Kill a process of this cluster, which gets no chance to say so."""
        go_on(process)
        process.kill()
        process.join() if hasattr(process, "join") else process.wait()
        if process in self.workers:
            self.workers.remove(process)

    def have(self, count):
        """Start or kill workers until there are just that many, all of them connected."""
        while len(self.workers) > count:
            self.kill(self.workers[0])
        while len(self.workers) < count:
            self.add()
        self.wait_for(count, exactly=True)

    def stop(self):
        """Kill the scheduler, and its workers, which would end with it."""
        for process in [self.scheduler, *self.workers]:
            self.kill(process)

    def restart(self):
        """Kill the scheduler and its workers, and start all of them again."""
        count = len(self.workers)
        self.stop()
        self.start_scheduler()
        for _ in range(count):
            self.add()

    def wait_for(self, workers, seconds=60, exactly=False):
        """Wait until so many workers are there, or more unless `exactly`."""
        with Client(self.address, timeout=seconds, set_as_default=False) as client:
            until = time.monotonic() + seconds
            while (there := len(client.nthreads())) < workers or (exactly and there > workers):
                if time.monotonic() > until:
                    log = (self.folder / "dask.log").read_text()[-3000:]
                    raise TimeoutError(
                        f"{there} of {workers} workers are there; {len(self.workers)} were started.\n{log}"
                    )
                time.sleep(0.05)

    def close(self):
        self.stop()


def _run(module, words, folder, own):
    """A scheduler or a worker, in a forked process."""
    with open(folder / "dask.log", "ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.chdir(folder)
    import dask

    dask.config.set(temporary_directory=own)
    importlib.import_module(module).main(list(words))


def pause(process):
    os.kill(process.pid, signal.SIGSTOP)


def go_on(process):
    if hasattr(signal, "SIGCONT"):
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process.pid, signal.SIGCONT)
