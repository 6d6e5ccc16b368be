"""Other gateways on the same work, each in an environment of its own that is never ours."""
