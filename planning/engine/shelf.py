"""What a run has made already, by what it was made from: nothing is paid for twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from answers import MAKE, Routed, recall, remember
from cache import ANY_FRESH, Cached, Freshness, ResponseCache
from callers import CALLER


@dataclass(frozen=True, slots=True)
class Shelf:
    """The cache as a run sees it, with what others of the caller's scope have made.

    What the run itself has made stays good until it is finished, however long that takes: nothing
    younger than *kept_for_s* seconds is made again, also when it is no longer fresh for others.
    """

    cache: ResponseCache
    freshness: Freshness = ANY_FRESH
    kept_for_s: float = 0.0

    async def find(self, key: str) -> Any:
        """What is kept under *key*; None when there is nothing that may be used."""
        cached = await self._look_up(key)
        return None if cached is None else cached.value

    async def keep(self, key: str, value: Any) -> None:
        """Keep *value*, which must be JSON."""
        if self.freshness.may_store:
            await self.cache.keep(CALLER.get().scoped(key), value)

    async def once(
        self,
        key: str,
        work: Callable[[], Awaitable[Any]],
        *,
        lasts: Callable[[Any], bool] = lambda _: True,
    ) -> Any:
        """What is kept under *key*, else what *work* makes, which is kept.

        What does not *last* (an empty result of a search that failed) is only good for the run that
        made it.
        """
        cached = await self._look_up(key)
        if cached is not None and (lasts(cached.value) or cached.age_s <= self.kept_for_s):
            return cached.value
        made = await work()
        await self.keep(key, made)
        return made

    async def answer(self, key: str) -> Routed | None:
        """The model's answer that is kept under *key*, if there is one."""
        cached = await self._look_up(key)
        is_ours = cached and isinstance(cached.value, dict) and cached.value.get("make") == MAKE
        return recall(cached, "HIT") if cached and is_ours else None

    async def keep_answer(self, key: str, routed: Routed) -> None:
        """Keep a model's answer, also one that was cut off: what was paid for is not asked again."""
        await self.keep(key, remember(routed))

    async def _look_up(self, key: str) -> Cached | None:
        if not self.freshness.may_read and self.kept_for_s <= 0:
            return None
        cached = await self.cache.find(CALLER.get().scoped(key))
        if cached is None:
            return None
        is_own = 0 < cached.age_s <= self.kept_for_s
        return cached if is_own or self.freshness.accepts(cached) else None
