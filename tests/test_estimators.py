"""The estimators keep scikit-learn's contract, and their own."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from fallline.errors import UnknownNameError, UsageError
from fallline.estimators import MapSearchCV, NetworkClassifier, NetworkRegressor

X, Y = load_iris(return_X_y=True)
SMALL = {"hidden": (6,), "ensemble": 4, "folds": 2, "epochs": 60, "batch": 0, "learning_rate": 0.05}


def checks(estimator):
    for each, check in estimator_checks_generator(estimator):
        name = check.func.__name__
        yield pytest.param(each, check, id=f"{type(each).__name__}-{name}")


@pytest.mark.parametrize(  # `tests/long/estimator_checks.py` takes 20 sets of parameters of each
    ("estimator", "check"), [*checks(NetworkClassifier(**SMALL, refit=False)), *checks(NetworkRegressor(**SMALL))]
)
@pytest.mark.filterwarnings("ignore")  # scikit-learn's checks provoke warnings
def test_a_check_of_scikit_learn(estimator, check):
    if check.func.__name__ == "check_array_api_input":
        pytest.skip(
            "the estimators take NumPy arrays and sparse matrices; scikit-learn runs this check under SCIPY_ARRAY_API alone"
        )
    check(estimator)


def test_iris_is_learned_by_folds_and_in_a_pipeline():
    model = make_pipeline(StandardScaler(), NetworkClassifier(**SMALL))
    assert cross_val_score(model, X, Y, cv=3).mean() > 0.93
    assert (clone(model).fit(X, Y).predict(X) == model.fit(X, Y).predict(X)).all()


def test_curves_outcome_and_estimate_are_told():
    model = NetworkClassifier(**SMALL).fit(X, Y)
    assert model.loss_curves_.shape == model.validation_curves_.shape == (4, len(model.epochs_))
    assert (model.best_epochs_ <= model.n_iter_).all()
    assert "4 starts of the network 4-6-3" in model.outcome_
    assert model.oof_decision_.shape == (150, 3)
    assert np.isfinite(model.oof_decision_).all()


def test_float32_in_is_float32_out():
    model = NetworkClassifier(**SMALL).fit(X.astype(np.float32), Y)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert (
        NetworkRegressor(**SMALL).fit(X.astype(np.float32), X[:, 0]).predict(X.astype(np.float32)).dtype == np.float32
    )


def test_sparse_input_is_dense_input():
    a, b = NetworkClassifier(**SMALL).fit(X, Y), NetworkClassifier(**SMALL).fit(sparse.csr_matrix(X), Y)
    assert (a.predict_proba(X) == b.predict_proba(sparse.csc_matrix(X))).all()


def test_several_labels_are_learned():
    labels = np.column_stack([X[:, 2] > 3, X[:, 0] > 5.8]).astype(int)
    model = NetworkClassifier(**SMALL).fit(X, labels)
    assert model.predict(X).shape == (150, 2)
    assert model.score(X, labels) > 0.8


def test_several_values_are_learned():
    model = NetworkRegressor(**SMALL).fit(X[:, :2], X[:, 2:])
    assert model.predict(X[:, :2]).shape == (150, 2)
    assert model.score(X[:, :2], X[:, 2:]) > 0.7


def test_a_warm_start_begins_where_the_former_fit_ended():
    model = NetworkClassifier(**SMALL, warm_start=True).fit(X, Y)
    first = model.loss_curves_[:, 0].mean()
    assert model.fit(X, Y).loss_curves_[:, 0].mean() < 0.5 * first
    with pytest.raises(UsageError, match="warm_start"):
        model.set_params(hidden=(7,)).fit(X, Y)


def test_partial_fits_learn_from_pieces():
    model = NetworkClassifier((6,), ensemble=4, learning_rate=0.01)
    order = np.random.default_rng(0).permutation(150)
    for _ in range(15):
        for rows in np.array_split(order, 3):
            model.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    assert model.score(X, Y) > 0.9
    with pytest.raises(ValueError, match="class"):
        model.partial_fit(X, Y + 1)


def test_class_weights_move_the_answers():
    hard = X[50:], Y[50:]
    plain = NetworkClassifier(**SMALL).fit(*hard).predict_proba(X)[:, 1].mean()
    assert NetworkClassifier(**SMALL, class_weight={1: 1, 2: 50}).fit(*hard).predict_proba(X)[:, 1].mean() > plain
    assert NetworkClassifier(**SMALL, class_weight="balanced").fit(X, Y).score(X, Y) > 0.9


def test_a_pickle_has_the_same_bits():
    model = NetworkClassifier(**SMALL).fit(X, Y)
    assert (pickle.loads(pickle.dumps(model)).predict_proba(X) == model.predict_proba(X)).all()


@pytest.mark.parametrize(
    ("name", "ours"),
    [("hidden_layer_sizes", "hidden"), ("solver", "optimizer"), ("max_iter", "epochs"), ("alpha", "l2")],
)
def test_names_of_scikit_learn_get_an_error_that_names_ours(name, ours):
    with pytest.raises(UsageError, match=f"{name}: write {ours}"):
        NetworkClassifier(**{name: 1})
    with pytest.raises(UsageError, match=f"{name}: write {ours}"):
        NetworkRegressor().set_params(**{name: 1})
    with pytest.raises(UnknownNameError):
        NetworkClassifier(hiden=(3,))


def test_a_map_of_the_fit_is_drawn():
    picture = NetworkClassifier(**SMALL).fit(X, Y).plot_map(X, Y, size=4, steps=10)
    assert "learning rate" in picture.alt


def test_a_grid_in_lanes_has_the_weights_of_single_fits():
    from fallline.models.fitting import fit_samples
    from fallline.models.grid import fit_grid
    from fallline.models.settings import fit_settings

    T, common = np.eye(3)[Y], {"hidden": (4,), "ensemble": 4, "folds": 2, "epochs": 12}
    rates = (0.01, 1e12, 0.05)
    grid = fit_grid(X, T, "classes", fit_settings(**common), [{"learning_rate": r} for r in rates])
    for k in (0, 2):
        fit = fit_samples(X, T, "classes", fit_settings(**common, learning_rate=rates[k]))
        assert (grid.ensembles[k].parameters == fit.ensemble.parameters).all()
    assert grid.diverged[0] == 0


def test_a_search_is_a_grid_search():
    grid = {"learning_rate": [1e-6, 0.05], "l2": [0.0, 1e-3], "hidden": [(3,), (4,)]}
    search = MapSearchCV(NetworkClassifier(**SMALL), grid, cv=2).fit(X, Y)
    peer = GridSearchCV(NetworkClassifier(**SMALL), grid, cv=2).fit(X, Y)
    assert search.cv_results_["params"] == peer.cv_results_["params"]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], peer.cv_results_["mean_test_score"])
    assert (search.cv_results_["rank_test_score"] == peer.cv_results_["rank_test_score"]).all()
    assert search.best_params_ == peer.best_params_
    assert (search.predict(X) == peer.predict(X)).all()
    assert search.score(X, Y) == peer.score(X, Y)


def test_a_search_takes_numbers_of_the_optimizer():
    model = NetworkRegressor(**SMALL | {"optimizer": "momentum"})
    search = MapSearchCV(model, [{"momentum": [0.0, 0.9]}, {"learning_rate": [1e-6]}], cv=2).fit(X[:, :2], X[:, 2])
    assert search.best_params_ == {"momentum": 0.9}
    assert search.cv_results_["param_momentum"].mask.tolist() == [False, False, True]
    with pytest.raises(UsageError, match="NetworkClassifier"):
        MapSearchCV(StandardScaler(), {}).fit(X, Y)
