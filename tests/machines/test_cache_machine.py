"""The response cache against a dictionary: fresh, stale or gone, whatever time and files do."""

import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cache import FUTURE_TOLERANCE_S, ResponseCache
from storage.sqlite import FILE_NAME
from tests.doubles import TurnedClock

HOUR_S = 3600.0
TTL_S, STALE_S = 24 * HOUR_S, 24 * HOUR_S
keys = st.sampled_from(["one", "two", "three"])
values = st.one_of(st.text(max_size=20), st.lists(st.integers(-(2**53), 2**53), max_size=2))


class CacheMachine(RuleBasedStateMachine):
    """Set, look, wait, restart, damage; the reference knows when each value was stored."""

    @initialize()
    def begin(self) -> None:
        """A cache in a folder of its own."""
        self.folder = tempfile.TemporaryDirectory()
        self.clock = TurnedClock()
        self.known: dict[str, tuple[object, float]] = {}
        self.cache = self.open()

    def open(self) -> ResponseCache:
        """A process that begins."""
        return ResponseCache(cache_dir=self.folder.name, clock=self.clock)

    @rule(key=keys, value=values)
    def set(self, key: str, value: object) -> None:
        """The later value replaces the earlier."""
        self.cache.set(key, value)
        self.known[key] = (value, self.clock.epoch_s)

    @rule(key=keys)
    def look(self, key: str) -> None:
        """Fresh, stale or gone, by age alone; and never with a negative age."""
        found = self.cache.look_up(key)
        if key not in self.known:
            assert found is None
            return
        value, stored_at = self.known[key]
        age_s = self.clock.epoch_s - stored_at
        if not -FUTURE_TOLERANCE_S <= age_s < TTL_S + STALE_S:
            assert found is None
            return
        assert found is not None
        assert found.value == orjson.loads(orjson.dumps(value))
        assert found.is_fresh == (age_s < TTL_S)
        assert found.age_s == max(0.0, age_s)

    @rule(hours=st.floats(0, 30))
    def time_passes(self, hours: float) -> None:
        """Up to more than a day."""
        self.clock.turn(hours * HOUR_S)

    @rule(hours=st.floats(-30, 30))
    def the_clock_is_set(self, hours: float) -> None:
        """K01, K02: forward or back."""
        self.clock.epoch_s += hours * HOUR_S

    @rule()
    def clean_up(self) -> None:
        """Removes what could not be served any more, and nothing else."""
        self.cache.clear_expired()
        now = self.clock.epoch_s
        self.known = {k: v for k, v in self.known.items() if now - v[1] <= TTL_S + STALE_S}

    @rule()
    def restart(self) -> None:
        """The file answers."""
        self.cache.close()
        self.cache = self.open()

    @rule(content=st.sampled_from([b"", b"rubbish" * 1_000]))
    def the_file_is_replaced(self, content: bytes) -> None:
        """C01: everything is lost, and everything works."""
        self.cache.close()
        for path in Path(self.folder.name).glob(f"{FILE_NAME}*"):
            path.unlink()
        (Path(self.folder.name) / FILE_NAME).write_bytes(content)
        self.known.clear()
        self.cache = self.open()

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "cache"):
            self.cache.close()
            self.folder.cleanup()


CacheMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestCache = pytest.mark.timeout(120)(CacheMachine.TestCase)
