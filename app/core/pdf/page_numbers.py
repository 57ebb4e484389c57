"""第 n 页 / 共 m 页 at the foot of every page. The library counts pages by drawing everything twice; this does not."""

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from xhtml2pdf import xhtml2pdf_reportlab as library

from app.core.pdf.glyphs import TEXT

SIZE, GREY = 8, 0.33
FROM_LEFT, FROM_BOTTOM = 20 * mm, 15.2 * mm
TOTAL = "total"  # a drawing that every page shows and that is made when the last one is done


def install() -> None:
    """Put it into the library."""
    library.MarkedCanvas = NumberedCanvas


class NumberedCanvas(library.MarkedCanvas):  # type: ignore[misc]
    """The library's canvas, with the number of the page and of all pages."""

    def showPage(self) -> None:
        """Number the page that is done."""
        text = f"第 {self.getPageNumber()} 页 / 共 "
        self.saveState()
        self.translate(FROM_LEFT, FROM_BOTTOM)
        self._write(text)
        self.translate(stringWidth(text, TEXT, SIZE), 0)
        self.doForm(TOTAL)
        self.restoreState()
        super().showPage()
        self._pages = self.getPageNumber() - 1

    def save(self) -> None:
        """Draw the number of all pages, which is known now."""
        if self._code:
            self.showPage()
        self.beginForm(TOTAL)
        self._write(f"{self._pages} 页")
        self.endForm()
        super().save()

    def _write(self, text: str) -> None:
        self.setFont(TEXT, SIZE)
        self.setFillGray(GREY)
        self.drawString(0, 0, text)
