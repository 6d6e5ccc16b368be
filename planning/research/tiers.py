"""How far a site is trusted, by its host: official, academic, established, or other.

The hosts stand in `sites.json` by their last labels, curated by hand in November 2026: intergovernmental
bodies, development banks and states; universities and journals; news agencies, reference works and
large foundations that answer for what they print.
"""

import functools
import json
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from planning.content import Tier

# Second-level labels that states and universities register under, such as .gov.in and .ac.uk. Where
# anybody can register below `go` or `ac`, the country is left out.
_STATE = re.compile(
    r"(?:^|\.)(?:(?:gov|gob|gouv|gub|mil)\.[a-z]{2}|govt\.nz|gv\.at|go\.(?:jp|kr|th|id|ke|tz|ug|cr))$"
    r"|\.(?:gov|mil)$"
)
_UNIVERSITY = re.compile(
    r"(?:^|\.)(?:edu\.[a-z]{2}|ac\.(?:uk|jp|ke|za|nz|il|in|at|cr|id|kr|th|tz|ug|zw|zm|rw|bd|lk|cn))$"
)


def tier(url: str) -> Tier:
    """How far the site of *url* is trusted; `other` for all that is not known."""
    try:
        host = (urllib.parse.urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return "other"
    if _STATE.search(host) or _ends_with(host, "official"):
        return "official"
    if _UNIVERSITY.search(host) or _ends_with(host, "academic"):
        return "academic"
    return "established" if _ends_with(host, "established") else "other"


RANK: dict[Tier, int] = {"official": 0, "academic": 1, "established": 2, "other": 3}


def _ends_with(host: str, tier: str) -> bool:
    labels = host.split(".")
    endings = {".".join(labels[start:]) for start in range(len(labels))}
    return not endings.isdisjoint(_sites()[tier])


@functools.cache
def _sites() -> Mapping[str, frozenset[str]]:
    text = (Path(__file__).parent / "sites.json").read_text(encoding="utf-8")
    return {tier: frozenset(hosts) for tier, hosts in json.loads(text).items()}
