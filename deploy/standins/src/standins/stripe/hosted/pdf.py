"""A page of text as a PDF file, by hand: one page, one font, nothing embedded."""

from __future__ import annotations

FONT_SIZE, LINE_HEIGHT = 11, 18
LINES_MAX = 38
HEAD, LEFT, TOP = b"%PDF-1.4\n", 56, 780

PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
    b" /Resources << /Font << /F1 5 0 R >> >> >>"
)


def pdf_of(lines: list[str]) -> bytes:
    """Return a file with the lines, one under the other; more than fit on a page are left out."""
    text = [f"BT /F1 {FONT_SIZE} Tf {LEFT} {TOP} Td {LINE_HEIGHT} TL".encode()]
    text += [b"(" + _escaped(line) + b") Tj T*" for line in lines[:LINES_MAX]]
    content = b"\n".join([*text, b"ET"])
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        PAGE,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    body, places = HEAD, []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + table + trailer


def _escaped(line: str) -> bytes:
    plain = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").replace("−", "-")
    return plain.encode("cp1252", errors="replace")
