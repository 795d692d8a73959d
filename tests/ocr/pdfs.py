"""PDFs, written by hand."""

from __future__ import annotations

import io

#: A megabyte of this line takes minutes to draw, and no memory.
SLOW_LINE = b"0 0 m 500 900 -100 900 595 0 c f\n"


def written(*objects: bytes) -> bytes:
    file = io.BytesIO()
    file.write(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % place for place in places)
    file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return file.getvalue()


def one_page(content: bytes, resources: bytes = b"", *others: bytes) -> bytes:
    """A page of A4; ``others`` are the objects from number 5 on."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << %b >> >>"
    return written(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page % resources,
        stream(content),
        *others,
    )


def stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (more, len(content), content)


def nested_forms(levels: int = 6, times: int = 20) -> bytes:
    """Two kilobytes: forms that each draw the next one twenty times."""
    forms = [
        stream(
            b"0 0 10 10 re f" if level == levels else b"/F Do\n" * times,
            b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] "
            b"/Resources << /XObject << /F %d 0 R >> >>" % (5 + level),
        )
        for level in range(1, levels + 1)
    ]
    return one_page(b"/F Do\n", b"/XObject << /F 5 0 R >>", *forms)
