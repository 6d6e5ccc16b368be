"""The embedded model as an upstream: for a first run without keys, and as a last resort.

It loads at its first use, writes in a thread of its own, one answer at a time with a short queue,
and stops within milliseconds when nobody waits any more. A model of this size cannot write a
document, so it is asked for short passages, and only sentences that hold up are kept.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from providers.base import Emit, Identity, Terms
from providers.completion import Completion, Delta, FinishReason, Usage
from providers.errors import FailureKind, ProviderError
from providers.prompt import Message, Passage, Prompt, Sketch
from providers.smollm import CONTEXT_TOKENS, MODEL, GenerationFailed, SmolLM, weights
from storage.ledger import Allowance

IDENTITY = Identity("local", "Embedded model", "Embedded model", "⚪")
LONGEST_QUEUE = 8
LONGEST_ANSWER_TOKENS = 512
PASSAGE_TOKENS = 70
TEMPERATURES = (0.3, 0.6, 0.7, 0.8)  # of the first try at a passage and of those after it
WRITER = (
    "You write short, clear, specific paragraphs for a social venture. Use only the facts given."
)
SYSTEM = "You are a helpful assistant. Answer briefly."


class LocalModel:
    """See `Upstream`. Only for where `LocalModel.is_installed()`."""

    identity = IDENTITY
    model = MODEL
    terms = Terms(
        Allowance(IDENTITY.name, is_own=True),
        tier=1,
        context_tokens=CONTEXT_TOKENS,
        abilities=frozenset(),
    )

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="local-model")
        self._loaded: SmolLM | None = None
        self._closing = threading.Event()
        self._queue = 0

    @staticmethod
    def is_installed() -> bool:
        """Whether its runtime and its weights are there."""
        return weights() is not None

    async def complete(
        self, prompt: Prompt, *, timeout_s: float, emit: Emit | None = None
    ) -> Completion:
        """See `Upstream.complete`."""
        if self._queue >= LONGEST_QUEUE:
            raise ProviderError(FailureKind.CAPACITY)
        unwanted = threading.Event()
        loop = asyncio.get_running_loop()

        def hear(text: str) -> None:  # in the model's thread
            if emit and not unwanted.is_set():
                loop.call_soon_threadsafe(emit, Delta(text=text))

        self._queue += 1
        try:
            async with asyncio.timeout(timeout_s):
                return await loop.run_in_executor(
                    self._thread, self._write, prompt, unwanted.is_set, hear
                )
        except TimeoutError:
            raise ProviderError(FailureKind.TIMEOUT) from None
        finally:
            unwanted.set()
            self._queue -= 1

    async def used_today(self) -> int | None:
        """See `Upstream.used_today`."""
        return None

    async def aclose(self) -> None:
        """See `Upstream.aclose`; what is being written is dropped."""
        self._closing.set()
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)
        self._loaded = None

    def _write(
        self, prompt: Prompt, unwanted: Callable[[], bool], hear: Callable[[str], None]
    ) -> Completion:
        def stop() -> bool:
            return unwanted() or self._closing.is_set()

        try:
            if self._loaded is None:
                path = weights()
                if path is None:
                    raise ProviderError(FailureKind.MODEL_GONE)
                self._loaded = SmolLM(path)
            if prompt.sketch is None:
                return _answer(self._loaded, prompt, stop, hear)
            drawn = _draw(self._loaded, prompt.sketch, stop)
            hear(drawn.text)
            return drawn
        except GenerationFailed as error:
            kind = FailureKind.TOO_LARGE if "context" in str(error) else FailureKind.GENERATION
            raise ProviderError(kind) from error
        except RuntimeError as error:  # all that the runtime says when it cannot load the file
            raise ProviderError(FailureKind.SERVER_ERROR) from error


def _answer(
    model: SmolLM, prompt: Prompt, stop: Callable[[], bool], hear: Callable[[str], None]
) -> Completion:
    """A plain answer to *prompt*, as any other model gives it."""
    messages = [Message(m.role, without_controls(m.text)) for m in prompt.messages]
    if not any(message.role == "system" for message in messages):
        messages.insert(0, Message("system", SYSTEM))
    generated = model.generate(
        messages,
        max_tokens=min(prompt.max_tokens or LONGEST_ANSWER_TOKENS, LONGEST_ANSWER_TOKENS),
        temperature=0.3 if prompt.temperature is None else prompt.temperature,
        seed=7 if prompt.seed is None else prompt.seed,
        stop=prompt.stop,
        cancelled=stop,
        hear=hear,
    )
    finish: FinishReason = "stop" if generated.finish_reason == "stop" else "length"
    return Completion(generated.text.strip(), finish, MODEL, generated.usage)


def _draw(model: SmolLM, sketch: Sketch, stop: Callable[[], bool]) -> Completion:
    """The sketch, passage by passage; what is known is laid out, the model writes between it."""
    parts = [sketch.preface] if sketch.preface else []
    written: set[str] = set()
    tokens = 0
    for passage in sketch.passages:
        sentences, spent = _write_passage(model, sketch, passage, written, stop)
        tokens += spent
        written.update(sentences)
        text = " ".join(sentences) or passage.otherwise
        headed = f"## {passage.heading}\n\n{text}" if passage.heading else text
        parts.append(f"{headed}\n\n{passage.fixed}" if passage.fixed else headed)
    text = ("\n\n" if any(p.heading for p in sketch.passages) else " ").join(parts)
    return Completion(text, "stop", MODEL, Usage(completion_tokens=tokens))


def _write_passage(
    model: SmolLM, sketch: Sketch, passage: Passage, written: set[str], stop: Callable[[], bool]
) -> tuple[list[str], int]:
    """The sentences of *passage* that hold up, none of them in *written*, and the tokens spent."""
    messages = (
        Message("system", WRITER),
        Message("user", without_controls(f"{sketch.facts}\n\n{passage.question}")),
        Message("assistant", without_controls(passage.opening)),
    )
    tokens = 0
    for attempt, temperature in enumerate(TEMPERATURES):
        if stop():
            break
        generated = model.generate(
            messages,
            max_tokens=PASSAGE_TOKENS,
            temperature=temperature,
            seed=7 + attempt,
            stop=("\n",),
            cancelled=stop,
        )
        tokens += generated.usage.completion_tokens
        sentences = [
            sentence
            for sentence in sound_sentences(passage.opening, generated.text, sketch.facts)
            if sentence not in written
        ]
        if sentences:
            return sentences[: sketch.sentences], tokens
    return [], tokens


ASSERTED_PAST = re.compile(
    r"\b(?:has|have|had)\s+(?:\w+ly\s+|also\s+|already\s+)?(?:been|\w+ed|set|made|won)\b"
    r"|\bproven track\b|\bour team of\b|\bdecided to\b",
    re.IGNORECASE,
)
QUANTITY = re.compile(r"\d|\b(?:hundred|thousand|million|billion)s?\b", re.IGNORECASE)


def sound_sentences(opening: str, text: str, facts: str) -> Iterator[str]:
    """The sentences of *opening* continued by *text* that say nothing which *facts* do not bear.

    So small a model attaches numbers to the wrong things, invents names, and claims results that
    nobody has had: sentences with a figure, an unknown name, a quotation or an asserted past are
    dropped, and so are those that are cut off, run on, or go round in circles. When the first one
    falls, all do, since they lean on it.
    """
    continued = f"{opening.rstrip()} {text.strip()}"
    for index, sentence in enumerate(re.split(r"(?<=[.!?])\s+(?=[A-Z])", continued)):
        own_words = sentence.removeprefix(opening) if index == 0 else sentence
        if _is_sound(sentence, own_words, facts):
            yield sentence
        elif index == 0:
            return


def _is_sound(sentence: str, own_words: str, facts: str) -> bool:
    words = re.findall(r"[a-z']+", own_words.lower())
    quads = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    names = re.findall(r"(?<=[\w,;:)] )\(?([A-Z][\w-]*)", own_words)
    return (
        sentence.endswith((".", "!", "?"))
        and 5 <= len(words) <= 45
        and len(quads) - len(set(quads)) <= 1
        and not QUANTITY.search(own_words)
        and not ASSERTED_PAST.search(own_words)
        and not re.search(r'["“”]', own_words)
        and all(name.lower() in facts.lower() or name == "I" for name in names)
    )


def without_controls(text: str) -> str:
    """*text* without the marks that separate turns in the model's own format."""
    return re.sub(r"<\|[^|<>]{0,40}\|>", "", text)
