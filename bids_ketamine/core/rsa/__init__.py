"""Representational similarity: cross-validated linear discriminant contrasts (LDC) of patterns.

From a fitted run to dissimilarities of a region::

    partitions          events -> one regressor per trial type and partition
    noise_covariance    residuals -> covariance of the voxels, patterns -> normalised patterns
    noise_level         how far the normalised noise is from unit variance
    pattern_weights     which partitions are compared with which
    discriminant_contrast   LDC, its bias and its standard error, for every pair at once
    reliability         the same from halves of the partitions
"""
