"""Pictures for the pages of the handouts: the ladder of a case, the states, a sequence space."""
