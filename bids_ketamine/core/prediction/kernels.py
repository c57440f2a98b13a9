r"""Elastic nets along paths of penalties, compiled.

On standardised columns z (mean 0, mean square 1 over m rows) and outcome u the problem is

.. math::
    \min_b \frac{1}{2m} |u - Z b|^2 + \lambda \alpha |b|_1 + \frac{\lambda (1 - \alpha)}{2} |b|^2 .

:func:`solve_path` is exact. For known signs of the coefficients that are not zero the problem is
a linear system, so that along a path, where few coefficients enter or leave from one penalty to
the next, few systems are solved. With k active columns the system has the size k, or, where
k > m and there is a ridge part, m: let :math:`\rho = \alpha / (1 - \alpha)`,
:math:`\mu = \lambda (1 - \alpha)`, s the signs, and
:math:`(Z_A Z_A' + m \mu I) w = u + \rho Z_A s`; then :math:`b_A = Z_A' w - \rho s`, and a column
stays out as long as :math:`|z_j' w| \le \rho`.

:func:`descend_path` is the coordinate descent of glmnet with its loose stop, to repeat published
analyses: with R's default threshold it gives R's digits. They are off by up to 0.4 % of the
outcome's standard deviation where there are more columns than rows, and errors of the grid by up
to 8 %, so that another penalty may be chosen.

All is in one module because the cache of machine code knows a function by the time of its own
module: a caller elsewhere would go on with the old code of what it calls.
"""

from __future__ import annotations

import numpy as np

from bids_ketamine.core.prediction.compiled import compiled

#: A column enters where its slope exceeds the penalty by more than this share of it.
ENTRY_TOLERANCE = 1e-11

#: A column that leaves after less than this share of a step came in by rounding alone, and does
#: not come back before others have moved.
NO_WAY = 1e-12

#: Smallest pivot of a system, and the ridge that a system of collinear columns gets: columns have
#: a mean square of 1.
SMALLEST_PIVOT = 1e-10

#: Path of penalties: smallest over largest with fewer rows than columns, and otherwise; smallest
#: mixing parameter in the largest penalty (glmnet).
SHORT_RATIO, LONG_RATIO, SMALLEST_MIXING = 0.01, 1e-4, 1e-3

#: A path ends where the explained share of variance gains less than this share of itself, or
#: exceeds the largest, but has so many penalties at least (glmnet).
SMALLEST_GAIN, LARGEST_SHARE, FEWEST_PENALTIES = 1e-5, 0.999, 5


#: R's default: a pass ends the descent where no step lowered the objective by more than this
#: share of the outcome's variance.
GLMNET_THRESHOLD = 1e-7

#: Stands for exact solutions instead.
EXACT = 0.0

#: Passes over the columns after which a path is given up.
MOST_PASSES = 100_000


@compiled
def standardise(design, outcome, rows):  # type: ignore[no-untyped-def]
    """Return columns (p, m), means, scales, standardised outcome, its mean and scale."""
    m, p = len(rows), design.shape[1]
    columns = np.empty((p, m))
    means, scales = np.zeros(p), np.zeros(p)
    for j in range(p):
        total = 0.0
        for i in range(m):
            columns[j, i] = design[rows[i], j]
            total += columns[j, i]
        mean = total / m
        square = 0.0
        largest = 0.0
        for i in range(m):
            largest = max(largest, abs(columns[j, i]))
            columns[j, i] -= mean
            square += columns[j, i] ** 2
        scale = np.sqrt(square / m)
        means[j] = mean
        # A constant column, but for rounding of its mean, has no scale and no coefficient.
        if scale > 1e-13 * largest and scale > 0.0:
            scales[j] = scale
            for i in range(m):
                columns[j, i] /= scale
        else:
            columns[j, :] = 0.0
    u = np.empty(m)
    total = 0.0
    for i in range(m):
        u[i] = outcome[rows[i]]
        total += u[i]
    outcome_mean = total / m
    square = 0.0
    largest = 0.0
    for i in range(m):
        largest = max(largest, abs(u[i]))
        u[i] -= outcome_mean
        square += u[i] ** 2
    outcome_scale = np.sqrt(square / m)
    if outcome_scale > 1e-13 * largest and outcome_scale > 0.0:
        for i in range(m):
            u[i] /= outcome_scale
    else:
        outcome_scale = 0.0
        u[:] = 0.0
    return columns, means, scales, u, outcome_mean, outcome_scale


@compiled
def gram(columns):  # type: ignore[no-untyped-def]
    """Return Z'Z / m of columns (p, m)."""
    p, m = columns.shape
    products = np.empty((p, p))
    for i in range(p):
        for j in range(i + 1):
            total = 0.0
            for row in range(m):
                total += columns[i, row] * columns[j, row]
            products[i, j] = total / m
            products[j, i] = products[i, j]
    return products


@compiled
def _solve(matrix, vector, size):  # type: ignore[no-untyped-def]
    """Solve in place by Cholesky's factors; False where the matrix is not positive definite."""
    for i in range(size):
        for j in range(i):
            total = matrix[i, j]
            for c in range(j):
                total -= matrix[i, c] * matrix[j, c]
            matrix[i, j] = total * matrix[j, j]
        total = matrix[i, i]
        for c in range(i):
            total -= matrix[i, c] ** 2
        if total < SMALLEST_PIVOT:
            return False
        matrix[i, i] = 1.0 / np.sqrt(total)
        total = vector[i]
        for c in range(i):
            total -= matrix[i, c] * vector[c]
        vector[i] = total * matrix[i, i]
    for i in range(size - 1, -1, -1):
        vector[i] *= matrix[i, i]
        for c in range(i):
            vector[c] -= matrix[i, c] * vector[i]
    return True


@compiled
def _solve_columns(products, slopes, active, k, signs, l1, ridge, matrix, found):  # type: ignore[no-untyped-def]
    """Solve for the active coefficients, the system having their number."""
    extra = 0.0
    for _ in range(2):
        for i in range(k):
            one = active[i]
            found[i] = slopes[one] - l1 * signs[one]
            for j in range(i + 1):
                matrix[i, j] = products[one, active[j]]
            matrix[i, i] += ridge + extra
        if _solve(matrix, found, k):
            break
        extra = 2.0 * SMALLEST_PIVOT


@compiled
def _solve_rows(columns, u, active, k, signs, ratio, ridge, outer, matrix, weights):  # type: ignore[no-untyped-def]
    """Solve for the weights of rows, the system having the number of rows."""
    m = len(u)
    for i in range(m):
        weights[i] = u[i]
        for j in range(i + 1):
            matrix[i, j] = outer[i, j]
        matrix[i, i] += m * ridge
    if ratio > 0.0:
        for i in range(k):
            one = active[i]
            factor = ratio * signs[one]
            for row in range(m):
                weights[row] += factor * columns[one, row]
    return _solve(matrix, weights, m)


@compiled
def _add_outer(outer, column, factor):  # type: ignore[no-untyped-def]
    for i in range(len(column)):
        scaled = factor * column[i]
        for j in range(i + 1):
            outer[i, j] += scaled * column[j]


@compiled
def _new_outer(columns, active, k, outer):  # type: ignore[no-untyped-def]
    outer[:] = 0.0
    for i in range(k):
        _add_outer(outer, columns[active[i]], 1.0)


@compiled
def slopes_of(columns, u):  # type: ignore[no-untyped-def]
    """Return Z'u / m of columns (p, m)."""
    p, m = columns.shape
    slopes = np.empty(p)
    for j in range(p):
        total = 0.0
        for row in range(m):
            total += columns[j, row] * u[row]
        slopes[j] = total / m
    return slopes


@compiled
def automatic_penalties(slopes, l1_ratio, m, n_penalties):  # type: ignore[no-untyped-def]
    """Return glmnet's path of penalties for m rows, standardised outcome."""
    largest = np.abs(slopes).max() / max(l1_ratio, SMALLEST_MIXING)
    ratio = SHORT_RATIO if m < len(slopes) else LONG_RATIO
    penalties = np.empty(n_penalties)
    for step in range(n_penalties):
        share = step / (n_penalties - 1) if n_penalties > 1 else 0.0
        penalties[step] = largest * ratio**share
    return penalties


@compiled
def solve_path(columns, products, u, l1_ratio, penalties, n_automatic):  # type: ignore[no-untyped-def]
    """Return coefficients (L, p) on standardised scales, the penalties, and how many are used.

    With ``n_automatic`` above 0 the penalties are glmnet's, and the path ends early by its rule;
    else they are those given.
    """
    p, m = columns.shape
    slopes = slopes_of(columns, u)
    automatic = n_automatic > 0
    if automatic:
        penalties = automatic_penalties(slopes, l1_ratio, m, n_automatic)
    n_penalties = len(penalties)
    path = np.zeros((n_penalties, p))
    active = np.empty(p, np.int64)
    is_active = np.zeros(p, np.bool_)
    signs, gradient = np.zeros(p), np.empty(p)
    current, found = np.zeros(p), np.empty(p)
    matrix = np.empty((max(min(p, m), 1), max(min(p, m), 1)))
    small = np.empty((p, p)) if p > m else matrix
    outer, row_matrix, weights = np.zeros((m, m)), np.empty((m, m)), np.empty(m)
    k, outer_is_current = 0, False
    if l1_ratio == 0.0:
        for j in range(p):
            active[j], is_active[j] = j, True
        k = p
    explained = 0.0
    for step in range(n_penalties):
        penalty = penalties[step]
        if automatic and step == 0:
            continue  # all zero, also where there is no l1 part (glmnet)
        l1, ridge = penalty * l1_ratio, penalty * (1.0 - l1_ratio)
        last_dropped = -1
        for _ in range(20 * (p + m) + 100):
            by_rows = k > m and ridge > 0.0
            if by_rows:
                ratio = l1_ratio / (1.0 - l1_ratio)
                if not outer_is_current:
                    _new_outer(columns, active, k, outer)
                    outer_is_current = True
                by_rows = _solve_rows(
                    columns, u, active, k, signs, ratio, ridge, outer, row_matrix, weights
                )
            if by_rows:
                for j in range(p):
                    total = 0.0
                    for row in range(m):
                        total += columns[j, row] * weights[row]
                    gradient[j] = ridge * total
                for i in range(k):
                    found[i] = gradient[active[i]] / ridge - ratio * signs[active[i]]
            else:
                _solve_columns(products, slopes, active, k, signs, l1, ridge, small, found)
            if l1_ratio == 0.0:
                for i in range(k):
                    current[active[i]] = found[i]
                break
            # As far as the first coefficient that would change its sign.
            far, leaves = 1.0, -1
            for i in range(k):
                one = active[i]
                if found[i] * signs[one] < 0.0:
                    here = current[one] / (current[one] - found[i])
                    if here < far or leaves < 0:
                        far, leaves = here, i
            for i in range(k):
                one = active[i]
                current[one] += far * (found[i] - current[one])
            if leaves >= 0:
                one = active[leaves]
                current[one], signs[one], is_active[one] = 0.0, 0.0, False
                k -= 1
                active[leaves] = active[k]
                if outer_is_current:
                    _add_outer(outer, columns[one], -1.0)
                last_dropped = one if far < NO_WAY else -1
                continue
            if not by_rows:
                for j in range(p):
                    total = slopes[j]
                    for i in range(k):
                        total -= products[j, active[i]] * current[active[i]]
                    gradient[j] = total
            enters, most = -1, l1 * (1.0 + ENTRY_TOLERANCE) + 1e-15
            for j in range(p):
                if not is_active[j] and j != last_dropped and abs(gradient[j]) > most:
                    enters, most = j, abs(gradient[j])
            last_dropped = -1  # it may come back once another has moved
            if enters < 0:
                break
            active[k], is_active[enters] = enters, True
            signs[enters] = 1.0 if gradient[enters] > 0.0 else -1.0
            k += 1
            if outer_is_current:
                _add_outer(outer, columns[enters], 1.0)
        else:
            raise ArithmeticError("the active set of an elastic net does not settle")
        path[step] = current
        if automatic:
            before = explained
            explained = 0.0  # |u|^2 - |u - Zb|^2 over m, by the slopes of both
            for i in range(k):
                one = active[i]
                left = gradient[one] if l1_ratio > 0.0 else ridge * current[one]
                explained += current[one] * (slopes[one] + left)
            if step + 1 >= FEWEST_PENALTIES and (
                explained - before < SMALLEST_GAIN * explained or explained > LARGEST_SHARE
            ):
                return path, penalties, step + 1
    return path, penalties, n_penalties


@compiled
def _pass_over(which, n_which, products, gradient, current, seen, n_seen, listed, l1, ridge):  # type: ignore[no-untyped-def]
    """Step along each column; return the largest step squared, what was explained, who moved."""
    largest, gained = 0.0, 0.0
    for place in range(n_which):
        j = which[place]
        before = current[j]
        wanted = gradient[j] + before
        size = abs(wanted) - l1
        after = 0.0
        if size > 0.0:
            after = np.sign(wanted) * size / (1.0 + ridge)
        if after == before:
            continue
        if not listed[j]:
            listed[j] = True
            seen[n_seen] = j
            n_seen += 1
        step = after - before
        current[j] = after
        gained += step * (2.0 * gradient[j] - step)
        largest = max(largest, step**2)
        for other in range(len(gradient)):
            gradient[other] -= products[other, j] * step
    return largest, gained, n_seen


@compiled
def descend_path(columns, products, u, l1_ratio, n_penalties, threshold):  # type: ignore[no-untyped-def]
    """Return coefficients (L, p) on standardised scales, penalties, and how many are used.

    Passes over all columns alternate with passes over those that have ever moved, which go on
    until no step is large.
    """
    p, m = columns.shape
    gradient = slopes_of(columns, u)
    penalties = automatic_penalties(gradient, l1_ratio, m, n_penalties)
    path, current = np.zeros((n_penalties, p)), np.zeros(p)
    everything, seen = np.arange(p), np.empty(p, np.int64)
    listed = np.zeros(p, np.bool_)
    for j in range(p):  # a constant column has no products and no coefficient
        if products[j, j] == 0.0:
            gradient[j] = 0.0
    n_seen, explained, n_passes = 0, 0.0, 0
    for step in range(1, n_penalties):
        l1, ridge = penalties[step] * l1_ratio, penalties[step] * (1.0 - l1_ratio)
        before = explained
        all_of_them = n_seen == 0
        while n_passes < MOST_PASSES:
            n_passes += 1
            which, n_which = (everything, p) if all_of_them else (seen, n_seen)
            largest, gained, n_seen = _pass_over(
                which, n_which, products, gradient, current, seen, n_seen, listed, l1, ridge
            )
            explained += gained
            if largest < threshold and all_of_them:
                break
            # All columns again once those that have moved have come to rest.
            all_of_them = largest < threshold
        else:
            raise ArithmeticError("the coordinate descent of an elastic net does not come to rest")
        path[step] = current
        if step + 1 >= FEWEST_PENALTIES and (
            explained - before < SMALLEST_GAIN * explained or explained > LARGEST_SHARE
        ):
            return path, penalties, step + 1
    return path, penalties, n_penalties


@compiled
def fold_paths(design, outcome, rows, targets, l1_ratios, n_penalties, threshold):  # type: ignore[no-untyped-def]
    """Fit paths on some rows and predict others.

    Returns penalties (A, L) on the scale of the outcome, how many are used (A,), and predictions
    (A, L, n_targets). A threshold above 0 is that of a loose coordinate descent.
    """
    columns, means, scales, u, mean, scale = standardise(design, outcome, rows)
    products = gram(columns)
    n_ratios, n_targets, p = len(l1_ratios), len(targets), design.shape[1]
    placed = np.zeros((n_targets, p))
    for target in range(n_targets):
        for j in range(p):
            if scales[j] > 0.0:
                placed[target, j] = (design[targets[target], j] - means[j]) / scales[j]
    penalties = np.empty((n_ratios, n_penalties))
    used = np.empty(n_ratios, np.int64)
    predictions = np.full((n_ratios, n_penalties, n_targets), mean)
    none = np.empty(0)
    for ratio in range(n_ratios):
        if threshold > 0.0:
            path, found, n_used = descend_path(
                columns, products, u, l1_ratios[ratio], n_penalties, threshold
            )
        else:
            path, found, n_used = solve_path(
                columns, products, u, l1_ratios[ratio], none, n_penalties
            )
        used[ratio] = n_used
        for step in range(n_penalties):
            penalties[ratio, step] = found[step] * scale
        for step in range(n_used):
            for target in range(n_targets):
                total = 0.0
                for j in range(p):
                    total += path[step, j] * placed[target, j]
                predictions[ratio, step, target] = mean + scale * total
    return penalties, used, predictions


@compiled
def left_out_paths(stack, outcome, sets, l1_ratios, n_penalties, threshold):  # type: ignore[no-untyped-def]
    """Fit paths without the participants of each set and predict these.

    Returns penalties (n_sets, A, L), how many are used (n_sets, A), and predictions
    (n_sets, A, L, 2).
    """
    n_sets, n_ratios, n = len(sets), len(l1_ratios), len(outcome)
    penalties = np.empty((n_sets, n_ratios, n_penalties))
    used = np.empty((n_sets, n_ratios), np.int64)
    predictions = np.full((n_sets, n_ratios, n_penalties, 2), np.nan)
    for one in range(n_sets):
        n_out = 0
        targets = np.empty(2, np.int64)
        for place in range(2):
            if sets[one, place] >= 0:
                targets[n_out] = sets[one, place]
                n_out += 1
        rows = np.empty(n - n_out, np.int64)
        count = 0
        for row in range(n):
            if row != sets[one, 0] and row != sets[one, 1]:
                rows[count] = row
                count += 1
        found, n_used, predicted = fold_paths(
            stack[one], outcome, rows, targets[:n_out], l1_ratios, n_penalties, threshold
        )
        penalties[one], used[one] = found, n_used
        predictions[one, :, :, :n_out] = predicted
    return penalties, used, predictions


@compiled
def interpolated(wanted, penalties, values, n_used):  # type: ignore[no-untyped-def]
    """Interpolate linearly in the penalty, from values at falling penalties; ends are held."""
    if wanted >= penalties[0] or n_used == 1:
        return values[0]
    if wanted <= penalties[n_used - 1]:
        return values[n_used - 1]
    low, high = 0, n_used - 1
    while high - low > 1:
        middle = (low + high) // 2
        if penalties[middle] > wanted:
            low = middle
        else:
            high = middle
    share = (penalties[low] - wanted) / (penalties[low] - penalties[high])
    return values[low] + share * (values[high] - values[low])


@compiled
def interpolated_residuals(outcome, own, n_own, penalties, used, predictions, targets):  # type: ignore[no-untyped-def]
    """Return left-out residuals (A, L, n_folds) at the penalties (A, L) of a fit to all rows.

    A fold has one target, and its own penalties (n_folds, A, L), of which (n_folds, A) are used,
    and predictions (n_folds, A, L).
    """
    n_ratios, n_penalties = own.shape
    residuals = np.full((n_ratios, n_penalties, len(targets)), np.nan)
    for ratio in range(n_ratios):
        for fold in range(len(targets)):
            for step in range(n_own[ratio]):
                residuals[ratio, step, fold] = outcome[targets[fold]] - interpolated(
                    own[ratio, step],
                    penalties[fold, ratio],
                    predictions[fold, ratio],
                    used[fold, ratio],
                )
    return residuals
