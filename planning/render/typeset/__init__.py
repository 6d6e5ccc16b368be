"""Setting type: fonts, lines and pictures of text, in every script that our fonts have."""
