"""Drawings as PNG pictures, for forms that hold neither vectors nor our fonts."""

import io

import uharfbuzz as hb
from PIL import Image, ImageColor, ImageDraw

from planning.render.drawing import Dot, Drawing, Label, Line, Mark, Path, Rect, Shape
from planning.render.palette import INKS
from planning.render.typeset.lines import Galley, Look, Piece
from planning.render.typeset.setter import Setter

SHARPNESS = 2.6  # pixels a point; about 190 dots an inch
FINER = 3  # times as fine are shapes drawn before they are brought to size


def png(drawing: Drawing, setter: Setter) -> bytes:
    """*drawing* as the bytes of a PNG picture on white."""
    size = (round(drawing.width * SHARPNESS), round(drawing.height * SHARPNESS))
    fine = Image.new("RGB", (size[0] * FINER, size[1] * FINER), INKS["paper"])
    canvas = ImageDraw.Draw(fine)
    for mark in drawing.marks:
        _draw(canvas, mark, SHARPNESS * FINER)
    picture = fine.reduce(FINER)
    for mark in drawing.marks:
        if isinstance(mark, Label):
            _write(picture, mark, setter)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _draw(canvas: ImageDraw.ImageDraw, mark: Mark, scale: float) -> None:
    """Draw what is no text."""
    match mark:
        case Line():
            ends = [mark.x1 * scale, mark.y1 * scale, mark.x2 * scale, mark.y2 * scale]
            canvas.line(ends, INKS[mark.ink], max(round(mark.width * scale), 1))
        case Rect():
            x, y = mark.x * scale, mark.y * scale
            box = [x, y, x + max(mark.width * scale - 1, 0), y + max(mark.height * scale - 1, 0)]
            canvas.rounded_rectangle(box, mark.radius * scale, INKS[mark.ink])
        case Dot():
            x, y, radius = mark.x * scale, mark.y * scale, mark.radius * scale
            canvas.ellipse([x - radius, y - radius, x + radius, y + radius], INKS[mark.ink])
        case Shape():
            canvas.polygon([(x * scale, y * scale) for x, y in mark.points], INKS[mark.ink])
        case Path():
            for dash in _dashes(mark):
                points = [(x * scale, y * scale) for x, y in dash]
                canvas.line(points, INKS[mark.ink], max(round(mark.width * scale), 1), "curve")


def _dashes(path: Path) -> list[list[tuple[float, float]]]:
    """The strokes of a broken line."""
    if not path.dash:
        return [list(path.points)]
    strokes: list[list[tuple[float, float]]] = [[path.points[0]]]
    n, left = 0, path.dash[0]  # even parts are drawn, odd ones are gaps
    for (x1, y1), (x2, y2) in zip(path.points, path.points[1:], strict=False):
        length, done = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 0.0
        while length - done > left:
            done += left
            point = (x1 + (x2 - x1) * done / length, y1 + (y2 - y1) * done / length)
            if n % 2 == 0:
                strokes[-1].append(point)
            else:
                strokes.append([point])
            n += 1
            left = path.dash[n % len(path.dash)]
        left -= length - done
        if n % 2 == 0:
            strokes[-1].append((x2, y2))
    return [stroke for stroke in strokes if len(stroke) > 1]


def _write(picture: Image.Image, label: Label, setter: Setter) -> None:
    """Draw a text."""
    look = Look("bold" if label.is_bold else "regular", label.size, label.ink, is_tabular=True)
    line = Galley([(label.text, look)], setter.typecase, rtl=setter.rtl).lines(float("inf"))[0]
    x = label.x - {"left": 0.0, "middle": line.width / 2, "right": line.width}[label.anchor]
    colour = ImageColor.getrgb(INKS[label.ink])
    for piece in line.pieces:
        _set(picture, piece, x, label.y, colour)
        x += piece.width


def _set(picture: Image.Image, piece: Piece, x: float, y: float, colour: tuple[int, ...]) -> None:
    """Put the glyphs of *piece* onto *picture*."""
    for shaped in piece.shaped:
        raster = hb.RasterDraw()
        scale = piece.look.size * shaped.cut.scale / shaped.cut.upem * SHARPNESS
        for glyph in shaped.glyphs:
            left = (x + glyph.right * piece.look.size / 1000) * SHARPNESS
            base = (glyph.up * piece.look.size / 1000 - y) * SHARPNESS
            raster.transform = (scale, 0.0, 0.0, scale, left, base)
            raster.draw_glyph(shaped.cut.font, glyph.number)
            x += glyph.advance * piece.look.size / 1000
        image = raster.render()
        extents = image.extents
        if extents.width and extents.height:
            size, stride = (extents.width, extents.height), extents.stride
            ink = Image.frombytes("L", size, bytes(image.buffer), "raw", "L", stride, -1)
            top = -(extents.y_origin + extents.height)
            picture.paste(colour, (extents.x_origin, top), ink)
