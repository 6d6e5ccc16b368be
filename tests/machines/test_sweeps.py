"""Sweeps: cancel a request at each of its awaits, fail each operation of the store, kill the writer."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, cast

import pytest

from cache import ResponseCache
from failover import Patience
from providers.errors import FailureKind
from providers.fake import After, FakeUpstream
from providers.prompt import Message, Prompt
from rate_limiter import RateLimiter
from router import Router
from storage import Change, Entry, Store
from storage.ledger import Ledger, dump, load
from storage.memory import MemoryStore
from storage.sqlite import FILE_NAME, SqliteStore
from tests.doubles import TurnedClock
from tests.seeds import SEED

K = FailureKind
PROMPT = Prompt(messages=(Message("user", "Write."),))


class House:
    """A router with two scripted providers on a turned clock."""

    def __init__(self, store: Store | None = None, interval_s: float = 60.0) -> None:
        self.clock = TurnedClock()
        self.store = store or MemoryStore()
        self.upstreams = [
            FakeUpstream("first", [K.OVERLOADED, After(1, "First.")], clock=self.clock),
            FakeUpstream("second", [After(1, "Second."), After(1, "Again.")], clock=self.clock),
        ]
        self.router = Router(
            self.upstreams,
            ResponseCache(store=self.store, clock=self.clock),
            RateLimiter(interval_s, store=lambda: self.store, clock=self.clock),
            patience=Patience(300, 400),
            clock=self.clock,
            chance=lambda: 0.0,
        )

    async def ask(self, key: str) -> str:
        """One request."""

        async def frame() -> Prompt:
            await asyncio.sleep(0)
            return PROMPT

        return (await self.router.complete(key, frame, name="plan")).completion.text

    def sent(self) -> int:
        """How many calls really went out."""
        return sum(len(upstream.prompts) for upstream in self.upstreams)


async def scenario(house: House) -> None:
    """A failover, two who join, and one who waits for a slot."""
    await asyncio.gather(
        house.ask("one"), house.ask("one"), house.ask("two"), return_exceptions=True
    )


class Stepper:
    """Counts the steps of the tasks of a scenario, and cancels it at one of them."""

    def __init__(self, cancel_at: int) -> None:
        self.cancel_at = cancel_at
        self.steps = 0
        self.task: asyncio.Task[None] | None = None

    def factory(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **kw: Any
    ) -> Any:
        """A task whose every step is counted."""
        task = asyncio.Task(self._counted(work), loop=loop, **kw)
        task.add_done_callback(
            lambda _: work.close()
        )  # one that was cancelled before its first step
        return task

    async def _counted(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await _Steps(work, self)

    def step(self) -> None:
        """One more; at the chosen one everything is cancelled."""
        self.steps += 1
        if self.steps == self.cancel_at and self.task is not None:
            self.task.cancel()


class _Steps:
    """Awaits *work*, telling the stepper of each time that it is resumed."""

    def __init__(self, work: Coroutine[Any, Any, Any], stepper: Stepper) -> None:
        self.work, self.stepper = work, stepper

    def __await__(self) -> Any:
        value, failure = None, None
        while True:
            self.stepper.step()
            try:
                waiting = self.work.throw(failure) if failure else self.work.send(value)
            except StopIteration as stop:
                return stop.value
            value, failure = None, None
            try:
                value = yield waiting
            except BaseException as error:  # noqa: BLE001 - it is handed on
                failure = error


def run_cancelled_at(step: int) -> int:
    """Run the scenario and cancel it at *step*; how many steps there were. Checks what is left."""

    async def main() -> int:
        house = House()
        stepper = Stepper(step)
        loop = asyncio.get_running_loop()
        loop.set_task_factory(cast(Any, stepper.factory))
        stepper.task = loop.create_task(scenario(house))
        await asyncio.wait([stepper.task])
        loop.set_task_factory(None)
        for _ in range(20):
            await asyncio.sleep(0)
        assert house.router.cache.flights._under_way == {}
        assert house.router.slots.waiting == 0
        assert house.router.slots.waiting == 0
        for account in ("first", "second"):
            ledger = await house.router.limiter.ledger(account)
            counted = sum(call.calls for call in ledger.sent) or (1 if ledger.last else 0)
            asked = len(house.upstreams[0 if account == "first" else 1].prompts)
            assert counted >= min(asked, 1)
        assert all(
            breaker.probe_until_s is None or breaker.open_until_s is not None
            for breaker in house.router.circuits.breakers.values()
        )
        house.clock.turn(4_000)
        assert await house.ask("afterwards")
        return stepper.steps

    return asyncio.run(main())


def test_a_request_may_be_cancelled_at_each_of_its_awaits() -> None:
    """I11: nothing is left behind, and the next request is answered."""
    steps = run_cancelled_at(10**9)
    assert steps >= 15
    for step in range(1, steps + 1):
        run_cancelled_at(step)


class FailingAt(MemoryStore):
    """A store whose n-th operation fails, and all after it if told so."""

    def __init__(self, failing: int, *, for_ever: bool) -> None:
        super().__init__()
        self.failing, self.for_ever, self.operations = failing, for_ever, 0

    def _count(self) -> None:
        self.operations += 1
        if self.operations == self.failing or (self.for_ever and self.operations > self.failing):
            raise OSError("no space left on device")

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        self._count()
        return super().get(key)

    def put(self, key: str, entry: Entry, **_: object) -> None:
        """See `Store.put`."""
        self._count()
        super().put(key, entry)

    def update(self, name: str, change: Change, **_: object) -> None:
        """See `Store.update`."""
        self._count()
        super().update(name, change)


@pytest.mark.parametrize("for_ever", [False, True])
def test_d01_any_operation_of_the_store_may_fail(for_ever: bool) -> None:
    """The request is answered, and the interval is kept, whichever it is."""

    async def main(failing: int) -> int:
        store = FailingAt(failing, for_ever=for_ever)
        house = House(store)
        assert await house.ask("one")
        begin_s, sent = house.clock.monotonic(), house.sent()
        assert await house.ask("two")
        assert house.sent() > sent
        assert house.clock.monotonic() - begin_s >= 55
        return store.operations

    operations = asyncio.run(main(10**9))
    assert operations > 8
    for failing in range(1, operations + 1):
        asyncio.run(main(failing))


WRITER = """
import asyncio, sys
from pathlib import Path
from rate_limiter import RateLimiter
from storage import Change, Entry
from storage.ledger import Allowance, Limits
from storage.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
limiter = RateLimiter(0, store=lambda: store)
own = Allowance("gemini", scopes=(("*", Limits(per_day=10**9)),))
async def main():
    n = 0
    while True:
        n += 1
        slot = await limiter.reserve(own)
        print(n, flush=True)  # "sent"
        store.put(str(n % 50), Entry(b'"' + str(n).encode() * 200 + b'"', float(n)))
asyncio.run(main())
"""


def counted_in(path: Path) -> int:
    """How many calls of today the ledger holds."""
    store = SqliteStore(path)
    ledgers: list[Ledger] = []
    store.update("ledger:gemini", lambda stored: ledgers.append(load(stored or dump(Ledger()))))
    store.close()
    return ledgers[0].spent["*"].calls if ledgers[0].spent else 0


def kill_a_writer(path: Path, chance: random.Random) -> int:
    """Kill it at a random moment; the file must be whole. How many calls it said it had sent."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    reported = chance.randrange(1, 60)
    for _ in range(reported):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    with writer.stdout as rest:
        reported += len(rest.read().splitlines())
    writer.wait()
    store = SqliteStore(path)
    for key in range(50):
        entry = store.get(str(key))
        assert entry is None or entry.body == b'"' + str(int(entry.stored_at)).encode() * 200 + b'"'
    assert not list(path.parent.glob("*.damaged-*"))
    store.close()
    return reported


@pytest.mark.parametrize(
    "kills", [8, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_q03_c05_a_writer_may_be_killed_at_any_moment(tmp_path: Path, kills: int) -> None:
    """Answers are whole or absent, counters never below the truth."""
    chance = random.Random(SEED)
    path, sent = tmp_path / FILE_NAME, 0
    for _ in range(kills):
        sent += kill_a_writer(path, chance)
        assert counted_in(path) >= sent
