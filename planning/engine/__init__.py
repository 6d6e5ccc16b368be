"""The document engine: from a brief to a checked document, section by section, in a run that can be interrupted."""
