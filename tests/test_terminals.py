"""Other terminals and systems: every command in encodings that lack characters, in odd widths, without POSIX."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib

import pytest

from fallline.cli.encoding import plain, prepare
from fallline.experiment.formats.schema import directive
from fallline.experiment.studies import builtin_text

GRADIENT = """\
def f(x, y):
    return x**2 + 3 * y**2
def grad(x, y):
    return 2 * x, 5 * y
"""

TINY = """\
title = "Tiny: ε² → 0"
[landscape]
name = "quadratic"
[[descents]]
steps = 5
[[maps]]
x = "learning_rate=0.1..0.3"
y = "start.x=-1..1"
size = "8x4"
steps = 5
"""

# Every command once, with what it costs least, and its exit status.
COMMANDS = [
    ("--help", 0),
    ("bench --help", 0),
    ("lab --help", 0),
    ("study three-gaussians", 0),
    ("equations 2-3-2-3 --form units", 0),
    ("equations adam", 0),
    ("equations gelu --format mathml", 0),
    ("equations cosine --format latex", 0),
    ("draw 2-3-2-3 --out network.svg", 0),
    ("draw rosenbrock --out hill.svg", 0),
    ("descend rosenbrock --steps 20 --learning-rate 1e-3 --out run.csv", 0),
    ("descend mine.py:f --steps 2 --json", 0),
    ("descend rosenbrök", 2),
    ("report tiny.toml --out report", 0),
    (
        "map rosenbrock --x learning_rate=1e-4..1e-3 --y start.x=-1..1 --size 4x4 --steps 2 --out a.fallmap --png a.png",
        0,
    ),
    ("map info a.fallmap", 0),
    ("map export a.fallmap a.csv", 0),
    ("check mine.py:grad --of mine.py:f", 1),
    ("check mine.py:grad --of mine.py:f --json", 1),
    ("check --help", 0),
]

DRIVER = """\
import json, sys
{before}
from fallline.cli import main
statuses = [main(words.split()) for words in json.load(open("commands.json", encoding="utf-8"))]
json.dump(statuses, open("statuses.json", "w", encoding="utf-8"))
"""

# What Windows lacks. It is taken away once the standard library has loaded what it needs of it itself.
NO_POSIX = """\
import asyncio, multiprocessing, os, signal, socket, subprocess, tempfile, concurrent.futures
for name in ("killpg", "fork", "forkpty", "getuid", "geteuid", "getgid", "getpgid", "setsid", "getpgrp", "setpgid",
             "getloadavg", "sched_getaffinity", "mkfifo", "chown", "wait4", "posix_spawn", "nice", "sysconf"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGXCPU", "SIGPIPE", "SIGQUIT", "alarm", "setitimer", "pthread_sigmask"):
    if hasattr(signal, name):
        delattr(signal, name)
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog"):
    sys.modules[name] = None
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(GRADIENT, encoding="utf-8")
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    return tmp_path


def environment(**changes):
    plain_ones = {k: v for k, v in os.environ.items() if k not in ("PYTHONUTF8", "LC_ALL", "LANG", "COLUMNS", "LINES")}
    return plain_ones | changes


def drive(folder, commands, before="", **changes):
    """Run the commands one after the other in one new process; statuses, standard output and error as bytes."""
    (folder / "commands.json").write_text(json.dumps(commands), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", DRIVER.format(before=before)], cwd=folder, env=environment(**changes), capture_output=True,
        check=False, timeout=240,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
    assert b"internal error" not in done.stderr, done.stderr.decode("utf-8", "replace")
    return json.loads((folder / "statuses.json").read_text(encoding="utf-8")), done.stdout, done.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_every_command_in_an_encoding_that_lacks_characters(encoding, folder):
    commands = (
        COMMANDS if encoding == "cp1252" else [c for c in COMMANDS if c[0].split()[0] in ("equations", "descend")]
    )
    machines = ("mathml", "latex", "study", "json")
    said = [words for words, _ in commands if not any(m in words for m in machines)]
    statuses, out, err = drive(folder, said, PYTHONIOENCODING=encoding)
    assert statuses == [status for words, status in commands if words in said]
    text = out.decode(encoding)
    assert "m_hat_(t+1) = m_(t+1) / (1 - beta_1^(t+1))" in text
    assert "\\u" not in text
    assert "landscape must be one of" in err.decode(encoding)


@pytest.mark.parametrize(
    "changes",
    [
        {"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "cp437"}, {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {},
    ],
)  # fmt: skip
def test_documents_are_utf8_whatever_the_terminal_is(changes, folder):
    words = ["study three-gaussians", "equations adam --format mathml", "equations adam"]
    statuses, out, _ = drive(folder, words, **changes)
    assert statuses == [0, 0, 0]
    study = f"{directive()}\n{builtin_text()}".encode()
    assert out.startswith(study)
    tomllib.loads(out[: len(study)].decode())
    assert b"<math" in out[len(study) :]


@pytest.mark.parametrize("columns", ["0", "-5", "abc"])
def test_an_odd_width_of_the_terminal_never_hangs(columns, folder):
    statuses, out, _ = drive(
        folder, ["check --help", "check mine.py:grad --of mine.py:f"], COLUMNS=columns, LINES=columns
    )
    assert statuses == [0, 1]
    assert b"Usage" in out


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0", None),
        ("-5", None),
        ("abc", None),
        ("", None),
        ("1", "20"),
        ("80", "80"),
        ("²", None),
        ("9" * 20, None),
        ("1e3", None),
    ],
)
def test_the_width_that_libraries_see(given, kept, monkeypatch):
    monkeypatch.setenv("COLUMNS", given)
    prepare()
    assert os.environ.get("COLUMNS") == kept


def test_every_command_without_posix(folder):
    cheap = [(words, status) for words, status in COMMANDS if "help" not in words and not words.startswith("report")]
    statuses, _, _ = drive(folder, [words for words, _ in cheap], before=NO_POSIX)
    assert statuses == [status for _, status in cheap]


@pytest.mark.skipif(os.name != "posix", reason="needs a shell with pipes")
@pytest.mark.parametrize(
    "words", ["study three-gaussians", "descend rosenbrock --json --steps 20000", "equations adam"]
)
def test_a_reader_that_has_gone_is_no_error(words):
    command = f'"{sys.executable}" -m fallline {words}; echo "status $?" >&2'
    done = subprocess.run(["sh", "-c", f"({command}) | head -c 1"], capture_output=True, env=environment(), check=False)
    assert done.stderr == b"status 0\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_a_sentence():
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fallline", "study"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode() == "fallline: the output cannot be written: no space left on device.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x² + y¹²", "x^2 + y^12"), ("mₜ₊₁", "m_(t+1)"), ("W⁽¹⁾", "W^(1)"), ("ε ≤ Σ", "epsilon <= Sigma"), ("m̂", "m_hat"),
        ("∂f/∂x − 1…", "df/dx - 1..."), ("naïve Größe", "naive Grosse"), ("日", "\\u65e5"), ("\udcff", "\\udcff"), ("", ""),
    ],
)  # fmt: skip
def test_plain_forms(text, expected):
    assert plain(text) == expected
