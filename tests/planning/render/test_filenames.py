"""Names of files: safe on every system, and the founder's own wherever a browser can have it."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.render.filenames import content_disposition, filename


@pytest.mark.parametrize(
    ("venture", "name"),
    [
        ("Clean Water Initiative", "Clean Water Initiative - business plan.pdf"),
        ("", "business plan.pdf"),
        ("../../etc/passwd", "etc passwd - business plan.pdf"),
        ("..\\..\\windows", "windows - business plan.pdf"),
        ("CON", "CON_ - business plan.pdf"),
        ("lpt1.txt", "lpt1_txt_ - business plan.pdf"),
        ("a\u202egpj.exe", "agpj.exe - business plan.pdf"),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie x 1 - business plan.pdf"),
        ('a";filename="b', "a filename b - business plan.pdf"),
        (".hidden", "hidden - business plan.pdf"),
        ("x" * 300, f"{'x' * 80} - business plan.pdf"),
        ("مبادرة المياه", "مبادرة المياه - business plan.pdf"),
        ("Água Limpa", "Água Limpa - business plan.pdf"),
        ("///", "business plan.pdf"),
    ],
)
def test_a_name_is_made_of_the_venture(venture: str, name: str) -> None:
    assert filename(venture, "business_plan", "pdf") == name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Água - plan.pdf", "Agua - plan.pdf"),
        ("مبادرة - plan.pdf", "plan.pdf"),
        ("مبادرة.pdf", "document.pdf"),
        ("100% - plan.pdf", "100 - plan.pdf"),
    ],
)
def test_old_browsers_get_a_name_in_ascii(name: str, plain: str) -> None:
    header = content_disposition(name)
    assert header.startswith(f'attachment; filename="{plain}"; ')
    assert unquote(header.split("filename*=UTF-8''")[1]) == name


@given(st.text())
def test_m06_any_venture_gives_a_header_that_can_be_sent(venture: str) -> None:
    name = filename(venture, "business_plan", "pdf")
    assert re.search(r'[<>:"/\\|?*\x00-\x1f]', name) is None
    assert len(name.encode()) <= 255 + 120  # four bytes for each of eighty characters at most
    header = content_disposition(name)
    assert re.fullmatch(
        r'attachment; filename="[\w .,()&+-]+"; filename\*=UTF-8\'\'[\w.~%-]+', header, re.ASCII
    )
