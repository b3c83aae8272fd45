"""A kernel of one run: its lanes are the samples of a minibatch, so that a single network fills the vectors.

- `sizes`: a network of a few units stands for one of any size, because loops over arrays have the same body at every length
- `blocks`: loss and gradient of a block of samples
- `kernel`: the loop over steps: minibatches, loss, the update of every parameter

Each product, sum and update has the order and the operations of the kernel whose lanes are runs, so both give the same bits.
"""

from fallline.readings.machine.one_run.kernel import RunKernel, build_loss, build_training
from fallline.readings.machine.one_run.sizes import NotScalableError, Sizes

__all__ = ["NotScalableError", "RunKernel", "Sizes", "build_loss", "build_training"]
