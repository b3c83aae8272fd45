"""The benchmark: our kernels compared with the installed peers, on the same work, in turn, in one process.

    python -m fallline.bench [--quick] [--json]

Other work on the machine slows all contestants alike, so the results are ratios within a round; each has its spread over
the rounds. The share of the peak is relative to NumPy's matrix product on one core, by the processor's clock;
floating-point operations are counted from the traced graph (an fma is two, an elementary function one).
"""

from fallline.bench.rounds import compare, peak, sweep
from fallline.bench.workloads import WORKLOADS, Workload

__all__ = ["WORKLOADS", "Workload", "compare", "peak", "sweep"]
