"""The pictures of the handouts, made of runs of cases when the site is built."""
