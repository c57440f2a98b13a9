"""What the pages say of the container: its name, and commands that can be copied."""

import json
import re
from pathlib import Path

from bids_ketamine.cli.descriptor import release_version
from bids_ketamine.cli.parser import parse_arguments

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
#: The page on releases speaks of the next one.
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGES.md", "brainlife/README.md")),
    *(each for each in sorted(DOCS.rglob("*.md")) if "_build" not in each.parts),
]
IMAGE = re.compile(r"(?<![\w/-])(?:docker://)?bids/bids_ketamine\b(?::([\w.]*\w))?")
INSTALLATION = (DOCS / "installation.md").read_text("utf-8")


def commands(page: str) -> list[str]:
    """Return the lines that begin with a container engine, continued ones joined."""
    text = re.sub(r"\s*\\\n\s*", " ", page)
    return [line.strip() for line in text.splitlines() if re.match(r"(docker|apptainer) ", line)]


def test_the_image_is_that_of_the_release() -> None:
    release = release_version()
    named = 0
    for page in PAGES:
        tags = IMAGE.findall(page.read_text("utf-8"))
        if page.name != "release.md":
            # `dev` is what is built from a copy of the repository.
            assert set(tags) <= {release, "dev"}, page
            named += tags.count(release)
    assert named > 5
    script = (ROOT / "brainlife" / "main").read_text("utf-8")
    assert IMAGE.findall(script) == [release]
    image = json.loads((ROOT / "boutiques.json").read_text("utf-8"))["container-image"]["image"]
    assert image == f"bids/bids_ketamine:{release}"


def test_files_of_the_image_are_named_by_the_release() -> None:
    named = re.findall(r"bids_ketamine-([\w.]+)\.sif", INSTALLATION)
    assert set(named) == {release_version(), "dev"}


def test_commands_in_containers_are_read_by_the_app() -> None:
    found = [*commands((ROOT / "README.md").read_text("utf-8")), *commands(INSTALLATION)]
    after = re.compile(
        r"(?:bids/bids_ketamine:\S+|\S+\.sif bids_ketamine) (\S+ \S+ (?:participant|group) .*)"
    )
    read = [match[1] for match in map(after.search, found) if match]
    assert len(read) == 8
    levels = [parse_arguments(each.split()).analysis_level for each in read]
    assert levels.count("group") == 3


def test_results_in_containers_belong_to_the_user_and_are_made_first() -> None:
    running = [each for each in commands(INSTALLATION) if each.startswith("docker run")]
    assert len(running) == 6
    assert all('--user "$(id -u):$(id -g)"' in each for each in running)
    blocks = re.findall(r"```bash\n(.*?)```", INSTALLATION, flags=re.DOTALL)
    assert all(each.startswith("mkdir -p ") for each in blocks if "docker run" in each)
