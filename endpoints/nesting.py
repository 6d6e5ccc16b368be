"""How deeply JSON is nested, told from its bytes before anybody parses it."""

DEEPEST = 32  # levels: a schema of ten levels with its wrapping takes 25
ALIKE = bytes.maketrans(b"{}", b"[]")
THE_REST = bytes(set(range(256)) - set(b'[]{}"'))


def is_too_deep(body: bytes) -> bool:
    """Whether JSON in *body* goes more than `DEEPEST` levels deep.

    Without its strings and all but the brackets, the innermost pairs are taken away once for each
    level that is allowed; what is left then lies deeper. Of a body that is not JSON only brackets
    without an end count. Four mebibytes made to be slow take a quarter of a second.
    """
    if body.count(b"{") + body.count(b"[") <= DEEPEST:
        return False
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = unescaped.translate(ALIKE, THE_REST).split(b'"')[::2]
    left = b"".join(outside_strings)
    for _ in range(DEEPEST):
        size = len(left)
        left = left.replace(b"[]", b"")
        if len(left) == size:
            break
    return b"[]" in left or left.count(b"[") > DEEPEST
