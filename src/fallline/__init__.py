"""fallline: maps of how neural networks learn.

From one textbook-like text of a small network, a landscape and an optimizer it writes the equations, checks the
gradients, trains one run or a million, and draws how the outcome depends on the settings.

>>> import fallline as fl
>>> run = fl.descend("rosenbrock", learning_rate=5**-7, start=(0.58412059, 0.87200971), steps=300)
>>> run.end.round(6).tolist()
[0.81404, 0.707355]
"""

import lazy_loader

from fallline.plotting import register

__version__ = "0.1.0"

# The public names stand in `__init__.pyi`; each module loads on first use, so that `import fallline` stays light.
__getattr__, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)
__all__ = [name for name in _names if name != "map"]  # `from fallline import *` must not replace Python's own `map`

# What `plot` calls, by name, for the same reason.
register("run", "fallline.views:run_picture")
register("run animation", "fallline.views:animate_run")
register("map", "fallline.views:map_picture")
register("map animation", "fallline.views:animate_map")
register("map page", "fallline.live:map_page")
register("comparison", "fallline.views:draw_comparison")
register("tuning", "fallline.views:draw_tuning")
register("model report", "fallline.report.fitted.files:model_report")
register("study", "fallline.views:study_picture")
register("evidence", "fallline.views:draw_evidence")
