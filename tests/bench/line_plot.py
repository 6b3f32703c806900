"""A line over time as SVG: no more than a browser needs."""

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 260, 50, 230


def write(path, title, points):
    """`points`: (x, y), x ascending; both axes begin at 0."""
    widest = max(x for x, _ in points) or 1
    highest = 1.2 * max(y for _, y in points) or 1

    def place(x, y):
        return (_LEFT + x / widest * (_WIDTH - _LEFT - 20),
                _BOTTOM - y / highest * (_BOTTOM - 40))

    line = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in points)
    parts = [f'<text x="{_LEFT}" y="20" font-weight="bold">{title}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = place(share * widest, share * highest)
        parts += [
            f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" '
            f'y2="{y:.1f}" stroke="#ddd"/>',
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{share * highest:.0f}</text>",
            f'<text x="{x:.1f}" y="{_BOTTOM + 18}" text-anchor="middle">'
            f"{share * widest:.3g}</text>"]
    with open(path, "w") as out:
        out.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" '
                  f'height="{_HEIGHT}" font-family="sans-serif" '
                  'font-size="11">\n<rect width="100%" height="100%" '
                  'fill="white"/>\n' + "\n".join(parts) +
                  f'\n<polyline points="{line}" fill="none" '
                  'stroke="#1a73e8" stroke-width="1.5"/>\n</svg>\n')
