"""Load from outside: the service beside its floors and its peers, one CPU for the subject, one for the rest."""
