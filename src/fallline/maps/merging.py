"""The parts of a map, merged into one map file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fallline.errors import OutputError, UsageError
from fallline.experiment.description.plain_data import differences
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values
from fallline.maps.file import MapFile
from fallline.maps.large import LargeMap, map_at
from fallline.maps.map import Map
from fallline.maps.parts import MOST_PARTS, Part, dealt
from fallline.maps.provenance import arithmetic_of
from fallline.maps.rows import bits
from fallline.maps.tiles import Tile
from fallline.maps.writer import MapWriter
from fallline.runs.progress import Progress, showing

__all__ = ["Merged", "merge_maps"]

BATCH = 2**26
"""Bytes of tiles that are written in one transaction."""


@dataclass(frozen=True, eq=False)
class Merged:
    """What merging gave.

    Attributes
    ----------
    map
        The map, complete or not. The values of a large one stay in its file.
    files
        How many files were merged.
    twice
        How many tiles of these files were computed by an earlier one of them, too, with the same values.
    missing
        The parts that have cells that no file has; empty if the map is complete, or if no file says how many parts there are.
    """

    map: Map | LargeMap
    files: int
    twice: int
    missing: tuple[Part, ...]


def merge_maps(
    paths: Iterable[str | Path], out: str | Path, *, overwrite: bool = False, progress: Progress = False
) -> Merged:
    """Merge map files of one map, each with some of its tiles, into the file `out`.

    Cells that several files hold must have the same values, to the bit. An `out` that holds tiles of this map is added to, so
    parts may be merged as they arrive.

    Parameters
    ----------
    paths
        Map files: parts of `fallline.map(..., part="3/64")`, or unfinished maps.
    out
        The map file to write.
    overwrite
        Whether a file of another map at `out` is replaced.
    progress
        As for `map`, of the files.

    Raises
    ------
    UsageError
        A file holds another map than the first one; the message says what differs.
    OutputError
        A file is damaged, or two files have different values of a cell.

    Examples
    --------
    >>> import tempfile
    >>> import fallline as fl
    >>> folder = Path(tempfile.mkdtemp())
    >>> plane = {"x": "learning_rate=0.01..0.2", "y": "momentum=0..0.9", "size": 40, "steps": 9, "optimizer": "momentum"}
    >>> parts = [folder / f"part-{k}.fallmap" for k in (1, 2, 3)]
    >>> for k, path in enumerate(parts, start=1):
    ...     _ = fl.map("booth", part=f"{k}/3", out=path, **plane)
    >>> merged = fl.merge_maps(parts[:2], folder / "whole.fallmap")
    >>> merged.map.complete, [str(part) for part in merged.missing]
    (False, ['3/3'])
    >>> merged = fl.merge_maps(parts, folder / "whole.fallmap")
    >>> merged.map.sha256 == fl.map("booth", **plane).sha256
    True
    """
    files, out = [Path(path) for path in paths], Path(out)
    if not files:
        raise UsageError("there is no map file to merge: give the files of its parts.")
    if any(path.resolve() == out.resolve() for path in files):
        raise UsageError(f"{out} is one of the files to merge: choose another file for the whole map.")
    spec, made = _one_spec(files)
    result, twice, counts = map_at(spec, out), 0, set[int]()
    with (
        MapWriter.create_or_resume(out, spec, overwrite=overwrite, made=made) as writer,
        showing(progress, "merge") as show,
    ):
        held = writer.keys()
        result.take(writer)
        for k, path in enumerate(files):
            show(k, len(files))
            with MapFile.open(path) as source:
                counts |= _part_count(source)
                for batch in _batches(source.tiles(spec)):
                    fresh = []
                    for tile, values in batch:
                        known = (
                            _compared(result, tile, values, path)
                            if isinstance(result, Map)
                            else not result.missing(tile)
                        )
                        twice += known and tile not in held
                        if not known:
                            result.set(tile, values)
                        if not known or isinstance(result, LargeMap):
                            fresh.append((tile, values))
                    writer.add_all(spec, fresh)  # which compares those that the file has
        show(len(files), len(files))
        if result.complete:
            writer.finish(result.sha256)
    missing = () if result.complete or len(counts) != 1 else _missing(result, counts.pop())
    return Merged(result, len(files), twice, missing)


def _one_spec(paths: Sequence[Path]) -> tuple[MapSpec, dict[str, str]]:
    """The spec that all files have, and the arithmetic that made them, which may be another one than this process has."""
    with MapFile.open(paths[0]) as first:
        description, made, spec = first.description(), first.provenance(), first.spec(in_memory=False)
    for path in paths[1:]:
        with MapFile.open(path) as other:
            different, its = differences(description, other.description()), other.provenance()
            different += [
                f"its {line} is {made[line]} there and {its[line]} here"
                for line in ("arithmetic", "engine") if its[line] != made[line]
            ]  # fmt: skip
        if different:
            raise UsageError(f"{path} is no part of the map in {paths[0]}: {'; '.join(different)}.")
    return spec, arithmetic_of(made)


def _part_count(file: MapFile) -> set[int]:
    """Into how many parts the file's map was divided, if the file says so."""
    text = file.provenance().get("part")
    if text is None:
        return set()
    count = text.partition("/")[2]
    return {int(count)} if count.isascii() and count.isdigit() and 0 < int(count[:9]) <= MOST_PARTS else set()


def _batches(tiles: Iterator[tuple[Tile, Values]]) -> Iterator[list[tuple[Tile, Values]]]:
    batch, size = [], 0
    for tile, values in tiles:
        batch.append((tile, values))
        size += sum(v.nbytes for v in values.values())
        if size > BATCH:
            yield batch
            batch, size = [], 0
    yield batch


def _compared(result: Map, tile: Tile, values: Values, path: Path) -> bool:
    """Whether all cells of a tile are known already. Those that are known must have the tile's values."""
    missing = result.missing(tile)
    if missing == tile.cells:
        return False
    i, j = tile.indices()
    known = result.known.reshape(result.spec.shape)[j, i]
    for name in result.measures:
        mine, its = result.plane(name)[j, i][known], np.asarray(values[name])[known]
        differ = np.flatnonzero(bits(mine) != bits(its.astype(mine.dtype)))
        if differ.size:
            k = differ[0]
            column, row = int(i[known][k]), int(j[known][k])
            raise OutputError(
                f"{path} has {name} = {its[k]!r} in column {column}, row {row}, where another file has {mine[k]!r}: one of the "
                "machines that computed them does not compute as it should. Compute that cell again on a third one to find out which, "
                "and merge without the files of the other."
            )
    return missing == 0


def _missing(result: Map | LargeMap, count: int) -> tuple[Part, ...]:
    lacking = {k % count + 1 for k, tile in enumerate(dealt(result.spec, count)) if result.missing(tile)}
    return tuple(Part(number, count) for number in sorted(lacking))
