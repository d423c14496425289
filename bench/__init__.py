"""How long a preview takes, against as many trivial resources on the same engine: `make bench`."""
