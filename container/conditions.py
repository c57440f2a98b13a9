"""Run in the container by ``test.sh``: the conditions are what the test says they are.

Arguments: the user's number, and the limit of memory in bytes, which the app must have read from
its control group.
"""

import os
import socket
import sys
from pathlib import Path

from bids_ketamine.images.memory import granted_memory


def writable(folder: str) -> bool:
    """Return whether a file can be made in a folder."""
    probe = Path(folder) / "probe"
    try:
        probe.touch()
    except OSError:
        return False
    probe.unlink()
    return True


def network() -> bool:
    """Return whether there is a way out of the container."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # no packet is sent: is there a route?
        except OSError:
            return False
    return True


uid, memory = int(sys.argv[1]), int(sys.argv[2])
found = {
    "user": os.getuid() == uid,
    "user has no name": f":{uid}:" not in Path("/etc/passwd").read_text(encoding="utf-8"),
    "read-only root": not any(map(writable, ("/", "/opt/bids_ketamine", "/var/tmp", "/root"))),
    "read-only input": not writable("/data"),
    "no network": not network(),
    "the app reads the limit of memory": abs(granted_memory() - memory) < 1e6,
}
for name, holds in found.items():
    print(f"{'yes' if holds else 'NO '}  {name}")
sys.exit(0 if all(found.values()) else 1)
