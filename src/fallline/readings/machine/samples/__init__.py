"""Loss and gradient of one step on data: sums over the samples.

- `straight`: a short graph, as straight-line code for a few samples at a time
- `array_recovery`: arrays found again in a long graph, as records of `node_arrays`
- `tiles`: a long graph, as loops over these arrays
- `sums`: the loop over all samples, minibatches, and the penalty on the weights
- `two_passes`: sums of which a part never changes: that part is computed once, and stored for each sample
"""

from fallline.readings.machine.samples.sums import OverSamples

__all__ = ["OverSamples"]
