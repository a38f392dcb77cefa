#!/usr/bin/env python3
"""Draws what the Lab's API serves to pages that load it: demo-backend/assets/lab.woff2, lab.png and lab.svg.

    pip install fonttools brotli
    python3 tools/lab-assets.py

The font has five glyphs, drawn here, so that it can't be mistaken for another font: C, O, R and S are a ring open to the
right, a ring, a flag on a pole and a staircase; the space is empty. The images are a gate that stands open.
"""

import struct
import zlib
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

ASSETS = Path(__file__).resolve().parent.parent / "demo-backend" / "assets"


def glyph(*outlines):
    """A glyph of polygons: clockwise is ink, anticlockwise a hole."""
    pen = TTGlyphPen(None)
    for points in outlines:
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def font():
    octagon = [(200, 0), (0, 200), (0, 500), (200, 700), (500, 700), (700, 500), (700, 200), (500, 0)]
    hole = [(480, 140), (560, 220), (560, 480), (480, 560), (220, 560), (140, 480), (140, 220), (220, 140)]
    open_ring = [
        (200, 0), (0, 200), (0, 500), (200, 700), (700, 700), (700, 560), (220, 560), (140, 480),
        (140, 220), (220, 140), (700, 140), (700, 0),
    ]
    flag = [(0, 0), (0, 700), (700, 480), (140, 260), (140, 0)]
    stairs = [(0, 0), (0, 240), (240, 240), (240, 470), (470, 470), (470, 700), (700, 700), (700, 0)]
    glyphs = {
        ".notdef": glyph(octagon),
        "space": glyph(),
        "C": glyph(open_ring),
        "O": glyph(octagon, hole),
        "R": glyph(flag),
        "S": glyph(stairs),
    }
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    cmap = {ord(name): name for name in "CORS"} | {ord(name.lower()): name for name in "CORS"} | {32: "space"}
    builder.setupCharacterMap(cmap)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (350 if name == "space" else 800, 0) for name in glyphs})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "CORS Lab", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    builder.setupPost(keepGlyphNames=False)
    # So that every run writes the same bytes.
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    builder.font.flavor = "woff2"
    builder.save(ASSETS / "lab.woff2")


GATE = [
    "................",
    "..##########....",
    "..#........#....",
    "..#.oo.....#....",
    "..#.ooo....#....",
    "..#.oooo...#....",
    "..#.oooo...#....",
    "..#.oooo...#....",
    "..#.ooo*...#....",
    "..#.oooo...#....",
    "..#.oooo...#....",
    "..#.oooo...#....",
    "..#..ooo...#....",
    "..#...oo...#....",
    "################",
    "................",
]
COLOURS = {".": (0, 0, 0, 0), "#": (58, 90, 154, 255), "o": (224, 130, 40, 255), "*": (255, 255, 255, 255)}


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    # Scaled by three, so that it is large enough to see.
    rows = [b"\0" + b"".join(bytes(COLOURS[cell]) * 3 for cell in row) for row in GATE for _ in range(3)]
    size = len(GATE) * 3
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    (ASSETS / "lab.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
        + chunk(b"IEND", b"")
    )


def svg():
    (ASSETS / "lab.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48" viewBox="0 0 16 16">\n'
        '  <title>A gate that stands open</title>\n'
        '  <path d="M2 14V1h10v13" fill="none" stroke="#3a5a9a"/>\n'
        '  <path d="M0 14.5h16" stroke="#3a5a9a"/>\n'
        '  <path d="m3 2 5 2v11l-5-2z" fill="#e08228"/>\n'
        '  <circle cx="7" cy="9" r=".6" fill="#fff"/>\n'
        "</svg>\n"
    )


ASSETS.mkdir(exist_ok=True)
font()
png()
svg()
