"""What can go wrong when a document is rendered.

RenderError
├── Unprintable    our fonts lack the document's script; another form has it
├── UnusableFont   the font file that the settings name cannot be used
├── TooLarge       more text than a document may have
├── TookTooLong    stopped at the time limit
└── RenderFailed   the renderer broke off, or ran out of memory
"""


class RenderError(Exception):
    """A document could not be rendered; the message is for people."""


class Unprintable(RenderError):
    """No font of ours has the script that the document is written in."""


class UnusableFont(RenderError):
    """A font file that cannot be set in a PDF; the message says why."""


class TooLarge(RenderError):
    """The document has more text than may be rendered."""


class TookTooLong(RenderError):
    """The rendering was stopped at its time limit."""


class RenderFailed(RenderError):
    """The renderer broke off."""
