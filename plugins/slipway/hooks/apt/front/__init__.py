"""Between aptly and the bucket: what machines read goes up at once, in order, and fenced.

This folder is sent into the toolbox's container as it is, and runs there; nothing of Slipway is
beside it. aptly asks S3 some three hundred questions, one after the other, to link the indexes of
one publication by their hashes. Here it asks a server on loopback, which keeps what belongs to
the index in memory and hands on the rest. When aptly has signed and ended, the index goes up,
many files at a time: first what nobody reads who does not know its hash, then, if the lock is
still ours, each file in place of the very one that was there when this began, and last what is
signed. A publisher that slept meanwhile is refused by the bucket itself.
"""
