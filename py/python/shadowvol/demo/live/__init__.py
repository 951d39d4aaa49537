"""The first act: one volume, read while it is written.

One process, the *writer*, keeps an SQLite database on a volume and moves money between its accounts
as fast as it can. Every so often, mostly in the middle of a transaction, it takes a shadow copy and
notes the digest of the volume at that instant. Other processes, the *readers*, open each copy as
passive nodes, straight from the files, while the writer goes on. Nothing but the digests and the
verdicts travels between the processes.

==============  ==================================================================
``act``         starting them, following them, adding up
``writer``      the process that writes
``instant``     when a copy is taken, and what the volume was at that instant
``reader``      the processes that read
``auditor``     what a reader does with one copy
``messages``    what the processes tell each other
==============  ==================================================================
"""
