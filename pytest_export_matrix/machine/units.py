"""Quantities as people read them."""

UNITS = ("B", "kB", "MB", "GB", "TB")


def in_units(size: float) -> str:
    """Bytes as a person reads them.

    >>> in_units(2_047_508_404)
    '2.0 GB'
    """
    for unit in UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit in UNITS[:3] else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {UNITS[-1]}"
