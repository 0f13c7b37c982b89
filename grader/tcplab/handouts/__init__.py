"""`./tcplab docs`: the handouts as a site.

`building` makes the site, `serving` serves it on a loopback address, and `over_tcp` does so through
somebody's TCP, with `relay` between the browser and the wire.
"""
