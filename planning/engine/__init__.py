"""The document engine: from a brief to a checked document, section by section, in runs that may stop anywhere."""
