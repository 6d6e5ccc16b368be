"""PDF files as a reader opens them: text in every script, links, bookmarks, pages, and nothing hostile."""

import itertools
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planning.content import Bar, Chart, Column, Document, Gantt, Prose, Section, Series, Table
from planning.render.errors import Unprintable, UnusableFont
from planning.render.pdf import pdf
from planning.wording import LANGUAGES, words_in
from tests.planning.render import languages, sample
from tests.planning.render.opened import (
    annotations,
    bookmarks,
    fonts,
    glyphs,
    inner_links,
    opened,
    text_of,
    web_links,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def plan() -> bytes:
    """A whole plan."""
    return pdf(sample.plan())


def of(*blocks: object, **changes: object) -> Document:
    """A document with *blocks* in one section and nothing else."""
    section = Section("x", "Blocks", blocks)  # type: ignore[arg-type]
    bare = {"sections": (section,), "references": (), "questions": (), "notices": ()}
    return sample.plan(**{**bare, **changes})


def letters(text: str) -> str:
    """*text* without spaces and marks, which programs that read PDF files place differently."""
    return re.sub(r"[\W_]", "", text)


def test_a_plan_has_a_cover_contents_and_at_least_fifteen_pages(plan: bytes) -> None:
    pages = opened(plan).pages
    assert len(pages) >= 15
    assert "Business plan" in pages[0].extract_text()
    assert "Page" not in pages[0].extract_text()
    assert pages[1].extract_text().count("Three-year finances") == 1
    assert "Contents" in pages[1].extract_text()


def test_every_page_after_the_cover_says_which_of_how_many_it_is(plan: bytes) -> None:
    pages = opened(plan).pages
    for number, page in enumerate(pages[1:], start=2):
        assert f"Page {number} of {len(pages)}" in page.extract_text()
        assert "Clean Water Initiative" in page.extract_text()


def test_the_contents_name_the_pages_on_which_the_sections_are(plan: bytes) -> None:
    lines = opened(plan).pages[1].extract_text().splitlines()
    contents = lines[lines.index("Contents") :]
    sections = [(title, page) for depth, title, page in bookmarks(plan) if depth == 0]
    assert len(sections) == len(sample.plan().sections) + 2  # what is needed, and the sources
    for title, page in sections:
        at = next(n for n, line in enumerate(contents) if line.endswith(title))
        assert contents[at + 1] == str(page)


def test_bookmarks_lead_to_the_pages_on_which_the_headings_stand(plan: bytes) -> None:
    pages = [" ".join(page.extract_text().split()) for page in opened(plan).pages]
    found = bookmarks(plan)
    assert {depth for depth, _, _ in found} == {0, 1}
    for _, title, page in found:
        assert title[:12] in pages[page - 1]


def test_marks_lead_to_sources_and_sources_to_their_addresses(plan: bytes) -> None:
    sources = next(page for _, title, page in bookmarks(plan) if title == "Sources")
    marks = [top for page, top in inner_links(plan) if page == sources]
    assert len(marks) >= 15
    assert len(set(marks)) >= len(sample.REFERENCES)
    assert set(web_links(plan)) == {reference.url for reference in sample.REFERENCES}


def test_the_file_says_what_it_is(plan: bytes) -> None:
    reader = opened(plan)
    assert reader.metadata is not None
    assert reader.metadata.title == "Business plan roadmap 2027–2029"
    assert reader.metadata.author == "Clean Water Initiative"
    assert (
        reader.metadata.subject == "Community water filtration for 10,000 people in rural Turkana"
    )
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == date(2026, 11, 24)
    catalogue = reader.root_object
    assert str(catalogue["/Lang"]) == "en"
    assert "/DisplayDocTitle" in str(catalogue["/ViewerPreferences"])


def test_equal_documents_give_equal_bytes(plan: bytes) -> None:
    """Also when other documents were rendered between them."""
    pdf(languages.document("ar"))
    assert pdf(sample.plan()) == plan


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_readable_in_every_language(language: str) -> None:
    """Every text that was put in comes out again, copied from the pages."""
    file = pdf(languages.document(language))
    said = letters(text_of(file))
    for text in itertools.chain(*languages.TEXTS[language].values()):
        for word in re.sub(r"\*\*|\[S?1\]", " ", text).split():
            assert letters(word) in said, word
    assert letters(words_in(language)("document.contents")) in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_glyph_is_missing_and_every_font_is_embedded(language: str) -> None:
    """The glyph that stands for a missing one has the number 0."""
    found = fonts(pdf(languages.document(language)))
    assert found
    for name, font in found.items():
        assert font["/Subtype"] == "/Type0", name
        assert 0 not in glyphs(font), name
        assert "/FontFile2" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"]


def test_scripts_mix_within_a_paragraph() -> None:
    text = "Ελληνικά, русский, العربية (UNICEF), हिन्दी, Tiếng Việt, Ƙasa da ɗaki, ₦ 500 and € 3."
    said = text_of(pdf(of(Prose(text))))
    for word in ("Ελληνικά", "русский", "العربية", "UNICEF", "हिन्दी", "Tiếng", "Ƙasa", "₦", "€"):
        assert letters(word) in letters(said), word


def test_arabic_is_drawn_from_the_right() -> None:
    """The words of a line follow each other to the left, Latin words and figures in it do not turn."""
    file = pdf(languages.document("ar"))
    catalogue = opened(file).root_object
    assert "/R2L" in str(catalogue["/ViewerPreferences"])
    at: dict[str, float] = {}

    def visit(text: str, _: object, matrix: list[float], *__: object) -> None:
        at.setdefault(text.strip(), matrix[4])

    opened(file).pages[2].extract_text(visitor_text=visit)
    places = {letters(text): x for text, x in at.items()}
    assert places["تشرب"] > places["أربع"] > places["أسر"]
    assert places["UNICEF"] > places["نيروبي"]
    assert "2,400" in text_of(file)


@pytest.mark.parametrize("is_draft", [True, False])
def test_a_draft_says_so_on_every_page(is_draft: bool) -> None:
    pages = opened(pdf(sample.plan(is_draft=is_draft))).pages
    assert {("Draft without AI" in page.extract_text()) for page in pages} == {is_draft}


def test_the_paper_is_a4_or_letter() -> None:
    for size, expected in (("A4", (595, 842)), ("Letter", (612, 792))):
        page = opened(pdf(languages.document("en"), page_size=size)).pages[0]  # type: ignore[arg-type]
        assert (round(page.mediabox.width), round(page.mediabox.height)) == expected


def test_a_table_that_is_too_wide_gets_a_turned_page_and_the_text_goes_on_upright() -> None:
    document = of(sample.finance())
    upright = Section("y", "After", (Prose("It goes on."),))
    file = pdf(replace(document, sections=(*document.sections, upright)))
    turned = [page.mediabox.width > page.mediabox.height for page in opened(file).pages]
    assert turned == [False, True, False]
    assert "Closing cash" in opened(file).pages[1].extract_text()


def test_a_table_with_more_columns_than_a_page_is_wide_comes_in_parts() -> None:
    """Each behind its first column."""
    columns = (Column("Item"), *(Column(f"{n}/2027", "end") for n in range(40)))
    rows = tuple((f"Row {r}", *(f"{r}2,5{n:02d}" for n in range(40))) for r in range(4))
    said = text_of(pdf(of(Table("Wide", columns, rows))))
    assert all(cell in said for row in rows for cell in row)
    assert said.count("Row 3") > 1


def test_the_header_of_a_long_table_is_repeated_on_every_page() -> None:
    file = pdf(of(sample.beneficiaries(150)))
    with_rows = [p.extract_text() for p in opened(file).pages if "Village of" in p.extract_text()]
    assert len(with_rows) > 3
    assert all("Systems" in text and "Ward" in text for text in with_rows)


def test_the_sum_of_a_table_never_stands_alone_on_a_page() -> None:
    for rows in range(29, 39, 2):
        pages = opened(pdf(of(sample.beneficiaries(rows)))).pages
        last = next(p.extract_text() for p in pages if "118" in p.extract_text())
        assert "Village of" in last


def test_a_low_table_takes_its_note_along() -> None:
    """However much stands above it, the note is never alone on the next page."""
    table = Table("Who", (Column("a"), Column("b")), (("x", "y"),) * 5, note="Thenote.")
    for lines in range(34, 60):
        prose = Prose("\n\n".join(["Line."] * lines))
        pages = [page.extract_text() for page in opened(pdf(of(prose, table))).pages]
        assert any("Who" in page and "Thenote" in page for page in pages), lines


def test_a_heading_never_ends_a_page() -> None:
    """Whatever stands before it."""
    for lines in range(22, 34, 2):
        body = Prose("\n\n".join(["One line."] * lines) + "\n\n### The heading\n\nIts text.")
        pages = [page.extract_text() for page in opened(pdf(of(body))).pages]
        assert any("The heading" in page and "Its text." in page for page in pages)


def test_a_cell_that_is_longer_than_a_page_goes_on_on_the_next() -> None:
    words = " ".join(f"word{n}" for n in range(4000))
    said = text_of(pdf(of(Table("Long", (Column("a"), Column("b")), (("x", words),)))))
    assert "word0" in said
    assert "word3999" in said


def test_a_word_that_is_wider_than_its_line_is_broken_and_loses_nothing() -> None:
    word = "Donaudampfschifffahrtsgesellschaft" * 30
    said = letters(text_of(pdf(of(Prose(word), Table("t", (Column("a"),) * 9, ((word,) * 9,))))))
    assert word in said


def test_characters_that_no_font_has_are_replaced_visibly() -> None:
    said = text_of(
        pdf(of(Prose("Go \U0001f680 now ✅ done \U0001f1f0\U0001f1ea and 水 or \ue000.")))
    )
    for part in ("[rocket]", "✓", "KE", "[?]"):
        assert part in said, part


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("私たちの使命は安全な水を届けることです。" * 3, "Chinese, Japanese or Korean"),
        ("ภารกิจของเราคือการจัดหาน้ำสะอาดให้กับชุมชน", "Thai"),
    ],
)
def test_a_script_that_we_lack_is_refused_with_a_way_out(text: str, script: str) -> None:
    with pytest.raises(Unprintable, match=script) as refused:
        pdf(of(Prose(text), title="T", subtitle="", venture="V"))
    assert "DOCX or Markdown" in str(refused.value)
    assert "PDF_FONT_CJK" in str(refused.value)


CJK_FONTS = sorted(
    path
    for pattern in (
        "**/wqy-microhei.ttc",
        "**/NotoSansCJK-Regular.ttc",
        "**/DroidSansFallback*.ttf",
    )
    for path in Path("/usr/share/fonts").glob(pattern)
)


@pytest.mark.skipif(not CJK_FONTS, reason="no font with Chinese letters is installed")
@pytest.mark.parametrize("font", CJK_FONTS, ids=lambda path: path.name)
def test_a_font_file_gives_the_letters_that_ours_lack(font: Path) -> None:
    """TrueType and OpenType fonts, and collections of them."""
    text = "我们的使命是为农村社区提供安全的饮用水。"
    file = pdf(of(Prose(f"{text * 5} English"), title="清洁水"), extra_font=str(font))
    assert letters(text) in letters(text_of(file))
    assert any("Extra" in name for name in fonts(file))


@pytest.mark.parametrize("content", [b"", b"no font at all", b"OTTO" + bytes(200)])
def test_a_file_that_is_no_font_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.ttf"
    path.write_bytes(content)
    with pytest.raises(UnusableFont, match=r"wrong\.ttf"):
        pdf(languages.document("en"), extra_font=str(path))


@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_hostile_text_is_only_ever_text(text: str) -> None:
    """No link but those of sources with a proper address, no picture, no script, no attached file."""
    file = pdf(sample.hostile(text))
    assert set(re.findall(r"^[a-z]+", " ".join(web_links(file)))) <= {"https"}
    assert all(link.startswith("https://example.org/") for link in web_links(file))
    reader = opened(file)
    assert not {"/Names", "/OpenAction", "/AA", "/AcroForm"} & set(reader.root_object)
    for annotation in annotations(file):
        assert annotation["/Subtype"] == "/Link"
        assert annotation.get("/A", {}).get("/S", "/URI") == "/URI"
    for page in reader.pages:
        assert not list(page.images)


def test_m05_markup_of_an_attack_stands_on_the_page_as_it_was_written() -> None:
    payload = sample.HOSTILE[2]
    said = text_of(pdf(of(Prose(payload), Table("t", (Column("c"),), ((payload,),)))))
    assert letters(said).count(letters(payload)) == 2
    assert "file:///etc/passwd" in text_of(pdf(of(Prose(sample.HOSTILE[0]))))
    assert not Path("/tmp/owned").exists()  # noqa: S108 - what the payload would make


def test_m04_no_text_opens_a_file_or_a_socket() -> None:
    """Watched by the interpreter itself: once all is imported and the fonts are read, nothing is opened."""
    watched = """
import sys
from planning.render.pdf import pdf
from tests.planning.render import languages, sample
for language in ("en", "ar", "hi"):
    pdf(languages.document(language))
pdf(sample.plan())
seen = []
watched = ("open", "socket", "urllib", "subprocess", "os.system", "os.exec", "ctypes", "import", "exec")
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.startswith(watched) else None)
for text in sample.HOSTILE:
    pdf(sample.hostile(text))
print(seen)
"""
    run = subprocess.run(
        [sys.executable, "-c", watched], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60), st.sampled_from(sample.HOSTILE))
def test_any_text_makes_a_file_that_opens(text: str, hostile: str) -> None:
    try:
        file = pdf(sample.hostile(text + hostile[:40]))
    except Unprintable:
        return
    assert len(opened(file).pages) > 2


@pytest.mark.parametrize(
    "block",
    [
        Gantt(
            "g",
            (Bar("a", "A", date.min, date.max), Bar("b", "B", date(2027, 1, 1), date(2027, 1, 1))),
        ),
        Gantt("g", (Bar("a", "A", date(2027, 5, 1), date(2027, 1, 1), depends_on=("a", "z")),)),
        Gantt("g", ()),
        sample.schedule(120),
        Chart("c", "line", (), (), ""),
        Chart("c", "columns", ("a",), (Series("s", (Decimal("1e400"),)),), "USD"),
        Chart("c", "line", ("a",), (Series("s", (Decimal("1e200"),)),), "USD"),
        Chart("c", "stacked", ("a", "b"), (Series("s", (Decimal("-1e-9"), Decimal(0))),), "%"),
        Table("t", (), (("a",),)),
        Table("t", (Column("a"),), ((), ("x", "more than there are columns")), totals=9),
        Prose(">" * 40 + " deep\n" + "\n".join("  " * n + "- item" for n in range(40))),
        Prose("word " * 20_000),
    ],
    ids=range(12),
)
def test_extreme_blocks_make_a_file_that_opens(block: object) -> None:
    assert opened(pdf(of(block))).pages


def test_a_document_without_anything_is_a_cover() -> None:
    document = sample.plan(
        title="", subtitle="", venture="", sections=(), references=(), questions=(), notices=()
    )
    assert len(opened(pdf(document)).pages) == 1


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")
def test_another_program_draws_the_pages(plan: bytes, tmp_path: Path) -> None:
    """Without a complaint, and no page is empty."""
    (tmp_path / "plan.pdf").write_bytes(plan)
    command = ["pdftoppm", "-r", "20", "-gray", "plan.pdf", "page"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    pictures = sorted(tmp_path.glob("page-*.pgm"))
    assert len(pictures) == len(opened(plan).pages)
    for picture in pictures:
        assert len(set(picture.read_bytes()[20:])) > 10
