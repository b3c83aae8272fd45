"""Writing results: as a whole or not at all, and never over what exists unless told to."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fallline.errors import OutputError

__all__ = ["refuse_existing", "replacing", "write"]


def refuse_existing(path: Path, *, overwrite: bool = False) -> None:
    """One sentence if the path exists and may not be replaced."""
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists and stays as it is: choose another name, or give --force to replace it.")


@contextmanager
def replacing(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, which takes its place when the block ends well and vanishes when it does not."""
    target = Path(path)
    refuse_existing(target, overwrite=overwrite)
    if not target.parent.is_dir():
        raise OutputError(f"{target.parent} is no directory: make it first, or choose another place.")
    temporary = target.with_name(f".{uuid.uuid4().hex[:12]}.{target.name}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{target} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    finally:
        temporary.unlink(missing_ok=True)


def write(path: str | Path, content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file and return its path."""
    with replacing(path, overwrite=overwrite) as temporary, open(temporary, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(path)
