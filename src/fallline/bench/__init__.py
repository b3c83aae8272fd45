"""The benchmark: our kernels beside whichever peers are installed, on the same work, in turn, in one process.

    python -m fallline.bench [--quick] [--json]

What others run at the same time slows all alike, so ratios within a round are what counts; each comes with its spread
over the rounds. The share of the peak is that of NumPy's matrix product on one core, by the processor's clock;
floating-point operations are counted from the traced graph (an fma is two, an elementary function one).
"""

from fallline.bench.rounds import compare, peak, sweep
from fallline.bench.workloads import WORKLOADS, Workload

__all__ = ["WORKLOADS", "Workload", "compare", "peak", "sweep"]
