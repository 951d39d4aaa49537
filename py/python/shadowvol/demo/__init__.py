"""The product's whole story on real databases, in two acts.

The first act (:mod:`~shadowvol.demo.live`) is one volume that is read by other processes while it
is written. The second (:mod:`~shadowvol.demo.backup`) is two volumes, one instant, and backups that
come back. What both acts use:

==============  ==================================================================
``run``         both acts, one after the other
``outcome``     what is to be run, and what was seen
``screen``      what a person sees while it runs
``report``      the tables at the end
``crew``        the processes
``bank``        the accounts and the transfers
``vfs``         SQLite's view of volumes and copies, through APSW
``locks``       SQLite's locks, among the connections of a process
``layout``      a database and its journals, at fixed places of a volume
``overlay``     a shadow copy that can be written in memory, so that SQLite can
                roll back the transaction that the copy caught half done
``digest``      what stands for all bytes of a volume
``sabotage``    ways to break something, to see that the demo notices it
==============  ==================================================================
"""
