"""The styles of a DOCX file: the built-in ones in our looks, so that whoever edits it can change them."""

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from docx.styles.style import CharacterStyle, ParagraphStyle

from planning.render.wordxml import element, ink, within
from planning.wording import is_right_to_left

TABLE_STYLE = "PlanTable"
TABLE_SIZE = 9.0
FONT = "Calibri"
COMPLEX_FONTS = {"ar": "Arial", "fa": "Arial", "ur": "Arial", "he": "Arial", "hi": "Nirmala UI"}
OTHER_FONT = "Arial"  # for scripts of which we do not know a better one
# By name: the size in points, the ink, and the space before and after.
BUILT_IN = (
    ("Normal", 10.5, "ink", 0, 7),
    ("Title", 34, "accent", 150, 10),
    ("Subtitle", 15, "muted", 0, 18),
    ("Heading 1", 20, "accent", 26, 8),
    ("Heading 2", 13, "ink", 14, 4),
    ("Heading 3", 11, "accent", 10, 3),
    ("Caption", 9.5, "ink", 10, 4),
    ("Quote", 10.5, "muted", 4, 8),
    ("List Paragraph", 10.5, "ink", 0, 3),
    ("Header", 8.5, "muted", 0, 0),
    ("Footer", 8.5, "muted", 0, 0),
)
ADDED = (
    ("Table Text", TABLE_SIZE, "ink", 0, 0),
    ("Note", 8.5, "muted", 3, 12),
    ("Notice", 9.5, "ink", 14, 0),
    ("Draft Label", 9, "warn", 0, 8),
    ("Source", 9.5, "ink", 0, 6),
    ("TOC Heading", 20, "accent", 0, 10),
    ("toc 1", 10.5, "ink", 6, 1),
    ("toc 2", 9.5, "muted", 0, 1),
)
BOLD = ("Title", "Heading 1", "Heading 2", "Heading 3", "Caption", "TOC Heading")


def set_styles(file: Document, language: str, width: float) -> None:
    """Give *file* its styles, for text in *language* that is *width* points wide."""
    rtl = is_right_to_left(language)
    _language(file, language)
    _table_style(file)
    for name, size, colour, before, after in BUILT_IN:
        _style(file.styles[name], language, size, colour, before, after)
    for name, size, colour, before, after in ADDED:
        if name not in file.styles:
            is_known = name.startswith("toc")
            file.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=is_known)
        file.styles[name].base_style = file.styles["Normal"]
        _style(file.styles[name], language, size, colour, before, after)
    for name, indent in (("toc 1", 0), ("toc 2", 14)):
        form = file.styles[name].paragraph_format
        form.tab_stops.add_tab_stop(Pt(width), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
        form.left_indent = Pt(indent)
    for name in BOLD:
        _bold(file.styles[name])
    file.styles["Caption"].paragraph_format.keep_with_next = True
    file.styles["Quote"].font.italic = True
    _character(file, "Hyperlink", builtin=True).font.underline = True
    _character(file, "Source Mark").font.superscript = True
    _ground(file.styles["Notice"], "accent", "accent-soft", rtl=rtl)
    if rtl:
        file.styles["Normal"].element.get_or_add_pPr().insert(0, element("w:bidi"))


def _language(file: Document, language: str) -> None:
    """Say in which language all text is, for the spelling."""
    defaults = file.styles.element.find(qn("w:docDefaults"))
    run = defaults.find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for old in run.findall(qn("w:lang")):
        run.remove(old)
    tags = {"w:val": language, "w:eastAsia": language, "w:bidi": language}
    run.append(element("w:lang", tags))


def _style(
    style: ParagraphStyle, language: str, size: float, colour: str, before: float, after: float
) -> None:
    font, form = style.font, style.paragraph_format
    font.name = FONT
    font.size = Pt(size)
    font.color.rgb = RGBColor.from_string(ink(colour))
    font.bold = None
    properties = style.element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for attribute in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{attribute}"), None)
    complex_font = COMPLEX_FONTS.get(language.partition("-")[0].lower(), OTHER_FONT)
    fonts.set(qn("w:cs"), complex_font)
    for tag in ("w:szCs", "w:spacing", "w:kern", "w:i", "w:iCs"):  # what the template's titles have
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    properties.find(qn("w:sz")).addnext(element("w:szCs", {"w:val": round(size * 2)}))
    for tag in ("w:pBdr", "w:tabs"):
        for old in style.element.get_or_add_pPr().findall(qn(tag)):
            style.element.pPr.remove(old)
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.line_spacing = 1.16 if size < 14 else 1.05


def _bold(style: ParagraphStyle) -> None:
    style.font.bold = True
    properties = style.element.get_or_add_rPr()
    for old in properties.findall(qn("w:bCs")):
        properties.remove(old)
    properties.find(qn("w:b")).addnext(element("w:bCs"))


def _character(file: Document, name: str, *, builtin: bool = False) -> CharacterStyle:
    """A new style for runs, in the colour of links."""
    style: CharacterStyle = file.styles.add_style(name, WD_STYLE_TYPE.CHARACTER, builtin=builtin)
    style.font.color.rgb = RGBColor.from_string(ink("accent"))
    return style


def _ground(style: ParagraphStyle, bar: str, ground: str, *, rtl: bool) -> None:
    """Put the paragraphs of *style* on a coloured ground, with a bar at their start."""
    line = {"w:val": "single", "w:sz": 24, "w:space": 8, "w:color": ink(bar)}
    side = "w:right" if rtl else "w:left"
    shade = {"w:val": "clear", "w:color": "auto", "w:fill": ink(ground)}
    properties = style.element.get_or_add_pPr()
    border = within(element("w:pBdr"), element(side, line))
    properties.insert(0, element("w:shd", shade))
    properties.insert(0, border)


def _table_style(file: Document) -> None:
    """Add the style of our tables: a head on a ground, thin lines between the rows, no frame."""
    style = element("w:style", {"w:type": "table", "w:customStyle": "1", "w:styleId": TABLE_STYLE})
    line = {"w:val": "single", "w:sz": 4, "w:space": 0, "w:color": ink("line")}
    strong = {**line, "w:sz": 8, "w:color": ink("accent")}
    borders = within(
        element("w:tblBorders"),
        element("w:bottom", line),
        element("w:insideH", line),
    )
    margins = within(
        element("w:tblCellMar"),
        element("w:top", {"w:w": 50, "w:type": "dxa"}),
        element("w:left", {"w:w": 90, "w:type": "dxa"}),
        element("w:bottom", {"w:w": 50, "w:type": "dxa"}),
        element("w:right", {"w:w": 90, "w:type": "dxa"}),
    )
    bold = (element("w:b"), element("w:bCs"))
    ground = element("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": ink("accent-soft")})
    head = within(
        element("w:tblStylePr", {"w:type": "firstRow"}),
        within(element("w:rPr"), *bold, element("w:color", {"w:val": ink("accent")})),
        within(
            element("w:tcPr"),
            within(element("w:tcBorders"), element("w:bottom", strong)),
            ground,
        ),
    )
    within(
        style,
        element("w:name", {"w:val": "Plan Table"}),
        element("w:basedOn", {"w:val": "TableNormal"}),
        element("w:uiPriority", {"w:val": 59}),
        element("w:qFormat"),
        within(element("w:tblPr"), borders, margins),
        head,
    )
    file.styles.element.append(style)
