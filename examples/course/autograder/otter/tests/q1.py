"""A test of otter-grader in its exception-based form. The argument is the function that the notebook defines."""

from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 10


@test_case(hidden=False)
def test_gradient(gradient):
    from fallline.testing import assert_gradient

    assert_gradient(gradient, "4-5-3", activation="tanh", reduction="mean", hint=2)
