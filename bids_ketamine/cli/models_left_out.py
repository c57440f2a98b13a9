"""Models of a session that were not estimated, for the console."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bids_ketamine.dataset.inputs import SessionInputs


def models_left_out(output_dir: Path, session: SessionInputs) -> list[tuple[str, str]]:
    """Return the dynamic causal models of a session that were not estimated, and why.

    Parameters
    ----------
    output_dir : Path
        Output folder.
    session : SessionInputs
        The session, computed.

    Returns
    -------
    list of (str, str)
        Model and reason, as the sidecar of the session's measures tells them; none where it
        cannot be read, which others tell.
    """
    path = output_dir / session.folder / f"{session.prefix}_measures.json"
    try:
        sidecar = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    told = sidecar.get("DynamicCausalModels") if isinstance(sidecar, dict) else None
    models = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    return [
        (str(each.get("Model", "")), str(each["Reason"]).rstrip("."))
        for each in models
        if each.get("Reason")
    ]
