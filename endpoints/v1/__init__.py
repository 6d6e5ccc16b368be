"""The OpenAI-compatible API: what any OpenAI client sends, answered as OpenAI answers."""
