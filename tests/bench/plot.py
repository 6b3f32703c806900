"""Bars as SVG, in groups: no more than a browser needs."""

import xml.sax.saxutils

_COLOURS = ["#9aa0a6", "#1a73e8", "#34a853", "#fbbc04", "#ea4335", "#a142f4",
            "#24c1e0", "#5f6368"]
_BAR, _GAP, _LEFT, _WIDTH, _TEXT = 13, 22, 260, 860, 11


def write_bars(path, title, groups):
    """`groups`: (name, [(label, value)]); values share one scale, and one
    label has one colour throughout."""
    widest = max(value for _, bars in groups for _, value in bars)
    labels = list(dict.fromkeys(label for _, bars in groups
                                for label, _ in bars))
    parts, y = [_words(10, 18, title, "bold")], 40
    for name, bars in groups:
        parts.append(_words(10, y + _TEXT, name, "bold"))
        for label, value in bars:
            length = value / widest * (_WIDTH - _LEFT - 60)
            colour = _COLOURS[labels.index(label) % len(_COLOURS)]
            parts += [
                _words(_LEFT - 6, y + _TEXT, label, anchor="end"),
                f'<rect x="{_LEFT}" y="{y + 1}" width="{length:.1f}" '
                f'height="{_BAR - 2}" fill="{colour}"/>',
                _words(_LEFT + length + 4, y + _TEXT, f"{value:.1f}")]
            y += _BAR
        y += _GAP
    with open(path, "w") as out:
        out.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" '
                  f'height="{y}" font-family="sans-serif" '
                  f'font-size="{_TEXT}">\n'
                  '<rect width="100%" height="100%" fill="white"/>\n'
                  + "\n".join(parts) + "\n</svg>\n")


def _words(x, y, text, weight="normal", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y}" font-weight="{weight}" '
            f'text-anchor="{anchor}">{xml.sax.saxutils.escape(text)}</text>')
