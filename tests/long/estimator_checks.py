"""scikit-learn's check_estimator on 20 sets of parameters of each estimator: no failure, no expected failure, no silent skip.

    python tests/long/estimator_checks.py [--first 1] [--last 40]

The combinations are numbered: 1 to 20 are the sets of the classifier, 21 to 40 those of the regressor.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings

from sklearn.utils.estimator_checks import check_estimator

from fallline.estimators import NetworkClassifier, NetworkRegressor

SMALL = {"hidden": (6,), "ensemble": 4, "folds": 2, "epochs": 60, "batch": 0, "learning_rate": 0.05}
SETS = [
    {}, {"hidden": (5, 4)}, {"hidden": (32, 16), "epochs": 30}, {"hidden": 3, "activation": "tanh"}, {"activation": "gelu"},
    {"optimizer": "momentum", "optimizer_settings": {"momentum": 0.8}}, {"optimizer": "nesterov"},
    {"optimizer": "rmsprop", "learning_rate": 0.02}, {"schedule": "constant"}, {"schedule": "step_decay"}, {"batch": None},
    {"batch": 16}, {"patience": 0}, {"patience": 5, "epochs": 200}, {"l2": 0.0, "refit": False}, {"l2": 0.01},
    {"ensemble": 1, "folds": 1, "epochs": 120}, {"ensemble": 9, "folds": 3}, {"folds": 1, "validation": 0.3},
    {"scaling": "robust", "initial": "he_normal"},
]  # fmt: skip
REASON = {"check_array_api_input": "scikit-learn runs it under SCIPY_ARRAY_API alone; the estimators take NumPy arrays"}


def main() -> int:
    """Print what did not pass; the exit status is 1 if anything failed or was skipped without a reason."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=2 * len(SETS))
    options = parser.parse_args()
    assert len(SETS) == 20
    combinations = [(kind, parameters) for kind in (NetworkClassifier, NetworkRegressor) for parameters in SETS]
    failed = 0
    warnings.simplefilter("ignore")
    for number in range(options.first, options.last + 1):
        kind, parameters = combinations[number - 1]
        begun = time.process_time()
        results = check_estimator(kind(**SMALL | parameters), on_fail=None, on_skip=None)
        wrong = [r for r in results if r["status"] != "passed" and r["check_name"] not in REASON]
        print(
            f"{number:>2} {kind.__name__} {parameters}: {len(results)} checks, {len(wrong)} not passed; "
            f"{time.process_time() - begun:.0f} s of processor time", flush=True,
        )  # fmt: skip
        for r in wrong:
            print(f"    {r['check_name']} {r['status']}: {str(r['exception'])[:200]}", flush=True)
        failed += len(wrong)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
