"""Likelihood of a logistic regression, plain or with Firth's penalty.

==================  ==================================================================
``X``               design, n x p, with the intercept
``y``               outcome of each participant, 0 or 1
``pi``              1 / (1 + exp(-X b))
``I(b)``            information, X' W X with W = diag(pi (1 - pi))
``h``               diagonal of W^(1/2) X I^-1 X' W^(1/2)
==================  ==================================================================
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from bids_ketamine.core.group.moments import BoolArray, FloatArray

#: Sum of the margins from which on a plane separates the outcomes.
SEPARATED = 1e-7


class Likelihood(NamedTuple):
    """A logistic regression whose likelihood is to be maximized."""

    design: FloatArray  # (n_participants, n_columns), of full column rank
    outcome: FloatArray  # (n_participants,), 0 or 1
    penalized: bool


def log_likelihood(model: Likelihood, estimates: FloatArray) -> float:
    r"""Return the logarithm of the likelihood.

    .. math:: l(b) = \sum_i y_i \log \pi_i + (1 - y_i) \log(1 - \pi_i),
        \quad l^*(b) = l(b) + \tfrac{1}{2} \log |I(b)|

    The second, Firth's, is that of Jeffreys' prior: it has a finite maximum always, and its bias
    is of second order.

    Parameters
    ----------
    model : Likelihood
        Design, outcome, and whether the penalty is added.
    estimates : ndarray of shape (n_columns,)
        b.

    Returns
    -------
    float
        l or l*.
    """
    predictor = model.design @ estimates
    # log pi = -log(1 + exp(-eta)), log(1 - pi) = -log(1 + exp(eta)).
    plain = -np.logaddexp(0.0, np.where(model.outcome == 1.0, -predictor, predictor)).sum()
    if not model.penalized:
        return float(plain)
    sign, determinant = np.linalg.slogdet(information(model.design, estimates))
    return float(plain + 0.5 * determinant) if sign > 0 else -np.inf


def information(design: FloatArray, estimates: FloatArray) -> FloatArray:
    """Return X' W X.

    Parameters
    ----------
    design : ndarray of shape (n_participants, n_columns)
        X.
    estimates : ndarray of shape (n_columns,)
        b.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        Information of the estimates.
    """
    return (design.T * _weights(design, estimates)) @ design


def score(model: Likelihood, estimates: FloatArray) -> FloatArray:
    r"""Return the slope of the likelihood.

    .. math:: U(b) = X' (y - \pi), \quad U^*(b) = X' (y - \pi + h (1/2 - \pi))

    Parameters
    ----------
    model : Likelihood
        Design, outcome, and whether the penalty is added.
    estimates : ndarray of shape (n_columns,)
        b.

    Returns
    -------
    ndarray of shape (n_columns,)
        U or U*.
    """
    fitted = special.expit(model.design @ estimates)
    residual = model.outcome - fitted
    if model.penalized:
        leverage = (_weighted_basis(model.design, estimates) ** 2).sum(axis=1)
        residual = residual + leverage * (0.5 - fitted)
    return model.design.T @ residual


def _weighted_basis(design: FloatArray, estimates: FloatArray) -> FloatArray:
    """Return an orthonormal basis of W^(1/2) X: its products are the hat matrix."""
    return np.linalg.qr(np.sqrt(_weights(design, estimates))[:, np.newaxis] * design)[0]


def _weights(design: FloatArray, estimates: FloatArray) -> FloatArray:
    """Return pi (1 - pi)."""
    predictor = design @ estimates
    return special.expit(predictor) * special.expit(-predictor)


def curvature(model: Likelihood, estimates: FloatArray) -> FloatArray:
    r"""Return the negative second derivative of the likelihood.

    Without the penalty it is the information. The penalty adds, with :math:`w = \pi (1 - \pi)` and
    the hat matrix :math:`H = W^{1/2} X I^{-1} X' W^{1/2}`,

    .. math:: \tfrac{1}{2} \sum_{ij} (1 - 2 \pi_i) (1 - 2 \pi_j) H_{ij}^2 x_i' x_j
        - \tfrac{1}{2} \sum_i (1 - 6 w_i) H_{ii} x_i' x_i.

    Parameters
    ----------
    model : Likelihood
        Design, outcome, and whether the penalty is added.
    estimates : ndarray of shape (n_columns,)
        b.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        Symmetric; under the penalty not always positive far from the maximum.
    """
    expected = information(model.design, estimates)
    if not model.penalized:
        return expected
    basis = _weighted_basis(model.design, estimates)
    hat = basis @ basis.T
    lean = 1.0 - 2.0 * special.expit(model.design @ estimates)
    crossed = model.design.T @ (lean[:, np.newaxis] * hat**2 * lean) @ model.design
    own = (1.0 - 6.0 * _weights(model.design, estimates)) * np.diagonal(hat)
    return expected + 0.5 * (crossed - (model.design.T * own) @ model.design)


def is_separated(design: FloatArray, outcome: FloatArray) -> bool:
    r"""Tell whether a plane separates the outcomes, so that the likelihood has no maximum.

    With signs s = 2 y - 1 there is a direction b with :math:`s_i x_i b \ge 0` for everybody and
    more than 0 for somebody (complete or quasi-complete separation). A linear program finds the
    one with the largest sum within a box.

    Parameters
    ----------
    design : ndarray of shape (n_participants, n_columns)
        X of full column rank.
    outcome : ndarray of shape (n_participants,)
        0 or 1.

    Returns
    -------
    bool
        True where estimates would be infinite.

    References
    ----------
    Albert, A. & Anderson, J. A. (1984). On the existence of maximum likelihood estimates in
    logistic regression models. Biometrika 71, 1-10.
    Konis, K. (2007). Linear programming algorithms for detecting separated data in binary logistic
    regression models. DPhil thesis, University of Oxford.
    """
    # An orthonormal basis of the same planes: nothing depends on units and origins.
    basis = orthonormal(design)[0]
    signed = (2.0 * outcome - 1.0)[:, np.newaxis] * basis
    found = optimize.linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1.0, 1.0)
    )
    return bool(found.success and -found.fun > SEPARATED)


def orthonormal(design: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a design with orthonormal columns, and how estimates follow from its own.

    Parameters
    ----------
    design : ndarray of shape (n_participants, n_columns)
        X of full column rank.

    Returns
    -------
    basis : ndarray of shape (n_participants, n_columns)
        Q, whose columns span the same space.
    back : ndarray of shape (n_columns, n_columns)
        T with X T = Q: estimates b = T g of X from those of Q.
    """
    sizes = np.linalg.norm(design, axis=0)
    basis, triangle = np.linalg.qr(design / sizes)
    return basis, np.linalg.inv(triangle) / sizes[:, np.newaxis]


def full_rank(design: FloatArray) -> bool:
    """Tell whether no column is a combination of others, whatever their units.

    Parameters
    ----------
    design : ndarray of shape (n_participants, n_columns)
        X.

    Returns
    -------
    bool
        True for full column rank.
    """
    sizes = np.linalg.norm(design, axis=0)
    known: BoolArray = sizes > 0.0
    if not known.all() or len(design) < design.shape[1]:
        return False
    return bool(np.linalg.matrix_rank(design / sizes) == design.shape[1])
