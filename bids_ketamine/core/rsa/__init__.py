"""Representational similarity: cross-validated linear discriminant contrasts (LDC) of patterns.

From a fitted run to dissimilarities of a region::

    partitions          events -> one regressor per trial type and partition
    noise_covariance    residuals -> covariance of the voxels, patterns -> normalised patterns
    covariance_df       degrees of freedom of that covariance
    noise_level         how far the normalised noise is from unit variance
    pattern_weights     which partitions are compared with which
    discriminant_contrast   LDC of every pair at once
    contrast_errors     what errors of the estimates make of it: bias, standard error
    reliability         the same from halves of the partitions
"""
