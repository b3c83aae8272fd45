"""Laws: published results on how networks learn, each tested over many starts. One file holds one law."""

from fallline.laws.catalogue import LAWS
from fallline.laws.evidence import Curves, Plane, Region
from fallline.laws.law import Finding, Law, finding
from fallline.laws.trial import Trial

__all__ = ["LAWS", "Curves", "Finding", "Law", "Plane", "Region", "Trial", "finding"]
