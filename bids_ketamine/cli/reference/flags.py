"""The page of every flag, made from the parsers themselves."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bids_ketamine.cli.flags import build_parser
from bids_ketamine.cli.reference.exit_codes import paragraph
from bids_ketamine.cli.reference.flag_examples import DEMO_EXAMPLES, EXAMPLES, Example
from bids_ketamine.demo.command import build_parser as build_demo_parser

INTRODUCTION = """\
# The command line

Two commands: [`bids_ketamine`](#bids_ketamine) computes,
[`bids_ketamine-demo`](#bids_ketamine-demo) writes a simulated trial to try it on. `--help` prints
what stands here in short. What is computed stands in the [study file](study.md), what is written
in [outputs.md](outputs.md), and how a run ends in [exit_codes.md](exit_codes.md).

## bids_ketamine

```
{usage}
```

{description}

| argument | meaning |
|---|---|
{positionals}

- Folders and level come first; options that take several values stand after them.
- Hyphens and underscores are alike: `--participant-label` is `--participant_label`. A value
  follows its flag, or stands behind `=`: `--nprocs 4`, `--nprocs=4`. Flags are not abbreviated.
- An option with several values (`...`) may be given once with all of them, or several times.
- Labels stand with or without their prefix: `01` is `sub-01`. `~` is the home folder, also behind
  `NAME=`.
- Derivatives, the work directory and labels are about the participant level; the group level
  takes everything in the output folder and refuses labels. The column *level* says whom a flag is
  about.
- A flag that is not known, a value that cannot be read, or flags that do not go together end the
  run with [exit code 64](exit_codes.md) before anything is read or written.
"""

DEMO = """\
## bids_ketamine-demo

{description}
It is made of forward models; what was planted is kept in `OUT/truth.json`.

```
{usage}
```

| argument | meaning |
|---|---|
{positionals}

The folder must be new or empty ([exit code 73](exit_codes.md)).
"""

#: Whom a flag is about, where it is one level alone.
LEVELS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("derivatives", "participant_labels", "session_labels", "task_labels"),
            *("bids_filter_file", "bids_database_dir", "memory_mb", "work_dir", "clean_workdir"),
            *("use_plugin", "stop_on_first_crash", "overwrite"),
        ),
        "participant",
    ),
    **dict.fromkeys(("random_seed", "permutations", "unblind", "no_individual_data"), "group"),
}

#: Defaults that the help does not tell, or in a way too long for a table.
DEFAULTS: Mapping[str, str] = {
    "derivatives": "`derivatives/fmriprep` in BIDS_DIR",
    "random_seed": "fixed seeds: a run gives the same again",
}

#: Longest line of an example; a longer one goes on below, as in a shell.
LONGEST_LINE = 96

_DEFAULT = re.compile(r"\s*\(default: ([^()]*)\)")


def flag_reference_text() -> str:
    """Return the page as Markdown."""
    parser, demo = build_parser(), build_demo_parser()
    return "\n".join(
        [
            INTRODUCTION.format(
                usage=_usage(parser),
                description=parser.description,
                positionals=_positionals(parser),
            ),
            *_groups(parser, EXAMPLES, with_level=True),
            DEMO.format(
                usage=_usage(demo),
                description=paragraph(str(demo.description)),
                positionals=_positionals(demo),
            ),
            *_groups(demo, DEMO_EXAMPLES, with_level=False),
        ]
    )


def _usage(parser: argparse.ArgumentParser) -> str:
    formatter = argparse.HelpFormatter(parser.prog, width=200)  # one line
    formatter.add_usage(parser.usage, parser._actions, (), prefix="")
    return formatter.format_help().strip()


def _positionals(parser: argparse.ArgumentParser) -> str:
    return "\n".join(
        f"| `{_value_name(action)}` | {_cell(_help(parser, action))} |"
        for action in parser._actions
        if not action.option_strings
    )


def _groups(
    parser: argparse.ArgumentParser, examples: Mapping[str, Sequence[Example]], *, with_level: bool
) -> Iterator[str]:
    """Yield a section for each group of options."""
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.option_strings]
        if not actions:
            continue
        title = str(group.title)
        yield f"### {title[:1].upper()}{title[1:]}\n"
        yield _table(parser, actions, with_level=with_level)
        if title in examples:
            yield _example_block(examples[title])


def _table(
    parser: argparse.ArgumentParser, actions: Iterable[argparse.Action], *, with_level: bool
) -> str:
    heads = ["flag", "value", "default", *(["level"] if with_level else []), "meaning"]
    rows = [heads, ["---"] * len(heads)]
    for action in actions:
        words, default = _meaning(parser, action)
        level = [LEVELS.get(action.dest, "both")] if with_level else []
        flags = ", ".join(f"`{flag}`" for flag in action.option_strings)
        rows.append([flags, _value(action), default, *level, words])
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows) + "\n"


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return ", ".join(f"`{choice}`" for choice in action.choices)
    return f"`{_value_name(action)}{' ...' if action.nargs == '+' else ''}`"


def _value_name(action: argparse.Action) -> str:
    return str(action.metavar or action.dest.upper())


def _meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str]:
    """Return what a flag means, and its default, which its help may tell."""
    words = _help(parser, action)
    told = _DEFAULT.search(words)
    if told is not None:
        words = _DEFAULT.sub("", words, count=1)
    if action.dest in DEFAULTS:
        return words, DEFAULTS[action.dest]
    if told is not None:
        return words, told.group(1)
    if action.required:
        return words, "required"
    return words, "off" if isinstance(action, argparse._StoreConstAction) else ""


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return parser._get_formatter()._expand_help(action)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _example_block(examples: Sequence[Example]) -> str:
    lines = []
    for example in examples:
        lines += [f"# {example.words}", *example.files, _in_lines(example.command)]
    return "```\n" + "\n".join(lines) + "\n```\n"


def _in_lines(command: str) -> str:
    """Return a command in lines that are not too long; a flag stays with its values."""
    first, *others = re.split(r" (?=-)", command)
    lines = [first]
    for each in others:
        if len(lines[-1]) + 1 + len(each) > LONGEST_LINE:
            lines.append(f"    {each}")
        else:
            lines[-1] += f" {each}"
    return " \\\n".join(lines)
