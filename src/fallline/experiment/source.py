"""What every source of samples is: fields for features and the split, how it makes its data set, its line of Python."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import field_validator

from fallline.data.csv_file import CsvFile
from fallline.data.dataset import Dataset
from fallline.data.features import FEATURES, checked_features
from fallline.data.noise import DRAW_SEED, LABEL_NOISE, SUBSET
from fallline.data.split import SPLIT_SEED, TEST_SHARE
from fallline.errors import SettingError
from fallline.experiment.fields import key
from fallline.experiment.kinds import Choice, OfSetting, Spread
from fallline.experiment.part import Part, PartError

__all__ = ["Call", "Files", "Source"]


@dataclass(frozen=True)
class Files:
    """The files that a source may name: those in a folder, and CSV files that were read, by their digest."""

    folder: Path = Path()
    kept: Mapping[str, CsvFile] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.folder, *self.kept))

    def csv(self, digest: str) -> CsvFile:
        """The CSV file of that digest."""
        if digest not in self.kept:
            raise PartError(
                "the table of this state is not here: choose its CSV file again. A link holds the name of a table, "
                "not its contents.", "data.digest",
            )  # fmt: skip
        return self.kept[digest]


@dataclass(frozen=True)
class Call:
    """A call in Python: the line that imports the function, and the call itself."""

    needs: str
    text: str


class Source(Part):
    """Samples for a network.

    Attributes
    ----------
    mark
        The key in TOML that tells this source from the others; "" if studies have no such source.
    example
        That key with a value, as an error shows it.
    of_every_source
        The fields that every source has, after its own.
    splits
        Whether the samples come with those that are kept for the test.
    """

    mark: ClassVar[str] = ""
    example: ClassVar[str] = ""
    of_every_source: ClassVar[tuple[str, ...]] = (
        "features", "test_share", "split_seed", "label_noise", "subset", "draw_seed",
    )  # fmt: skip
    splits: ClassVar[bool] = False

    features: Annotated[tuple[Annotated[str, Choice("feature", FEATURES)], ...], Spread()] = key(
        (), f"the network's inputs as functions of two inputs: {', '.join(FEATURES)}", label="input features"
    )
    test_share: Annotated[float, OfSetting(TEST_SHARE)] = key(TEST_SHARE.default, TEST_SHARE.meaning)
    split_seed: Annotated[int, OfSetting(SPLIT_SEED)] = key(SPLIT_SEED.default, SPLIT_SEED.meaning)
    label_noise: Annotated[float, OfSetting(LABEL_NOISE)] = key(LABEL_NOISE.default, LABEL_NOISE.meaning)
    subset: Annotated[int, OfSetting(SUBSET)] = key(SUBSET.default, SUBSET.meaning)
    draw_seed: Annotated[int, OfSetting(DRAW_SEED)] = key(DRAW_SEED.default, DRAW_SEED.meaning)

    @field_validator("features")
    @classmethod
    def _in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return checked_features(names)

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        super().__pydantic_init_subclass__(**more)
        fields = cls.model_fields  # in the order of tables and controls: a source's own come first
        for name in cls.of_every_source:
            fields[name] = fields.pop(name)

    def needed(self, files: Files) -> Files:
        """The files that the source reads, alone."""
        return Files()

    def of_study(self, files: Files) -> Any:
        """The same source as a study has it."""
        return self

    def samples_in(self, files: Files) -> Dataset:
        """All samples, before any is kept for the test; with those if the source `splits`."""
        raise NotImplementedError

    def call(self, files: Files) -> Call:
        """Return the Python call that makes all samples."""
        raise NotImplementedError

    @property
    def drawn(self) -> bool:
        """Whether random numbers choose wrong labels or a subset."""
        return bool(self.label_noise or self.subset)

    @property
    def standardizes(self) -> bool:
        """Whether inputs are brought to mean 0 and standard deviation 1 over the samples for the training."""
        return False

    def build(self, files: Files) -> Dataset:
        """Make the data set, with its test samples."""
        data = self.samples_in(files)
        if self.features:
            data = data.with_features(*self.features)
        if not self.splits:
            data = data.split(self.test_share, self.split_seed)
        data = data.standardized() if self.standardizes else data
        data = data.with_label_noise(self.label_noise, self.draw_seed)
        return data.subset(self.subset, self.draw_seed) if self.subset else data

    def python(self, files: Files) -> Call:
        """Return the Python call that makes the data set."""
        call = self.call(files)
        features = f".with_features({', '.join(map(repr, self.features))})" if self.features else ""
        split = f".split({self.test_share!r}, seed={self.split_seed!r})" if self.test_share and not self.splits else ""
        scaled = ".standardized()" if self.standardizes else ""
        drawn = "".join(
            f".{method}({value!r}, seed={self.draw_seed!r})"
            for method, value in (("with_label_noise", self.label_noise), ("subset", self.subset))
            if value
        )
        return replace(call, text=f"{call.text}{features}{split}{scaled}{drawn}")

    def refuse_axes(self, names: Container[str]) -> None:
        """Refuse an axis of a map that would change the data once more.

        Raises
        ------
        SettingError
            label_noise, or the number of samples, is both a value of the data and an axis.
        """
        for field_, axis in (("label_noise", "label_noise"), ("subset", "samples")):
            if axis in names and getattr(self, field_):
                raise SettingError(
                    f"{field_} must be 0 in a map with the axis {axis}, which changes the same; got {getattr(self, field_):g}."
                )
