"""HTML to PDF: `printing` is what features call; the other files run in a process of their own.

printing → worker → drawing → glyphs (fonts, ToUnicode), lines (Chinese line breaking). The look is `paper.css`.
"""
