"""A scripted upstream: answers, fails or takes its time as told. For tests, benchmarks and demos."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clock import SYSTEM_CLOCK, Clock
from providers.base import Emit, Identity, Terms
from providers.completion import Completion, Delta
from providers.errors import FailureKind, ProviderError
from providers.prompt import Prompt
from storage.ledger import ACCOUNT, Allowance, Limits


@dataclass(frozen=True, slots=True)
class Pieces:
    """An answer that comes piece by piece, *apart_s* seconds apart, and may fail in the end."""

    texts: tuple[str, ...]
    failure: FailureKind | None = None
    apart_s: float = 0.0


@dataclass(frozen=True, slots=True)
class After:
    """An outcome that comes only after *duration_s* seconds on the upstream's clock."""

    duration_s: float
    outcome: "str | Pieces | FailureKind | ProviderError"


@dataclass(slots=True)
class FakeUpstream:
    """Plays *script* and then repeats *answer*; `prompts` keeps what it was asked."""

    name: str = "fake"
    script: Iterable[str | Pieces | FailureKind | ProviderError | After] = ()
    answer: str = "An answer."
    model: str = "fake-1"
    clock: Clock = SYSTEM_CLOCK
    prompts: list[Prompt] = field(default_factory=list)
    identity: Identity = field(init=False)
    terms: Terms = field(init=False)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.script = iter(self.script)
        self.identity = Identity(self.name, self.name.title(), f"{self.name.title()} API", "⚪")
        scopes = ((ACCOUNT, self.limits), (self.model, Limits()))
        self.terms = Terms(Allowance(self.name, scopes=scopes))

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """See `Upstream.complete`; a script entry that outlasts *timeout_s* times out."""
        self.prompts.append(prompt)
        outcome = next(iter(self.script), self.answer)
        if isinstance(outcome, After):
            await self.clock.sleep(min(outcome.duration_s, timeout_s))
            outcome = FailureKind.TIMEOUT if outcome.duration_s > timeout_s else outcome.outcome
        if isinstance(outcome, FailureKind):
            raise ProviderError(outcome)
        if isinstance(outcome, ProviderError):
            raise outcome
        pieces = Pieces((outcome,)) if isinstance(outcome, str) else outcome
        for place, piece in enumerate(pieces.texts):
            if place:
                await self.clock.sleep(pieces.apart_s)
            if emit:
                emit(Delta(text=piece))
        if pieces.failure is not None:
            raise ProviderError(pieces.failure)
        return Completion("".join(pieces.texts), "stop", self.model)

    async def used_today(self) -> int | None:
        """See `Upstream.used_today`."""
        return None

    async def aclose(self) -> None:
        """See `Upstream.aclose`."""
