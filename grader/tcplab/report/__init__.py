"""How results are told: to people on a terminal, and to programs."""
