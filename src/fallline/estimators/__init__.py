"""Estimators for scikit-learn: `NetworkClassifier`, `NetworkRegressor`, `MapSearchCV`. They need the extra `fallline[sklearn]`."""

from fallline.estimators.classifier import NetworkClassifier
from fallline.estimators.regressor import NetworkRegressor
from fallline.estimators.search import MapSearchCV

__all__ = ["MapSearchCV", "NetworkClassifier", "NetworkRegressor"]
