"""The public names, each with the module that holds it: type checkers read this, and so does `__init__.py`."""

from .checks.gradient import check_gradient
from .checks.presentation.verdict import Verdict
from .data.dataset import Dataset
from .data.generated import generate
from .data.preparing import Preparation, Target
from .data.reading import Dialect, Table, read_table
from .data.tables import read_data
from .errors import FalllineError
from .experiment.axes import Axis
from .experiment.method import Method, method
from .experiment.starts import draw_starts, notebook_start
from .experiment.studies import Study, study
from .lab.widget import lab
from .maps.loading import load_map
from .maps.map import Map
from .maps.mapping import map as map  # not in __all__: `from fallline import *` must not replace Python's own
from .maps.merging import merge_maps
from .measures.outcome import Outcome
from .measures.own import measure
from .models.exchange.sklearn_networks import from_sklearn
from .models.exchange.torch_networks import from_torch, to_torch
from .models.model import Model
from .models.table_fit import fit
from .problems import LandscapeObjective, NetworkObjective, Objective, objective
from .runs.compare import compare
from .runs.comparison import Comparison
from .runs.descent import descend
from .runs.run import Run
from .settings import SETTINGS, Setting, Slider
from .textbook.activations import ACTIVATIONS, Activation
from .textbook.initial import INITIALS, Initial
from .textbook.landscapes import LANDSCAPES, Landscape
from .textbook.losses import LOSSES, Loss
from .textbook.network import Network
from .textbook.optimizers import OPTIMIZERS, Optimizer
from .textbook.parametrizations import PARAMETRIZATIONS, Parametrization
from .textbook.schedules import SCHEDULES, Schedule
from .user_code.initial import initial
from .user_code.records import activation, landscape, loss, optimizer
from .user_code.schedule import schedule
from .views.equations import Equations, equations

__all__ = [
    "ACTIVATIONS",
    "INITIALS",
    "LANDSCAPES",
    "LOSSES",
    "OPTIMIZERS",
    "PARAMETRIZATIONS",
    "SCHEDULES",
    "SETTINGS",
    "Activation",
    "Axis",
    "Comparison",
    "Dataset",
    "Dialect",
    "Equations",
    "FalllineError",
    "Initial",
    "Landscape",
    "LandscapeObjective",
    "Loss",
    "Map",
    "Method",
    "Model",
    "Network",
    "NetworkObjective",
    "Objective",
    "Optimizer",
    "Outcome",
    "Parametrization",
    "Preparation",
    "Run",
    "Schedule",
    "Setting",
    "Slider",
    "Study",
    "Table",
    "Target",
    "Verdict",
    "activation",
    "check_gradient",
    "compare",
    "descend",
    "draw_starts",
    "equations",
    "fit",
    "from_sklearn",
    "from_torch",
    "generate",
    "initial",
    "lab",
    "landscape",
    "load_map",
    "loss",
    "measure",
    "merge_maps",
    "method",
    "notebook_start",
    "objective",
    "optimizer",
    "read_data",
    "read_table",
    "schedule",
    "study",
    "to_torch",
]

__version__: str
