"""Text from outside, made safe to show."""


def printable(text: str) -> str:
    r"""Show what is not printable as �, so that no name or message breaks lines or steers the terminal.

    Not printable are control characters (line breaks, and the escape that starts a terminal's commands),
    marks that reorder or hide text, and bytes that are no text; what an escape would have done is left as
    harmless letters.

    Parameters
    ----------
    text : str
        A name, a path or a message, of any origin.

    Returns
    -------
    str
        One line of as many characters.

    Examples
    --------
    >>> printable("a\nb\x1b[31m")
    'a�b�[31m'
    >>> printable("größe in µm"), printable("abc\u202efed")
    ('größe in µm', 'abc�fed')
    """
    return "".join(mark if mark.isprintable() else "�" for mark in text)
