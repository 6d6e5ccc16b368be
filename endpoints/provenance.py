"""Where an answer came from, as headers of the response."""

import json
import math
import re

from answers import Origin

NAMES = ("X-Provider", "X-Model", "X-Cache", "X-Attempts", "X-Route-Receipt", "Age")


def provenance(origin: Origin, *, with_receipt: bool = False) -> dict[str, str]:
    """The headers that say where an answer came from; *with_receipt* also how."""
    headers = {
        "X-Provider": origin.provider,
        "X-Model": re.sub(r"[^\x21-\x7e]", "", origin.model)[:128],
        "X-Cache": origin.cache,
        "X-Attempts": str(len(origin.attempts)),
        "Age": str(math.floor(origin.age_s)),
    }
    return {**headers, "X-Route-Receipt": _receipt(origin)} if with_receipt else headers


def _receipt(origin: Origin) -> str:
    """Who was tried, who was skipped and why, and how long it waited: JSON for a header."""
    receipt = {
        "cache": origin.cache,
        "waited_s": round(origin.waited_s, 3),
        "tried": [
            {
                "provider": attempt.provider,
                "model": attempt.model,
                "elapsed_s": round(attempt.elapsed_s, 3),
                "failure": attempt.reason or None,
            }
            for attempt in origin.attempts
        ],
        "skipped": [
            {
                "provider": skipped.provider,
                "model": skipped.model,
                "reason": skipped.reason,
                "ready_in_s": None if skipped.ready_in_s is None else round(skipped.ready_in_s, 1),
            }
            for skipped in origin.skipped
        ],
    }
    return json.dumps(receipt, separators=(",", ":"))  # ASCII only, as a header must be
