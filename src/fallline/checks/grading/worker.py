"""The process that checks one submission: it reads an order from standard input and writes the verdict to a file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from fallline.checks.grading.isolation import supervise
from fallline.checks.presentation.verdict import Verdict
from fallline.errors import FalllineError

__all__ = ["main"]


def limit(megabytes: int, seconds: float) -> None:
    """Set limits for this process. On a system without such limits only the parent's time limit holds."""
    try:
        import resource
    except ImportError:
        return
    size = megabytes * 2**20
    for resource_kind, value in (
        (resource.RLIMIT_AS, size),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(resource_kind, (value, value))
        except (ValueError, OSError):
            continue


def verdict(order: dict[str, Any]) -> Verdict:
    """The verdict on the submission of that order; "unchecked" if the submission raises anything."""
    from fallline.checks.gradient_file import check_file

    path = Path(order["path"])
    try:
        return check_file(path, order["function"], **order["settings"])
    except MemoryError:
        sentence = f"{path.name} needs more than {order['megabytes']} MB of memory."
    except FalllineError as error:
        sentence = str(error)
    except Exception as error:
        sentence = f"{path.name} could not be checked: {type(error).__name__}: {error}"
    return Verdict("unchecked", order["function"] or path.name, order["settings"]["subject"], sentence)


def main() -> None:
    """Check one submission."""
    order = json.loads(sys.stdin.buffer.read())
    supervise(order["seconds"])
    limit(order["megabytes"], order["seconds"])
    # Last on the path: helpers beside the submissions can be imported, but a submission that is called fractions.py
    # does not take the place of the library's module.
    sys.path.append(order["folder"])
    answer = json.dumps(verdict(order).to_dict())
    with open(order["answer"], "x", encoding="utf-8") as stream:
        stream.write(answer)
        stream.flush()
        os.fsync(stream.fileno())
    # Exit without waiting for threads that a submission has left running, or for what it has registered to run at exit.
    os._exit(0)


if __name__ == "__main__":
    main()
