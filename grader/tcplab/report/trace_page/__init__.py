"""The trace page: a case as one HTML file, with sequence space and state after every step."""
