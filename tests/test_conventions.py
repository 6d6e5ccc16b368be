"""What the house promises its readers: imports run one way, and every file says what it is for."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Who stands above whom: a module may import what has a greater number, or its own package.
LAYERS = {
    "main": 0,
    "settings": 1,
    "endpoints": 1,
    "planning": 2,
    "router": 3,
    "streams": 4,
    "notices": 4,
    "answers": 5,
    "failover": 6,
    "waiting_room": 6,
    "meters": 6,
    "providers": 7,
    "cache": 7,
    "rate_limiter": 7,
    "flights": 8,
    "callers": 8,
    "storage": 8,
    "clock": 9,
}
SHARED_BY_A_PROVIDER = {
    "base",
    "completion",
    "prompt",
    "errors",
    "events",
    "openai_compatible",
    "smollm",
}


def sources() -> list[Path]:
    """Every Python file that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines()]


def imports(path: Path) -> Iterator[str]:
    """The modules that *path* imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(path: Path) -> str:
    """The package or top-level module that *path* belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


ours = [path for path in sources() if part(path) in LAYERS]


@pytest.mark.parametrize("path", ours, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    """A file imports only what stands below it."""
    own = part(path)
    above = [
        module
        for module in imports(path)
        if (top := module.split(".")[0]) in LAYERS and top != own and LAYERS[top] <= LAYERS[own]
    ]
    assert above == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("providers/*.py")), ids=lambda path: path.stem)
def test_a_provider_never_imports_a_sibling(path: Path) -> None:
    """What providers share has a file of its own."""
    if path.stem not in {"gemini", "openrouter", "cloudflare", "openai_compatible"}:
        pytest.skip("not a provider's translation")
    siblings = {
        module.split(".")[1]
        for module in imports(path)
        if module.startswith("providers.") and module.count(".") >= 1
    }
    assert siblings <= SHARED_BY_A_PROVIDER


def test_the_sandbox_imports_nothing_of_ours() -> None:
    """So that a mistake in a translation cannot cancel itself out."""
    for path in ROOT.glob("sandbox/**/*.py"):
        assert not {module.split(".")[0] for module in imports(path)} & set(LAYERS)


def test_only_main_reads_settings() -> None:
    """Everything else is handed plain values."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if "settings" in imports(path) and not path.is_relative_to(ROOT / "tests")
    ]
    assert readers == ["main.py"]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_first_line_of_every_file_says_what_it_is_for(path: Path) -> None:
    """One sentence, in its docstring."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert len(docstring.splitlines()[0]) > 20


def test_the_top_level_is_the_one_that_was_given() -> None:
    """The names on the user's card are all there."""
    given = "main.py providers cache.py rate_limiter.py test_multi_provider.py requirements.txt"
    for name in (*given.split(), "vercel.json", ".env.example", "README.md"):
        assert (ROOT / name).exists(), name


def test_requirements_name_what_the_card_names() -> None:
    """`ddgs` is the maintained successor of duckduckgo-search."""
    card = "fastapi uvicorn requests python-dotenv elevenlabs reportlab ddgs pydantic"
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = {line.split("==")[0].split("[")[0] for line in lines if "==" in line}
    assert set(card.split()) <= names
