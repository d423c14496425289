"""Set-up of a clone, and the Go modules that pin command-line tools. Nothing here is part of the library."""
