"""Models of the components, and the search for sequences in which a device differs from its model.

A model is written to be seen to be right, not to be quick: bytes in a dictionary, numbers that
never wrap. It knows what the contract leaves open, and accepts each of the possible answers.
"""
