"""The product's main job on a real database.

One process, the *writer*, keeps an SQLite database on a volume and moves money between its accounts
as fast as it can: the sum of all balances never changes. Every so often, mostly in the middle of a
transaction, it takes a shadow copy and notes the digest of the volume at that instant. Other
processes, the *readers*, open each copy as passive nodes, straight from the files, while the writer
goes on. Nothing but the digests and the verdicts travels between the processes.

==============  ==================================================================
``bank``        the accounts and the transfers
``layout``      two files, a database and its journal, at fixed places of a volume
``vfs``         SQLite's view of these files, through APSW
``overlay``     a shadow copy that can be written in memory, so that SQLite can
                roll back the transaction that the copy caught half done
``instant``     when a copy is taken, and what the volume was at that instant
``writer``      the process that writes
``auditor``     what a reader does with one copy
``reader``      the processes that read
``messages``    what the processes tell each other
``run``         starting them, waiting for them, adding up
``report``      the table at the end
==============  ==================================================================
"""
