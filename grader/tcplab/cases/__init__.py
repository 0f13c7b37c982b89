"""The cases, one module or package for each checkpoint."""
