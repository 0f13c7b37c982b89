"""The cases, one module or package for each checkpoint.

`ORDER`, here and in each package, is the order in which modules are taught: from simple to complex.
`BUILDS_ON` in a module names cases that its own make no sense without, once they fail: `check` does
not run them then. Those stand in an earlier module, or in front of the others in the same one.
"""

ORDER = ("seqno", "byte_stream", "reassembler", "receiver", "sender", "connection", "no_memory")
