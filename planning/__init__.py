"""The domain: from a founder's idea to a document. Knows nothing of HTTP."""
