"""Parity with reference results: ``python -m tests.parity PATH [PATH ...] [--only QUANTITY ...]``.

A reference folder holds stored results of an established tool and a ``manifest.json`` that lists
what can be compared. Each case is computed with the package's own functions, compared by the
manifest's passing rule, and printed as a row: largest difference, tolerance, verdict.

=================  ==============================================================================
``pass``           all expected outputs are within tolerance
``FAIL``           one is not, or the computation raised an error (its message stands in the row)
``NOT COMPARED``   no reader for the quantity, or it does not give an expected output
``skipped``        the case needs a folder that is absent
``optional``       no reader, and the manifest allows that
=================  ==============================================================================

The difference and the tolerance of a row are those of the output nearest to failing. The last
line counts ``listed N, compared N, passed N``. Exit code 1 if a row says FAIL or NOT COMPARED,
64 for a wrong command line, 65 for a broken manifest, 66 for a folder without a manifest.

Adding a reader
---------------
A reader computes one quantity (the manifest's word) from its inputs and options. It is a
function of a few lines in a module of :mod:`tests.parity.readers`, one module a reference
family; modules there are found by themselves::

    from bids_ketamine.core.glm.design_matrix import drift_basis
    from tests.parity.evaluation import Context
    from tests.parity.readers import reader

    @reader("drift_basis")
    def drift(case: Context) -> dict[str, object]:
        options = case.options
        basis = drift_basis(
            n_scans=options["n_scans"], t_r=options["t_r"], high_pass=1 / options["high_pass"]
        )
        return {"X0": basis}

* ``case["X"]`` is input X: an array of float64 (images too), a table as DataFrame, a list of
  these, or a literal. It is read, or computed from another case, when asked for.
  ``case.affine("data")`` is the affine of an input image, ``"X" in case`` and
  ``case.get("X")`` ask for optional inputs.
* The dictionary holds every output of the README's table that the package can give, under the
  README's names; shapes may differ by axes of length one.
* A reader translates names, units and index bases. It holds no numerics: what it would have to
  compute belongs into the package.
"""
