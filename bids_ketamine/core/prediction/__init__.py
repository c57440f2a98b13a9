"""Elastic net, and prediction that holds for new participants."""
