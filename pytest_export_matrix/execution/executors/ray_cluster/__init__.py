"""Carry out steps on the nodes of a Ray cluster.

start       begins a run: connects, sees that the nodes are alike, makes the executor
connection  to a cluster, and what its nodes say of themselves
cluster     the driver's side: gives steps to nodes as Ray tasks, and again if one dies
lookup      the driver's own steps: what its store holds needs no node
node        the node's side: carries a step out as the local executor does, with its own store
placing     pure: what a step needs, how many fit, and whether the nodes are alike
transfer    entries of stores and the names of folders on their way between machines
"""
