"""The HTTP surface: handlers parse, call one function, and return."""
