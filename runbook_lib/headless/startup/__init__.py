"""What makes a drill start and end fast, each in a file of its own.

How much longer a whole `runbook drill` takes without it, median of seven pairs on two virtual
cores, 2026-11-27 (a drill took 7.1 s there):

| without | wall time |
|---|---|
| late_grammar: a grammar that nobody asks is not compiled | 1.27 |
| read_ahead: the kernel imports while the drill's own process imports too | 1.23 |
| no_last_collection: what was imported is not looked through as it ends | 1.14 |
| rare_collections, while it runs | 1.07 |
"""
