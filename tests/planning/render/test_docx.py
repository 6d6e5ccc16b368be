"""DOCX files as Word and LibreOffice open them: styles, tables, links, languages, and nothing hostile."""

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import docx as word
import pytest
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planning.content import Chart, Column, Prose, Section, Series, Table
from planning.render.docx import docx
from planning.wording import LANGUAGES
from tests.planning.render import languages, sample
from tests.planning.render.opened import opened as opened_pdf


@pytest.fixture(scope="module")
def plan() -> bytes:
    """A whole plan."""
    return docx(sample.plan(is_draft=True))


def opened(file: bytes) -> WordDocument:
    """The file as python-docx reads it."""
    return word.Document(io.BytesIO(file))


def styled(document: WordDocument, style: str) -> list[str]:
    """The texts of the paragraphs in *style*."""
    return [p.text for p in document.paragraphs if p.style is not None and p.style.name == style]


def all_text(file: bytes) -> str:
    """Every text of the body, tables included."""
    body = zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml")
    return " ".join(e.text or "" for e in ElementTree.fromstring(body).iter(qn("w:t")))  # noqa: S314


def test_headings_have_the_styles_that_a_writer_expects(plan: bytes) -> None:
    document = opened(plan)
    assert styled(document, "Title") == ["Business plan roadmap 2027–2029"]
    titles = [section.title for section in sample.plan().sections]
    assert styled(document, "Heading 1") == [*titles, "Data needed", "Sources"]
    assert "What changes for people" in styled(document, "Heading 2")
    assert "Who is left out so far" in styled(document, "Heading 3")
    assert "Risk register" in styled(document, "Caption")


def test_tables_are_real_and_repeat_their_header(plan: bytes) -> None:
    tables = [
        t for t in opened(plan).tables if t.style is not None and t.style.name == "Plan Table"
    ]
    assert len(tables) > 6
    for table in tables:
        first = table.rows[0]._tr
        assert first.trPr is not None
        assert first.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    sums = [cell.text for cell in tables[-1].rows[0].cells]
    assert sums[0] == "Group"


def test_the_contents_are_a_field_that_is_filled_already(plan: bytes) -> None:
    document = opened(plan)
    codes = [e.text for e in document.element.iter(qn("w:instrText"))]
    assert ' TOC \\o "1-2" \\h \\z \\u ' in codes
    assert "Three-year finances" in styled(document, "toc 1")
    kinds = [e.get(qn("w:fldCharType")) for e in document.element.iter(qn("w:fldChar"))]
    assert kinds.count("begin") == kinds.count("separate") == kinds.count("end") == 1


def test_links_lead_to_sources_and_to_places_that_exist(plan: bytes) -> None:
    document = opened(plan)
    places = {e.get(qn("w:name")) for e in document.element.iter(qn("w:bookmarkStart"))}
    anchors = {e.get(qn("w:anchor")) for e in document.element.iter(qn("w:hyperlink"))} - {None}
    assert {"S1", "S2", "S3", "S4", "S5"} <= anchors <= places
    links = {r.target_ref for r in document.part.rels.values() if r.is_external}
    assert links == {reference.url for reference in sample.REFERENCES}


def test_heads_and_feet_count_pages_and_say_what_is_a_draft(plan: bytes) -> None:
    document = opened(plan)
    for section in document.sections:
        assert "Draft without AI" in section.header.paragraphs[0].text
        codes = [e.text for e in section.footer._element.iter(qn("w:instrText"))]
        assert codes == [" PAGE ", " NUMPAGES "]
    assert document.sections[0].first_page_header.paragraphs[0].text == ""


def test_wide_tables_turn_the_page(plan: bytes) -> None:
    turned = [s.page_width > s.page_height for s in opened(plan).sections]  # type: ignore[operator]
    assert turned == [False, True, False]


def test_days_do_not_make_a_table_turn_the_page() -> None:
    """In a narrow column a day may end its line before the year, though never in a word."""
    columns = tuple(Column(f"Column {n}") for n in range(7))
    row = ("Nov\u00a030,\u00a02029",) * 7
    file = docx(sample.plan(sections=(Section("a", "A", (Table("t", columns, (row,)),)),)))
    assert b"landscape" not in zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml")


def test_pictures_say_what_they_show(plan: bytes) -> None:
    told = [e.get("descr") for e in opened(plan).element.iter(qn("wp:docPr"))]
    assert len(told) == 6
    assert all(told)


def test_the_file_says_what_it_is(plan: bytes) -> None:
    properties = opened(plan).core_properties
    assert properties.title == "Business plan roadmap 2027–2029"
    assert properties.author == "Clean Water Initiative"
    assert properties.language == "en"
    assert str(properties.created).startswith("2026-11-24")


def test_equal_documents_give_equal_bytes(plan: bytes) -> None:
    assert docx(sample.plan(is_draft=True)) == plan


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_language_are_right_in_every_language(language: str) -> None:
    file = docx(languages.document(language))
    said = re.sub(r"\s", "", all_text(file))
    for texts in languages.TEXTS[language].values():
        for text in texts:
            assert re.sub(r"\s|\*\*", "", text).replace("[S", "[") in said
    styles = zipfile.ZipFile(io.BytesIO(file)).read("word/styles.xml").decode()
    assert f'w:val="{language}"' in styles


def test_arabic_runs_from_the_right_and_latin_words_in_it_do_not() -> None:
    document = opened(docx(languages.document("ar")))
    assert document.styles.element.find(f".//{qn('w:bidi')}") is not None
    assert all(s._sectPr.find(qn("w:bidi")) is not None for s in document.sections)
    assert all(t._tbl.tblPr.find(qn("w:bidiVisual")) is not None for t in document.tables)
    runs = {r.text.strip(): r.font.rtl for p in document.paragraphs for r in p.runs}
    assert runs["UNICEF"] is None
    assert next(rtl for text, rtl in runs.items() if text.startswith("تشرب"))


def test_numbered_lists_begin_anew() -> None:
    prose = Prose("1. a\n2. b\n\nText.\n\n1. c\n2. d\n\nText.\n\n7. e")
    document = opened(docx(sample.plan(sections=(Section("x", "X", (prose,)),))))
    items = [
        p for p in document.paragraphs if p.style is not None and p.style.name == "List Paragraph"
    ]
    numbers = [p._p.pPr.numPr.numId.val for p in items if p._p.pPr.numPr is not None]  # type: ignore[union-attr]
    assert len(numbers) == 5
    assert len(set(numbers)) == 3


def test_elements_stand_in_the_order_that_word_demands(plan: bytes) -> None:
    """Word refuses a file whose properties are in another order; python-docx does not check ours."""
    order = {
        "w:pPr": "pStyle keepNext keepLines pageBreakBefore widowControl numPr pBdr shd tabs bidi spacing ind "
        "jc outlineLvl rPr sectPr",
        "w:rPr": "rStyle rFonts b bCs i iCs caps smallCaps strike color spacing w kern position sz szCs u "
        "vertAlign rtl cs lang",
        "w:tblPr": "tblStyle bidiVisual tblStyleRowBandSize tblStyleColBandSize tblW jc tblInd tblBorders shd "
        "tblLayout tblCellMar tblLook",
        "w:tcPr": "tcW gridSpan tcBorders shd vAlign",
        "w:sectPr": "headerReference footerReference type pgSz pgMar cols titlePg bidi docGrid",
        "w:style": "name aliases basedOn next link autoRedefine hidden uiPriority semiHidden unhideWhenUsed "
        "qFormat locked rsid pPr rPr tblPr trPr tcPr tblStylePr",
    }
    for file in (plan, docx(languages.document("ar"))):
        package = zipfile.ZipFile(io.BytesIO(file))
        for part in ("word/document.xml", "word/styles.xml"):
            root = ElementTree.fromstring(package.read(part))  # noqa: S314 - our own file
            for tag, names in order.items():
                places = {qn(f"w:{name}"): n for n, name in enumerate(names.split())}
                for element in root.iter(qn(tag)):
                    found = [places[child.tag] for child in element if child.tag in places]
                    assert found == sorted(found), (part, tag, [c.tag for c in element])


@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_hostile_text_is_only_ever_text(text: str) -> None:
    file = docx(sample.hostile(text))
    document = opened(file)
    links = [r.target_ref for r in document.part.rels.values() if r.is_external]
    assert all(link.startswith("https://example.org/") for link in links)
    codes = {e.text for e in document.element.iter(qn("w:instrText"))}
    assert codes == {' TOC \\o "1-2" \\h \\z \\u '}
    names = zipfile.ZipFile(io.BytesIO(file)).namelist()
    assert not [name for name in names if "embeddings" in name or "vba" in name]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60))
def test_any_text_makes_a_file_that_opens(text: str) -> None:
    opened(docx(sample.hostile(text)))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.timeout(180)
def test_libreoffice_lays_out_the_pages(plan: bytes, tmp_path: Path) -> None:
    """Every file becomes pages with its text; what LibreOffice cannot read it refuses."""
    extreme = Chart("c", "line", ("a",), (Series("s", ()),), "USD")
    files = {
        "plan": plan,
        "arabic": docx(languages.document("ar")),
        "hindi": docx(languages.document("hi")),
        "hostile": docx(sample.hostile(sample.HOSTILE[4])),
        "extreme": docx(sample.plan(sections=(Section("x", "X", (extreme, sample.schedule(60))),))),
    }
    for name, file in files.items():
        (tmp_path / f"{name}.docx").write_bytes(file)
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "pdf", *(f"{name}.docx" for name in files)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=170)
    pages = {n: opened_pdf((tmp_path / f"{n}.pdf").read_bytes()).pages for n in files}
    assert 12 <= len(pages["plan"]) <= 24
    assert "Page 3 of" in pages["plan"][2].extract_text()
    assert "Draft without AI" in pages["plan"][5].extract_text()
    assert "المياه" in "".join(page.extract_text() for page in pages["arabic"])
    assert "<script>alert(1)</script>" in "".join(p.extract_text() for p in pages["hostile"])
