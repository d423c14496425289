"""Who may talk to whom; later certificates and secrets."""
