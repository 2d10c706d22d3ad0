import numpy as np
import pytest
from scipy.optimize import minimize

from valence.methods.vote import Pool, Vote, pool_weights


def answers(*rows):
    p = np.array(rows, np.float32)
    return np.stack([1 - p, p], axis=2)


def test_the_weighted_mean_is_worked_by_hand():
    merged = Pool(np.array([0.25, 0.75])).merge(answers([0.2, 0.8], [0.6, 0.4]))
    # .25 * .2 + .75 * .6 = .5 and .25 * .8 + .75 * .4 = .5
    np.testing.assert_allclose(merged, [[0.5, 0.5], [0.5, 0.5]], atol=1e-6)
    assert merged.dtype == np.float32


def test_equal_weights_ask_no_label():
    rule = Vote().learn(answers([0.1, 0.9], [0.3, 0.5], [0.2, 0.1]), np.array([0, 0]))
    np.testing.assert_allclose(rule.arrays["weights"], 1 / 3)


@pytest.mark.parametrize("seed", range(5))
def test_fitted_weights_are_the_least_loss_that_a_general_optimiser_finds(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 300)
    given = answers(*[1 / (1 + np.exp(-(labels - 0.5) * sharp - rng.normal(size=300))) for sharp in (1.0, 2.0, 3.0)])
    true = given[:, np.arange(300), labels].astype(float)

    def loss(w):
        return -np.log(w @ true).mean()

    best = minimize(
        loss, np.full(3, 1 / 3), bounds=[(0, 1)] * 3, constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, method="SLSQP", tol=1e-12
    )
    found = pool_weights(given, labels)
    assert found.sum() == pytest.approx(1)
    assert loss(found) == pytest.approx(best.fun, abs=1e-6)


def test_a_member_that_knows_nothing_gets_almost_no_weight_beside_one_that_is_right():
    labels = np.array([0, 1] * 20)
    weights = Vote(weights="fitted").learn(answers(np.full(40, 0.5), np.where(labels == 1, 0.95, 0.05)), labels).arrays["weights"]
    assert weights[1] > 0.99
