"""Loss and gradient of a step on data, as sums over the samples."""

from fallline.readings.machine.samples.sums import OverSamples

__all__ = ["OverSamples"]
