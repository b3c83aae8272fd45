"""The application: its commands, and how errors leave it.

Exit status: 0 done, 1 failure (a result cannot be written, a check found a fault), 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

import fallline
from fallline.cli import commands, encoding
from fallline.cli.terminal import escaped_output
from fallline.cli.words import running
from fallline.errors import ExistsError, FalllineError, UsageError, visible

__all__ = ["app", "main"]

app = App(
    name="fallline",
    help="Maps of how neural networks learn: equations, runs, comparisons and maps from one text.",
    version=fallline.__version__,
    help_format="markdown",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for command in commands.COMMANDS:
    app.command(command)
# These have the flags of optimizers, which load NumPy; each is imported when it is used.
app.command("fallline.cli.crate:crate", help="Write RO-Crate metadata of a folder with maps and reports.")
app.command("fallline.cli.descend:descend", help="Descend a landscape and say how it ended.")
app.command(
    "fallline.cli.equations:equations",
    help="Write the equations of a network, landscape, optimizer, activation, loss or schedule.",
)
app.command("fallline.cli.fit:fit", help="Fit an ensemble of small networks to your own table, and say how good it is.")
app.command("fallline.cli.fit:predict", help="Answer for each row of a table, with a model that `fit` wrote.")
app.command("fallline.cli.export:export", help="Write a model that `fit` wrote as an ONNX file, for other programs.")
app.command("fallline.cli.laws:reproduce", help="Test published laws on how networks learn over many starts.")
app.command("fallline.cli.maps:map_app", name="map", help="Train a whole plane of runs at once and draw the outcome.")
app.command("fallline.cli.zoom:zoom", help="Zoom into a map, along the boundary of training, and write it as a film.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    No traceback reaches the user, unless he asks for it with FALLLINE_TRACEBACK=1.
    """
    encoding.prepare()
    with escaped_output():
        return _status(arguments)


def _status(arguments: Sequence[str] | None) -> int:
    if os.environ.get("FALLLINE_TRACEBACK"):
        return _run(arguments)
    try:
        return _run(arguments)
    except CycloptsError as error:
        if isinstance(error.__cause__, FalllineError):  # our own reading of a flag's value
            return _say(str(error.__cause__), 2)
        return _say(f"{_sentence(error)} `fallline --help` lists the commands.", 2)
    except UsageError as error:
        return _say(str(error), 2)
    except ExistsError as error:
        return _say(error.advice("give --force"), 1)
    except FalllineError as error:
        return _say(str(error), 1)
    except KeyboardInterrupt:
        return _say("interrupted.", 130)
    except MemoryError:
        return _say("this needs more memory than there is; try fewer cells, starts or steps.", 1)
    except OSError as error:
        if _reader_has_gone(error):
            _drop_output()  # the reader of the output has gone, and needs no message
            return 0
        if error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF):
            _drop_output()
            return _say(f"the output cannot be written: {(error.strerror or str(error)).lower()}.", 1)
        return _say(f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}.", 1)
    except Exception as error:
        return _say(
            f"internal error, {type(error).__name__}: {error}. This is a fault of fallline; "
            "with FALLLINE_TRACEBACK=1 set, the same command shows where.",
            1,
        )


def _run(arguments: Sequence[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    with running(words):
        status = int(app(words, exit_on_error=False, print_error=False) or 0)
    if sys.stdout is not None:
        sys.stdout.flush()  # here a closed pipe or a full disk can still be reported
    return status


def _reader_has_gone(error: OSError) -> bool:
    """Whether the reader of our output has closed it, as `| head` does. Windows reports an invalid argument."""
    windows = sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None
    return isinstance(error, BrokenPipeError) or windows


def _drop_output() -> None:
    """Discard what is still in the buffer, so that Python does not complain when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error: CycloptsError) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith((".", "?")) else text + "."


def _say(sentence: str, status: int) -> int:
    print(f"fallline: {visible(sentence)}", file=sys.stderr)
    return status
