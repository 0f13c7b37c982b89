"""One module for each command of the command line; each has its click command as `command`."""
