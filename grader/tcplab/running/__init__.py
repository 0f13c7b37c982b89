"""`./tcplab run`: unmodified programs over the TCP of a solution folder.

`building` compiles tcprun and the preload library, `inside` makes the network that tcprun lives in,
`session` starts everything in its order and ends it again.
"""
