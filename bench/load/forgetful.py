"""The service with one thing changed: it does not remember that a provider is busy.

So every request meets the provider that fails; otherwise only the first few would. What a failed
attempt costs is all there: its error is read, told, logged and settled.
"""

from failover import VERDICTS, Verdict
from main import app
from providers.errors import FailureKind

__all__ = ["app"]

for kind in (FailureKind.OVERLOADED, FailureKind.MINUTE_LIMIT):
    VERDICTS[kind] = Verdict()
