"""Nipype plugin files: YAML or JSON, as fMRIPrep takes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bids_ketamine.errors import InputDataError, InputMissingError

_EXAMPLE = "Write `plugin: MultiProc` and below it `plugin_args: {n_procs: 4}`."


def read_plugin_file(path: Path) -> Mapping[str, object]:
    """Read which Nipype plugin runs the steps.

    Parameters
    ----------
    path : Path
        YAML or JSON file with ``plugin`` and, if wanted, ``plugin_args``.

    Returns
    -------
    mapping
        ``{"plugin": name, "plugin_args": {...}}``.

    Raises
    ------
    InputMissingError
        If the file is not there.
    InputDataError
        If it does not name a plugin, or holds other keys.
    """
    import yaml

    if not path.is_file():
        raise InputMissingError(
            "The plugin file does not exist.", path=path, cure="Correct --use-plugin."
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = "" if line is None else f" (line {line + 1})"
        raise InputDataError(
            f"The plugin file is neither YAML nor JSON{where}.", path=path, cure=_EXAMPLE
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("plugin"), str):
        raise InputDataError("The plugin file names no plugin.", path=path, cure=_EXAMPLE)
    unknown = sorted(str(key) for key in set(content) - {"plugin", "plugin_args"})
    if unknown:
        raise InputDataError(
            f"The plugin file has an unknown key: `{unknown[0]}`.", path=path, cure=_EXAMPLE
        )
    arguments = content.get("plugin_args") or {}
    if not isinstance(arguments, dict):
        raise InputDataError("`plugin_args` is not a table.", path=path, cure=_EXAMPLE)
    from nipype.pipeline import plugins

    known = sorted(name.removesuffix("Plugin") for name in dir(plugins) if name.endswith("Plugin"))
    if content["plugin"] not in known:
        raise InputDataError(
            f"Nipype has no plugin `{content['plugin']}`.",
            path=path,
            cure=f"Plugins: {', '.join(known)}.",
        )
    return {"plugin": content["plugin"], "plugin_args": arguments}
