"""The connection to a Dask cluster: opened from an address or a client, and opened again when its scheduler was away."""

from __future__ import annotations

import contextlib
import logging
import time
import warnings
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fallline.errors import OutputError, UsageError, shown
from fallline.number_text import read_whole
from fallline.runs.execution import cores

if TYPE_CHECKING:
    from dask.distributed import Client, LocalCluster

__all__ = ["ClientForm", "Connection", "tell"]

ClientForm = Any
"""A `dask.distributed.Client`, or the text "tcp://HOST:PORT" or "local:N"."""

ANSWER = 5.0
"""Seconds in which a scheduler must answer at first, and a worker a question."""

PATIENCE = 600.0
"""Seconds for which a scheduler may be away while a map is computed."""

MOST_WORKERS = 1024
"""Worker processes of local:N, at most."""


_LOG = logging.getLogger("distributed.client")


def tell(sentence: str) -> None:
    """Say what happened on the cluster, while the map goes on: a warning in Python, a line of standard error in the command."""
    warnings.warn(sentence, RuntimeWarning, stacklevel=2)


class Connection:
    """A client of a cluster. Where the scheduler was away for so long that the client gave up, there is soon another client."""

    def __init__(self, client: ClientForm) -> None:
        distributed = _distributed()
        self._own: Client | None = None
        self._cluster: LocalCluster | None = None
        self._away: float | None = None
        self._level = _LOG.level
        _LOG.setLevel(logging.CRITICAL)  # what it says of a lost scheduler is told in a sentence
        if isinstance(client, distributed.Client):
            if client.asynchronous:
                raise UsageError("the client must not be asynchronous: give Client(...) without asynchronous=True.")
            self.client = client
        elif not isinstance(client, str):
            raise UsageError(
                f"the client must be a dask.distributed.Client, tcp://HOST:PORT or local:N; got {shown(client)}."
            )
        else:
            address = self._begin_local(client) if client.partition(":")[0] == "local" else client
            self.client = self._own = _connected(address, None, ANSWER)
        self.address = self.client.scheduler.address

    def _begin_local(self, text: str) -> str:
        """The address of a new cluster of that many processes on this machine."""
        count = read_whole(text.partition(":")[2], "N of local:N")
        if not 1 <= count <= MOST_WORKERS:
            raise UsageError(f"N of local:N must be from 1 to {MOST_WORKERS:,}; got {count:,}.")
        try:
            # Without a limit of memory, as for threads: the system decides, and what it kills is started again.
            self._cluster = _distributed().LocalCluster(
                n_workers=count, threads_per_worker=max(1, cores() // count), dashboard_address="127.0.0.1:0", memory_limit=0,
                silence_logs=logging.CRITICAL,
            )  # fmt: skip
        except (RuntimeError, OSError) as error:
            raise OutputError(
                f"the {count} worker processes of {text} could not be started ({error}). In a script, the call must stand under "
                "if __name__ == '__main__':, because each worker imports the script."
            ) from error
        address: str = self._cluster.scheduler_address
        return address

    def threads(self) -> dict[str, int] | None:
        """The threads of each worker by its address; None while the scheduler does not answer.

        Raises
        ------
        OutputError
            It has not answered for ten minutes.
        """
        try:
            if self.client.status == "closed":
                self.client = self._own = _connected(self.address, self.client.security, ANSWER)
            if self.client.status != "running":  # it is connecting again by itself
                raise OSError(self.client.status)
            threads: dict[str, int] = self.client.nthreads()
        except (OSError, UsageError, RuntimeError) as error:
            now = time.monotonic()
            if self._away is None:
                self._away = now
                tell(f"the scheduler at {self.address} does not answer; waiting until it is there again.")
            if now - self._away > PATIENCE:
                raise OutputError(
                    f"the scheduler at {self.address} has not answered for {PATIENCE / 60:.0f} minutes. All finished tiles are in "
                    "the map's file, if it has one; to go on, repeat the call."
                ) from error
            return None
        if self._away is not None:
            self._away = None
            tell(f"the scheduler at {self.address} answers again.")
        return threads

    def faults(self, workers: Iterable[str]) -> dict[str, str]:
        """Which of these workers cannot run the tasks of this fallline, and why."""
        from fallline import __version__

        advice = f"install fallline[cluster] {__version__} there"

        def asked(address: str) -> Any:
            # Only functions of Python itself, which a worker without fallline can read, too.
            only = {"workers": [address], "allow_other_workers": False, "pure": False}
            return self.client.submit(
                getattr, self.client.submit(import_module, "fallline", **only), "__version__", **only
            )

        questions = {address: asked(address) for address in workers}
        faults, until = {}, time.monotonic() + ANSWER
        for address, question in questions.items():
            try:
                there = question.result(max(0.01, until - time.monotonic()))
            except ImportError:
                faults[address] = f"it has no fallline: {advice}"
            except Exception:  # noqa: S112  # it is busy, silent or gone: that is no fault
                continue
            else:
                if there != __version__:
                    faults[address] = f"it has fallline {there} there and {__version__} here: {advice}"
        return faults

    def close(self) -> None:
        """Close what was opened here: not the caller's client."""
        _LOG.setLevel(self._level)
        with contextlib.suppress(Exception), _quiet():  # a scheduler that is away cannot be told
            if self._own is not None:
                self._own.close(timeout=ANSWER)
            if self._cluster is not None:
                self._cluster.close(timeout=ANSWER)


def _distributed() -> Any:
    try:
        return import_module("dask.distributed")
    except ImportError as error:
        raise UsageError(f"a cluster needs {error.name}: pip install 'fallline[cluster]'.") from None


def _connected(address: str, security: Any, seconds: float) -> Any:
    scheme, separator, _ = address.partition("://")
    if not separator or not scheme:
        raise UsageError(
            f"the cluster must be tcp://HOST:PORT or local:N, such as tcp://10.0.0.1:8786 or local:4; got {shown(address)}."
        )
    try:
        with _quiet():
            return _distributed().Client(address, timeout=seconds, security=security, set_as_default=False)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = "" if "Timed out" in str(error) else f" ({error})"
        raise UsageError(
            f"no Dask scheduler answers at {shown(address)} within {seconds:.0f} seconds{reason}: see whether it is running, and "
            "whether this machine can reach it."
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without Dask's own words on what this file says in a sentence."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "distributed.core")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
