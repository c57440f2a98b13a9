"""Fixed effects from a formula: names, ``+``, ``:`` and ``*``.

Formulas are Wilkinson's: ``time * arm`` is ``1 + time + arm + time:arm``. Formulaic reads them;
what it would evaluate as Python (calls, quoted text) is refused, since a formula comes from a
study file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: What a formula may be made of.
ALLOWED = re.compile(r"[\w\s+*:()]*", flags=re.ASCII)
NAME = re.compile(r"[A-Za-z_]\w*", flags=re.ASCII)
INTERCEPT = "1"


@dataclass(frozen=True)
class FixedDesign:
    """Columns of the fixed effects.

    Attributes
    ----------
    matrix : ndarray of shape (n_observations, n_columns)
        Categories as differences from their first level.
    names : tuple of str
        Of the columns: ``1`` (intercept), ``time``, ``arm[ketamine]``, ``time:arm[ketamine]``.
    terms : tuple of str
        The term of each column: ``1``, ``time``, ``arm``, ``time:arm``.
    references : mapping of str to str
        Level that the others of a category are compared with: the first that occurs.
    marginal_weights : ndarray of shape (n_columns, n_columns)
        Weights of the columns' effects in the effects of the same columns with categories coded
        to sum to zero: a term's rows are its effect averaged over the levels of the others (what
        tests of type III are about).
    """

    matrix: FloatArray
    names: tuple[str, ...]
    terms: tuple[str, ...]
    references: Mapping[str, str]
    marginal_weights: FloatArray


def formula_variables(formula: str) -> tuple[str, ...]:
    """Return the variables of a formula in order.

    Parameters
    ----------
    formula : str
        Right-hand side.

    Raises
    ------
    ValueError
        If it cannot be read, has no variable, or is made of more than names, numbers 1,
        ``+``, ``*``, ``:`` and brackets.

    Examples
    --------
    >>> formula_variables("time + time:response")
    ('time', 'response')
    """
    return tuple(dict.fromkeys(name for term in formula_terms(formula) for name in term))


def formula_terms(formula: str) -> tuple[tuple[str, ...], ...]:
    """Return the variables of each term, main effects first; the intercept stays out.

    Parameters
    ----------
    formula : str
        Right-hand side.

    Raises
    ------
    ValueError
        As :func:`formula_variables`.

    Examples
    --------
    >>> formula_terms("time * arm")
    (('time',), ('arm',), ('time', 'arm'))
    """
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    if not ALLOWED.fullmatch(formula):
        wrong = sorted(set(re.sub(r"[\w\s+*:()]", "", formula, flags=re.ASCII)))
        raise ValueError(f"a formula is made of names, `+`, `:` and `*`; not of {' '.join(wrong)}")
    if "~" in formula or re.search(r"\w\s*\(", formula):
        raise ValueError("a formula is the right-hand side alone, without functions")
    try:
        terms = list(Formula(formula, _ordering="degree"))
    except (FormulaicError, SyntaxError, AttributeError) as error:
        raise ValueError(f"the formula `{formula}` cannot be read") from error
    found = [tuple(str(factor) for factor in term.factors) for term in terms]
    if (INTERCEPT,) not in found:
        raise ValueError("a formula keeps its intercept; leave out `0 +`")
    found.remove((INTERCEPT,))
    wrong = [name for term in found for name in term if not NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"`{wrong[0]}` in the formula is no name of a variable")
    if not found:
        raise ValueError("the formula names no variable")
    return tuple(found)


def fixed_design(data: pd.DataFrame, *, formula: str) -> FixedDesign:
    """Return the columns of a formula's fixed effects.

    Parameters
    ----------
    data : DataFrame
        One row an observation; numbers are numbers, everything else is a category whose first
        level is the reference (in the order of a pandas categorical, else sorted).
    formula : str
        Right-hand side.

    Returns
    -------
    FixedDesign
        Columns.

    Raises
    ------
    ValueError
        If the formula cannot be read, a variable is not among the columns, a cell is missing,
        or a category has a single level.
    """
    terms = formula_terms(formula)
    names = tuple(dict.fromkeys(name for term in terms for name in term))
    variables = _variables(data, names)
    treatment = _matrix(variables, terms, sum_to_zero=False)
    columns, column_terms = [], []
    for term, places in treatment.model_spec.term_indices.items():
        for place in places:
            columns.append(re.sub(r"\[T\.", "[", str(treatment.columns[place])))
            column_terms.append(str(term))
    columns[0] = column_terms[0] = INTERCEPT
    return FixedDesign(
        matrix=treatment.to_numpy(dtype=np.float64),
        names=tuple(columns),
        terms=tuple(column_terms),
        references={
            str(name): str(column.cat.categories[0])
            for name, column in variables.items()
            if isinstance(column.dtype, pd.CategoricalDtype)
        },
        marginal_weights=_marginal_weights(variables, terms, treatment.shape[1]),
    )


def _marginal_weights(
    variables: pd.DataFrame, terms: tuple[tuple[str, ...], ...], n_columns: int
) -> FloatArray:
    """Return T^-1 where the columns that sum to zero are the columns times T.

    T belongs to the coding, not to the data: it is found from rows drawn at random, among which
    every combination of levels is likely, so that it holds where the data lack some.
    """
    source = np.random.default_rng(0)
    size = 30 * n_columns
    drawn = pd.DataFrame(
        {
            name: pd.Categorical.from_codes(
                source.integers(len(column.cat.categories), size=size),
                dtype=column.dtype,
            )
            if isinstance(column.dtype, pd.CategoricalDtype)
            else source.standard_normal(size)
            for name, column in variables.items()
        }
    )
    plain = _matrix(drawn, terms, sum_to_zero=False).to_numpy(dtype=np.float64)
    marginal = _matrix(drawn, terms, sum_to_zero=True).to_numpy(dtype=np.float64)
    change = np.linalg.lstsq(plain, marginal, rcond=None)[0]
    weights = np.linalg.inv(change)
    return np.asarray(np.where(np.abs(weights) < 1e-10, 0.0, weights))


def _variables(data: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the variables of a formula, categories with the levels that occur."""
    absent = [name for name in names if name not in data.columns]
    if absent:
        raise ValueError(f"the formula names `{absent[0]}`, which is not there")
    variables = data[list(names)].reset_index(drop=True)
    missing = [name for name in names if variables[name].isna().any()]
    if missing:
        raise ValueError(f"`{missing[0]}` is missing in some rows")
    for name in names:
        if pd.api.types.is_numeric_dtype(variables[name]):
            variables[name] = variables[name].astype(np.float64)
            continue
        category = variables[name].astype("category").cat.remove_unused_categories()
        if len(category.cat.categories) < 2:
            raise ValueError(
                f"`{name}` is `{category.cat.categories[0]}` in all rows, so that nothing can be "
                "compared"
            )
        variables[name] = category
    return variables


def _matrix(
    variables: pd.DataFrame, terms: tuple[tuple[str, ...], ...], *, sum_to_zero: bool
) -> pd.DataFrame:
    from formulaic import model_matrix

    def factor(name: str) -> str:
        is_category = isinstance(variables[name].dtype, pd.CategoricalDtype)
        return f"C({name}, contr.sum)" if sum_to_zero and is_category else name

    written = " + ".join(":".join(map(factor, term)) for term in terms)
    return model_matrix(f"1 + {written}", variables, ensure_full_rank=True)
