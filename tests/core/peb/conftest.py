"""What tests of trials share."""

from collections.abc import Iterator, Sequence

import pytest


def nobody(*_: object, participants: Sequence[str], **__: object) -> dict[str, None]:
    """Say that without anybody there is no estimate."""
    return dict.fromkeys(sorted(set(participants)))


@pytest.fixture
def nobody_left_out() -> Iterator[None]:
    """Estimate no group again without each participant, which takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bids_ketamine.core.peb.trial_fits.estimates_without_each", nobody)
        yield
